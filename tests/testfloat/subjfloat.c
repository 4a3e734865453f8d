// The functions that Berkeley TestFloat tests, each of them one instruction of LoongArch. What is compiled is one of three
// units: scalars (-DSCALAR), LSX or LASX (-DLSX, -DLASX). Vectors have the operands in all elements, which must all come out
// the same. -DFORM=N chooses between instructions that do the same: see WIDENED, ROUNDED, INTEGRAL and MULTIPLY_ADD.
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "platform.h"
#include "softfloat.h"
#include "subjfloat_config.h"
#include "subjfloat.h"

#if defined LASX
enum { BYTES = 32 };
typedef uint64_t reg __attribute__((vector_size(32)));
#define R(N) "%u" #N
#define P "xv"
#elif defined LSX
enum { BYTES = 16 };
typedef uint64_t reg __attribute__((vector_size(16)));
#define R(N) "%w" #N
#define P "v"
#else
enum { BYTES = 8 };
typedef double reg;
#define R(N) "%" #N
#define P ""
#endif

// FCSR0: enables 4:0, RM 9:8, flags 20:16, cause 28:24. Flags and causes have SoftFloat's order.
static uint32_t fcsr(void)
{
    uint32_t value;
    __asm__ volatile("movfcsr2gr %0, $r0" : "=r"(value));
    return value;
}

static void set_fcsr(uint32_t value)
{
    __asm__ volatile("movgr2fcsr $r0, %0" : : "r"(value));
}

// What shows as a flag that cannot be: the cause of the only instruction since the last call is not what it added to the flags, or
// the elements of a vector differ.
enum { CAUSE_DIFFERS = 0x20, ELEMENTS_DIFFER = 0x40 };
static uint_fast8_t wrong;

static uint32_t rounding_mode;

static uint32_t rm_of(uint_fast8_t mode)
{
    return mode == softfloat_round_near_even ? 0 : mode == softfloat_round_minMag ? 1 : mode == softfloat_round_max ? 2 : 3;
}

void subjfloat_setRoundingMode(uint_fast8_t mode)
{
    rounding_mode = rm_of(mode);
    set_fcsr(rounding_mode << 8);
}

void subjfloat_setExtF80RoundingPrecision(uint_fast8_t precision)
{
    (void)precision;
}

uint_fast8_t subjfloat_clearExceptionFlags(void)
{
    uint32_t value = fcsr();
    uint_fast8_t flags = value >> 16 & 0x1f, cause = value >> 24 & 0x1f, result = flags | wrong;
    if (flags != cause)
        result |= CAUSE_DIFFERS;
    wrong = 0;
    set_fcsr(rounding_mode << 8);
    return result;
}

// Operands: in every element; above a scalar of 32 bits there is something else.
static reg spread64(uint64_t x)
{
    uint64_t words[BYTES / 8];
    reg result;
    for (int i = 0; i < BYTES / 8; i++)
        words[i] = x;
    memcpy(&result, words, sizeof result);
    return result;
}

static reg spread32(uint32_t x)
{
    return spread64((uint64_t)(BYTES > 8 ? x : ~x) << 32 | x);
}

static reg spread16(uint16_t x)
{
    return spread32((uint32_t)x << 16 | x);
}

// Results.
static uint64_t collect64(reg z)
{
    uint64_t words[BYTES / 8];
    memcpy(words, &z, sizeof z);
    for (int i = 1; i < BYTES / 8; i++)
        if (words[i] != words[0])
            wrong = ELEMENTS_DIFFER;
    return words[0];
}

static uint32_t collect32(reg z)
{
    uint64_t both = collect64(z);
    if (BYTES > 8 && both >> 32 != (uint32_t)both)
        wrong = ELEMENTS_DIFFER;
    return both;
}

static uint16_t collect16(reg z)
{
    uint32_t both = collect32(z);
    if (both >> 16 != (uint16_t)both)
        wrong = ELEMENTS_DIFFER;
    return both;
}

