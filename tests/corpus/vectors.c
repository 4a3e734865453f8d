// Vector code: GCC's vector types with elements of every kind, and loops that compilers turn into vector code,
// each compared with one element after the other.
#include "corpus.h"
#include <math.h>

enum { BYTES = 32 };

// Fills with edge values; floating-point ones stay finite and small, so that sums do not overflow.
static void fill_integers(void *to, uint64_t *state)
{
    for (int i = 0; i < BYTES / 8; i++) {
        uint64_t x = random_edge(state);
        memcpy((char *)to + 8 * i, &x, 8);
    }
}

// The loop over elements must stay one, so that the comparison is with scalar code.
#define EACH(N) _Pragma("GCC novector") for (int i = 0; i < N; i++)
#if defined(__clang__)
#undef EACH
#define EACH(N) _Pragma("clang loop vectorize(disable)") for (int i = 0; i < N; i++)
#endif

#define SAME(OPERATION)                                                                                                \
    {                                                                                                                  \
        c.v = OPERATION(a.v, b.v);                                                                                     \
        EACH(COUNT(c)) { CHECK(c.e[i] == (__typeof__(c.e[0]))OPERATION(a.e[i], b.e[i])); }                             \
        add_bytes(&sum, &c, sizeof c);                                                                                 \
    }

#define COUNT(V) ((int)(sizeof(V).e / sizeof(V).e[0]))
#define PLUS(X, Y) ((X) + (Y))
#define MINUS(X, Y) ((X) - (Y))
#define TIMES(X, Y) ((X) * (Y))
#define AND_NOT(X, Y) ((X) & ~(Y))
#define XOR_OR(X, Y) (((X) ^ (Y)) | ((X) & (Y)))
#define LEFT(X, Y) ((X) << ((Y) & 7))
#define RIGHT(X, Y) ((X) >> ((Y) & 7))
#define BY_THREE(X, Y) ((X) / 3 + (Y) % 5)

// GCC's shuffle with indices that are not constant; clang has none.
#if defined(__clang__)
#define SHUFFLE(V, A, B)                                                                                               \
    ({                                                                                                                 \
        V shuffled = A;                                                                                                \
        for (unsigned i = 0; i < sizeof(V) / sizeof A[0]; i++)                                                         \
            shuffled[i] = A[(unsigned long)B[i] % (sizeof(V) / sizeof A[0])];                                          \
        shuffled;                                                                                                      \
    })
#else
#define SHUFFLE(V, A, B) __builtin_shuffle(A, B)
#endif

// T: element; SIZE: bytes of the vector.
#define INTEGERS(NAME, T, SIZE)                                                                                        \
    PROGRAM(NAME)                                                                                                      \
    {                                                                                                                  \
        typedef T vector __attribute__((vector_size(SIZE)));                                                           \
        union { vector v; T e[SIZE / sizeof(T)]; char bytes[BYTES]; } a, b, c;                                         \
        uint64_t state = SIZE * 10 + sizeof(T);                                                                        \
        digest sum = DIGEST;                                                                                           \
        for (int round = 0; round < 150; round++) {                                                                    \
            fill_integers(a.bytes, &state), fill_integers(b.bytes, &state);                                            \
            memset(&c, 0, sizeof c);                                                                                   \
            SAME(PLUS) SAME(MINUS) SAME(TIMES) SAME(AND_NOT) SAME(XOR_OR) SAME(LEFT) SAME(RIGHT) SAME(BY_THREE)        \
            c.v = (vector)(a.v < b.v) - (vector)(a.v == b.v);                                                          \
            EACH(COUNT(c)) { CHECK(c.e[i] == (T)((a.e[i] < b.e[i] ? -1 : 0) - (a.e[i] == b.e[i] ? -1 : 0))); }         \
            c.v = (vector)(a.v > b.v), c.v = (a.v & c.v) | (b.v & ~c.v);                                               \
            EACH(COUNT(c)) { CHECK(c.e[i] == (a.e[i] > b.e[i] ? a.e[i] : b.e[i])); }                                   \
            c.v = SHUFFLE(vector, a.v, b.v);                                                                           \
            EACH(COUNT(c)) { CHECK(c.e[i] == a.e[(unsigned long)b.e[i] % (unsigned)COUNT(c)]); }                       \
            add_bytes(&sum, &c, sizeof c);                                                                             \
        }                                                                                                              \
        show(#NAME, sum);                                                                                              \
    }

INTEGERS(vectors_u8_16, uint8_t, 16)
INTEGERS(vectors_u8_32, uint8_t, 32)
INTEGERS(vectors_s8_16, int8_t, 16)
INTEGERS(vectors_s8_32, int8_t, 32)
INTEGERS(vectors_u16_16, uint16_t, 16)
INTEGERS(vectors_u16_32, uint16_t, 32)
INTEGERS(vectors_s16_16, int16_t, 16)
INTEGERS(vectors_s16_32, int16_t, 32)
INTEGERS(vectors_u32_16, uint32_t, 16)
INTEGERS(vectors_u32_32, uint32_t, 32)
INTEGERS(vectors_s32_16, int32_t, 16)
INTEGERS(vectors_s32_32, int32_t, 32)
INTEGERS(vectors_u64_16, uint64_t, 16)
INTEGERS(vectors_u64_32, uint64_t, 32)
INTEGERS(vectors_s64_16, int64_t, 16)
INTEGERS(vectors_s64_32, int64_t, 32)

#define REALS(NAME, T, I, SIZE, BITS)                                                                                  \
    PROGRAM(NAME)                                                                                                      \
    {                                                                                                                  \
        typedef T vector __attribute__((vector_size(SIZE)));                                                           \
        typedef I whole __attribute__((vector_size(SIZE)));                                                            \
        union { vector v; T e[SIZE / sizeof(T)]; whole w; I n[SIZE / sizeof(T)]; } a, b, c, d;                         \
        uint64_t state = SIZE;                                                                                         \
        digest sum = DIGEST;                                                                                           \
        for (int round = 0; round < 200; round++) {                                                                    \
            EACH(COUNT(a)) { a.e[i] = (T)(int)random_next(&state) / 1024, b.e[i] = (T)((int)random_next(&state) | 1) / 64; }\
            c.v = a.v + b.v * 2 - a.v / b.v;                                                                           \
            EACH(COUNT(c)) { CHECK(c.e[i] == a.e[i] + b.e[i] * 2 - a.e[i] / b.e[i]); add(&sum, BITS(c.e[i])); }        \
            c.w = (whole)(a.v < b.v), d.v = -a.v;                                                                      \
            EACH(COUNT(c)) { CHECK(c.n[i] == (a.e[i] < b.e[i] ? -1 : 0) && d.e[i] == -a.e[i]); }                       \
            d.w = __builtin_convertvector(a.v, whole), c.v = __builtin_convertvector(d.w, vector);                     \
            EACH(COUNT(c)) { CHECK(d.n[i] == (I)a.e[i] && c.e[i] == (T)(I)a.e[i]); }                                   \
            d.w = (whole)(a.v > b.v), c.w = (a.w & d.w) | (b.w & ~d.w);                                                \
            EACH(COUNT(c)) { CHECK(c.e[i] == (a.e[i] > b.e[i] ? a.e[i] : b.e[i])); }                                   \
        }                                                                                                              \
        show(#NAME, sum);                                                                                              \
    }

REALS(vectors_f32_16, float, int32_t, 16, bits32)
REALS(vectors_f32_32, float, int32_t, 32, bits32)
REALS(vectors_f64_16, double, int64_t, 16, bits64)
REALS(vectors_f64_32, double, int64_t, 32, bits64)
