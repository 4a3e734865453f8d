// Floating-point arithmetic in all rounding modes with its exception flags, conversions, comparisons, binary128.
#include "corpus.h"
#include <fenv.h>
#include <math.h>

#if defined(__x86_64__)
typedef __float128 quad;
#else
typedef long double quad;
#endif

enum { ROUNDS = 1500 };
static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};

// The order of flag bits differs between processors. Underflow is left out: they differ in when a result is tiny.
static uint64_t flags(void)
{
    int raised = fetestexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_INEXACT);
    feclearexcept(FE_ALL_EXCEPT);
    return ((raised & FE_INVALID) ? 1u : 0) | ((raised & FE_DIVBYZERO) ? 2u : 0) | ((raised & FE_OVERFLOW) ? 4u : 0)
           | ((raised & FE_INEXACT) ? 8u : 0);
}

static double edge64(uint64_t *state)
{
    static const uint64_t edges[] = {
        0, 0x8000000000000000, 1, 0xfffffffffffff, 0x10000000000000, 0x3ff0000000000000, 0xbff0000000000001,
        0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x43e0000000000000,
    };
    uint64_t x = random_next(state), y = random_next(state);
    switch (y & 7) {
    case 0: return double_of(edges[x % (sizeof edges / sizeof *edges)]);
    case 1: return (double)((int64_t)(x % 2001) - 1000);
    case 2: return double_of((x & 0x800fffffffffffff) | (uint64_t)(1023 + (y >> 8) % 8) << 52);
    case 3: return double_of((x & 0x800fffffffffffff) | (uint64_t)((y >> 8) % 60) << 52);
    default: return double_of(x);
    }
}

static float edge32(uint64_t *state)
{
    uint64_t x = random_next(state);
    return x & 1 ? (float)edge64(state) : float_of((uint32_t)(x >> 32));
}