// An instruction on one, two or three registers.
#define OP1(INSN, A)                                                                                                   \
    ({                                                                                                                 \
        reg z_;                                                                                                        \
        __asm__ volatile(P INSN " " R(0) ", " R(1) : "=f"(z_) : "f"(A));                                               \
        z_;                                                                                                            \
    })
#define OP2(INSN, A, B)                                                                                                \
    ({                                                                                                                 \
        reg z_;                                                                                                        \
        __asm__ volatile(P INSN " " R(0) ", " R(1) ", " R(2) : "=f"(z_) : "f"(A), "f"(B));                             \
        z_;                                                                                                            \
    })
#define OP3(INSN, A, B, C)                                                                                             \
    ({                                                                                                                 \
        reg z_;                                                                                                        \
        __asm__ volatile(P INSN " " R(0) ", " R(1) ", " R(2) ", " R(3) : "=f"(z_) : "f"(A), "f"(B), "f"(C));           \
        z_;                                                                                                            \
    })

// Conversions to elements twice and half as wide: of one half of a vector (which one says FORM), and of two vectors.
#if !defined LSX && !defined LASX
#define WIDENED(NAME, TYPES, A) OP1(NAME TYPES, A)
#define NARROWED(NAME, A) OP1(NAME, A)
#elif FORM & 1
#define WIDENED(NAME, TYPES, A) OP1(NAME "h" TYPES, A)
#define NARROWED(NAME, A) OP2(NAME, A, A)
#else
#define WIDENED(NAME, TYPES, A) OP1(NAME "l" TYPES, A)
#define NARROWED(NAME, A) OP2(NAME, A, A)
#endif

#define F32(Z) ((float32_t){collect32(Z)})
#define F64(Z) ((float64_t){collect64(Z)})

// Floating point to integers and to integral values. Rounding is that of the instruction, or (FORM) that of FCSR0.
#if FORM & 1
#define ROUNDED(OP, NAME, MODE, ...) (set_fcsr(rm_of(softfloat_round_##MODE) << 8), OP(NAME, __VA_ARGS__))
#else
#define MNEMONIC_near_even "rne"
#define MNEMONIC_minMag "rz"
#define MNEMONIC_min "rm"
#define MNEMONIC_max "rp"
#define ROUNDED(OP, NAME, MODE, ...) OP(NAME MNEMONIC_##MODE, __VA_ARGS__)
#endif

#define TO_INTEGERS(MODE)                                                                                              \
    int_fast32_t subj_f32_to_i32_rx_##MODE(float32_t a)                                                                \
    {                                                                                                                  \
        return (int32_t)collect32(ROUNDED(TYPED, "ftint", MODE, ".w.s", spread32(a.v)));                               \
    }                                                                                                                  \
    int_fast64_t subj_f32_to_i64_rx_##MODE(float32_t a)                                                                \
    {                                                                                                                  \
        return collect64(ROUNDED(WIDENED, "ftint", MODE, ".l.s", spread32(a.v)));                                      \
    }                                                                                                                  \
    int_fast32_t subj_f64_to_i32_rx_##MODE(float64_t a)                                                                \
    {                                                                                                                  \
        return (int32_t)collect32(ROUNDED(NARROW_TYPED, "ftint", MODE, ".w.d", spread64(a.v)));                        \
    }                                                                                                                  \
    int_fast64_t subj_f64_to_i64_rx_##MODE(float64_t a)                                                                \
    {                                                                                                                  \
        return collect64(ROUNDED(TYPED, "ftint", MODE, ".l.d", spread64(a.v)));                                        \
    }
#define TYPED(NAME, TYPES, A) OP1(NAME TYPES, A)
#define NARROW_TYPED(NAME, TYPES, A) NARROWED(NAME TYPES, A)

TO_INTEGERS(near_even)
TO_INTEGERS(minMag)
TO_INTEGERS(min)
TO_INTEGERS(max)

#if (defined LSX || defined LASX) && !(FORM & 1)
#define INTEGRAL(TYPE, A)                                                                                              \
    ({                                                                                                                 \
        reg operand_ = (A);                                                                                            \
        rounding_mode == 0   ? OP1("frintrne" TYPE, operand_)                                                          \
        : rounding_mode == 1 ? OP1("frintrz" TYPE, operand_)                                                           \
        : rounding_mode == 2 ? OP1("frintrp" TYPE, operand_)                                                           \
                             : OP1("frintrm" TYPE, operand_);                                                          \
    })
#else
#define INTEGRAL(TYPE, A) OP1("frint" TYPE, A)
#endif

float32_t subj_f32_roundToInt_x(float32_t a)
{
    return F32(INTEGRAL(".s", spread32(a.v)));
}

float64_t subj_f64_roundToInt_x(float64_t a)
{
    return F64(INTEGRAL(".d", spread64(a.v)));
}

// Integers to floating point, and between formats.
float32_t subj_i32_to_f32(int32_t a)
{
    return F32(OP1("ffint.s.w", spread32(a)));
}

float32_t subj_i64_to_f32(int64_t a)
{
    return F32(NARROWED("ffint.s.l", spread64(a)));
}

float64_t subj_i32_to_f64(int32_t a)
{
    return F64(WIDENED("ffint", ".d.w", spread32(a)));
}

float64_t subj_i64_to_f64(int64_t a)
{
    return F64(OP1("ffint.d.l", spread64(a)));
}

float64_t subj_f32_to_f64(float32_t a)
{
    return F64(WIDENED("fcvt", ".d.s", spread32(a.v)));
}

float32_t subj_f64_to_f32(float64_t a)
{
    return F32(NARROWED("fcvt.s.d", spread64(a.v)));
}

// Only vectors have these.
#if defined LSX || defined LASX
#if FORM & 1
#define TO_UNSIGNED(TYPES, A) (set_fcsr(1 << 8), OP1("ftint" TYPES, A))
#else
#define TO_UNSIGNED(TYPES, A) OP1("ftintrz" TYPES, A)
#endif

uint_fast32_t subj_f32_to_ui32_rx_minMag(float32_t a)
{
    return collect32(TO_UNSIGNED(".wu.s", spread32(a.v)));
}

uint_fast64_t subj_f64_to_ui64_rx_minMag(float64_t a)
{
    return collect64(TO_UNSIGNED(".lu.d", spread64(a.v)));
}