// "volatile" keeps compilers from computing with their own idea of the rounding mode.
#define OPERATIONS(NAME, T, EDGE, BITS, SQRT, FMA, RINT)                                                               \
    static void __attribute__((noinline)) NAME##_case(digest *sum, volatile T *v)                                      \
    {                                                                                                                  \
        v[3] = v[0] + v[1], add(sum, BITS(v[3])), add(sum, flags());                                                   \
        v[3] = v[0] - v[1], add(sum, BITS(v[3])), add(sum, flags());                                                   \
        v[3] = v[0] * v[1], add(sum, BITS(v[3])), add(sum, flags());                                                   \
        v[3] = v[0] / v[1], add(sum, BITS(v[3])), add(sum, flags());                                                   \
        v[3] = SQRT(v[0]), add(sum, BITS(v[3])), add(sum, flags());                                                    \
        /* Infinity times zero plus NaN may be invalid or not. */                                                      \
        v[3] = isnan(v[2]) ? v[2] : FMA(v[0], v[1], v[2]), add(sum, BITS(v[3])), add(sum, flags());                    \
        v[3] = isnan(v[2]) ? v[2] : FMA(-v[0], v[1], v[2]), add(sum, BITS(v[3])), add(sum, flags());                   \
        v[3] = RINT(v[0]), add(sum, BITS(v[3])), add(sum, flags());                                                    \
        add(sum, (v[0] < v[1]) | (v[0] <= v[1]) << 1), flags();                                                        \
        add(sum, (v[0] == v[1]) | (v[0] != v[2]) << 1), add(sum, flags());                                             \
        add(sum, (isunordered(v[0], v[1]) ? 1u : 0) | (isless(v[0], v[2]) ? 2u : 0)), add(sum, flags());        \
    }                                                                                                                  \
    PROGRAM(NAME)                                                                                                      \
    {                                                                                                                  \
        uint64_t state = sizeof(T);                                                                                    \
        for (int mode = 0; mode < 4; mode++) {                                                                         \
            digest sum = DIGEST;                                                                                       \
            fesetround(modes[mode]);                                                                                   \
            for (int i = 0; i < ROUNDS; i++) {                                                                         \
                volatile T v[4] = {EDGE(&state), EDGE(&state), EDGE(&state)};                                          \
                feclearexcept(FE_ALL_EXCEPT);                                                                          \
                NAME##_case(&sum, v);                                                                                  \
            }                                                                                                          \
            fesetround(FE_TONEAREST);                                                                                  \
            printf("mode %d ", mode), show(#NAME, sum);                                                                \
        }                                                                                                              \
    }

OPERATIONS(doubles, double, edge64, bits64, sqrt, fma, rint)
OPERATIONS(floats, float, edge32, bits32, sqrtf, fmaf, rintf)

// Comparisons by order are invalid with any NaN, those for equality with a signalling one. Clang compiles both alike.
PROGRAM(comparing_nans)
{
#if !defined(__clang__)
    volatile double one = 1, quiet = double_of(0x7ff8000000000001), signalling = double_of(0x7ff0000000000001);
    volatile int result;
    feclearexcept(FE_ALL_EXCEPT);
    result = one == quiet, CHECK(!result && !flags());
    result = one < quiet, CHECK(!result && flags() == 1);
    result = quiet >= one, CHECK(!result && flags() == 1);
    result = isgreater(one, quiet), CHECK(!result && !flags());
    result = one == signalling, CHECK(!result && flags() == 1);
    result = isunordered(signalling, one), CHECK(result && flags() == 1);
#endif
    puts("flags are right");
}

PROGRAM(conversions)
{
    uint64_t state = 31;
    for (int mode = 0; mode < 4; mode++) {
        digest sum = DIGEST;
        fesetround(modes[mode]);
        for (int i = 0; i < ROUNDS; i++) {
            volatile double d = edge64(&state);
            volatile int64_t n = (int64_t)random_edge(&state);
            volatile double wide;
            volatile float narrow;
            feclearexcept(FE_ALL_EXCEPT);
            narrow = (float)d, add(&sum, bits32(narrow)), add(&sum, flags());
            wide = (double)n, add(&sum, bits64(wide)), add(&sum, flags());
            narrow = (float)n, add(&sum, bits32(narrow)), add(&sum, flags());
            wide = (double)(int32_t)n, narrow = (float)(int32_t)n, add(&sum, bits64(wide) + bits32(narrow));
            wide = (double)(uint32_t)n, add(&sum, bits64(wide)), add(&sum, flags());
            if (fabs(d) < 9e18)
                add(&sum, (uint64_t)(int64_t)d), add(&sum, (uint64_t)llrint(d)), flags();
            if (fabs(d) < 2e9)
                add(&sum, (uint64_t)(int32_t)d), add(&sum, (uint64_t)lrintf((float)d)), flags();
            add(&sum, bits64(floor(d)) ^ bits64(ceil(d)) ^ bits64(trunc(d)) ^ bits64(round(d)) ^ bits64(nearbyint(d)));
        }
        fesetround(FE_TONEAREST);
        printf("mode %d ", mode), show("conversions", sum);
    }
}

PROGRAM(manipulation)
{
    uint64_t state = 32;
    digest sum = DIGEST;
    for (int i = 0; i < ROUNDS; i++) {
        double x = edge64(&state), y = edge64(&state), whole;
        int exponent = (int)(random_next(&state) % 4400) - 2200, power = 0;
        add(&sum, bits64(scalbn(x, exponent))), add(&sum, bits64(copysign(x, y)));
        if (x == x && y == y && (x != 0 || y != 0))
            add(&sum, bits64(fmin(x, y))), add(&sum, bits64(fmax(x, y)));
        if (isfinite(x)) {
            add(&sum, bits64(frexp(x, &power))), add(&sum, (uint64_t)power);
            add(&sum, bits64(modf(x, &whole))), add(&sum, bits64(whole));
            if (x != 0)
                add(&sum, bits64(logb(x))), add(&sum, (uint64_t)ilogb(x));
        }
        add(&sum, (isnan(x) ? 1u : 0) | (isinf(x) ? 2u : 0) | (isnormal(x) ? 4u : 0) | (signbit(y) ? 8u : 0));
        add(&sum, bits64(fabs(x))), add(&sum, bits64(nextafter(x, y))), add(&sum, bits64(fdim(x, y)));
        if (isfinite(x) && isfinite(y) && y != 0)
            add(&sum, bits64(fmod(x, y))), add(&sum, bits64(remainder(x, y)));
    }
    show("manipulation", sum);
}

static void add_quad(digest *sum, quad x)
{
    uint64_t words[2];
    memcpy(words, &x, sizeof words);
    if (x != x)
        words[0] = words[1] = 0x7fff;
    add(sum, words[0]), add(sum, words[1]);
}

// Computed by the compiler's library: carries, shifts and normalization over two registers.
PROGRAM(quads)
{
    uint64_t state = 33;
    digest sum = DIGEST;
    for (int i = 0; i < ROUNDS / 3; i++) {
        quad x = edge64(&state), y = edge64(&state);
        HIDE(i);
        add_quad(&sum, x + y / 3), add_quad(&sum, x * y), add_quad(&sum, x / y), add_quad(&sum, x - y * x);
        add(&sum, bits64((double)(x / 7))), add(&sum, (uint64_t)(x < y) | (uint64_t)(x == y) << 1);
        add_quad(&sum, (quad)(int64_t)random_edge(&state) + (quad)random_edge(&state));
    }
    quad e = 1, term = 1;
    for (int n = 1; n < 40; n++)
        term /= n, e += term;
    add_quad(&sum, e);
    printf("%.17g\n", (double)e), show("quads", sum);
}