#define TO_UNSIGNED_BY_MODE(MODE)                                                                                      \
    uint_fast32_t subj_f32_to_ui32_rx_##MODE(float32_t a)                                                              \
    {                                                                                                                  \
        set_fcsr(rm_of(softfloat_round_##MODE) << 8);                                                                  \
        return collect32(OP1("ftint.wu.s", spread32(a.v)));                                                            \
    }                                                                                                                  \
    uint_fast64_t subj_f64_to_ui64_rx_##MODE(float64_t a)                                                              \
    {                                                                                                                  \
        set_fcsr(rm_of(softfloat_round_##MODE) << 8);                                                                  \
        return collect64(OP1("ftint.lu.d", spread64(a.v)));                                                            \
    }

TO_UNSIGNED_BY_MODE(near_even)
TO_UNSIGNED_BY_MODE(min)
TO_UNSIGNED_BY_MODE(max)

float32_t subj_ui32_to_f32(uint32_t a)
{
    return F32(OP1("ffint.s.wu", spread32(a)));
}

float64_t subj_ui64_to_f64(uint64_t a)
{
    return F64(OP1("ffint.d.lu", spread64(a)));
}

float32_t subj_f16_to_f32(float16_t a)
{
    return F32(WIDENED("fcvt", ".s.h", spread16(a.v)));
}

float16_t subj_f32_to_f16(float32_t a)
{
    reg operand = spread32(a.v);
    return (float16_t){collect16(OP2("fcvt.h.s", operand, operand))};
}
#endif

// Arithmetic. a * b + c is what FORM says: fmadd(a, b, c), fmsub(a, b, -c), -fnmadd(a, b, c) or -fnmsub(a, b, -c).
#if FORM == 0
#define MULTIPLY_ADD "fmadd"
#elif FORM == 1
#define MULTIPLY_ADD "fmsub"
#elif FORM == 2
#define MULTIPLY_ADD "fnmadd"
#else
#define MULTIPLY_ADD "fnmsub"
#endif
#define SIGN_OF_C ((uint64_t)(FORM & 1))
#define SIGN_OF_RESULT ((uint64_t)(FORM >> 1))

float32_t subj_f32_mulAdd(float32_t a, float32_t b, float32_t c)
{
    reg z = OP3(MULTIPLY_ADD ".s", spread32(a.v), spread32(b.v), spread32(c.v ^ SIGN_OF_C << 31));
    return (float32_t){collect32(z) ^ SIGN_OF_RESULT << 31};
}

float64_t subj_f64_mulAdd(float64_t a, float64_t b, float64_t c)
{
    reg z = OP3(MULTIPLY_ADD ".d", spread64(a.v), spread64(b.v), spread64(c.v ^ SIGN_OF_C << 63));
    return (float64_t){collect64(z) ^ SIGN_OF_RESULT << 63};
}

#define ARITHMETIC(NAME)                                                                                               \
    float32_t subj_f32_##NAME(float32_t a, float32_t b)                                                                \
    {                                                                                                                  \
        return F32(OP2("f" #NAME ".s", spread32(a.v), spread32(b.v)));                                                 \
    }                                                                                                                  \
    float64_t subj_f64_##NAME(float64_t a, float64_t b)                                                                \
    {                                                                                                                  \
        return F64(OP2("f" #NAME ".d", spread64(a.v), spread64(b.v)));                                                 \
    }

ARITHMETIC(add)
ARITHMETIC(sub)
ARITHMETIC(mul)
ARITHMETIC(div)

float32_t subj_f32_sqrt(float32_t a)
{
    return F32(OP1("fsqrt.s", spread32(a.v)));
}

float64_t subj_f64_sqrt(float64_t a)
{
    return F64(OP1("fsqrt.d", spread64(a.v)));
}

// Comparisons: to a condition flag, or to elements that are all ones or all zeros.
#if defined LSX || defined LASX
#define COMPARED(CONDITION, TYPE, BITS, A, B) (collect##BITS(OP2("fcmp." CONDITION TYPE, A, B)) != 0)
#else
#define COMPARED(CONDITION, TYPE, BITS, A, B)                                                                          \
    ({                                                                                                                 \
        uint64_t holds_;                                                                                               \
        __asm__ volatile("fcmp." CONDITION TYPE " $fcc0, %1, %2\n\tmovcf2gr %0, $fcc0"                                 \
                         : "=r"(holds_)                                                                                \
                         : "f"(A), "f"(B)                                                                              \
                         : "$fcc0");                                                                                   \
        holds_ != 0;                                                                                                   \
    })
#endif

#define COMPARISON(NAME, CONDITION)                                                                                    \
    bool subj_f32_##NAME(float32_t a, float32_t b)                                                                     \
    {                                                                                                                  \
        return COMPARED(CONDITION, ".s", 32, spread32(a.v), spread32(b.v));                                            \
    }                                                                                                                  \
    bool subj_f64_##NAME(float64_t a, float64_t b)                                                                     \
    {                                                                                                                  \
        return COMPARED(CONDITION, ".d", 64, spread64(a.v), spread64(b.v));                                            \
    }

COMPARISON(eq, "ceq")
COMPARISON(le, "sle")
COMPARISON(lt, "slt")
COMPARISON(eq_signaling, "seq")
COMPARISON(le_quiet, "cle")
COMPARISON(lt_quiet, "clt")
