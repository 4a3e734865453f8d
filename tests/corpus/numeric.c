// Numeric programs whose results are exact to the last bit: nothing is fused or reordered.
#include "corpus.h"
#include <math.h>

enum { N = 40 };

#define MATRICES(NAME, T, BITS)                                                                                        \
    static void __attribute__((noinline)) NAME##_multiply(T a[N][N], T b[N][N], T c[N][N])                             \
    {                                                                                                                  \
        for (int i = 0; i < N; i++)                                                                                    \
            for (int k = 0; k < N; k++)                                                                                \
                for (int j = 0; j < N; j++)                                                                            \
                    c[i][j] += a[i][k] * b[k][j];                                                                      \
    }                                                                                                                  \
    PROGRAM(NAME)                                                                                                      \
    {                                                                                                                  \
        static T a[N][N], b[N][N], c[N][N];                                                                            \
        uint64_t state = 61;                                                                                           \
        digest sum = DIGEST;                                                                                           \
        for (int i = 0; i < N; i++)                                                                                    \
            for (int j = 0; j < N; j++) {                                                                              \
                a[i][j] = (T)(int)(random_next(&state) % 2000) / 7 - 100;                                              \
                b[i][j] = (T)(int)(random_next(&state) % 99) / 3;                                                      \
            }                                                                                                          \
        NAME##_multiply(a, b, c);                                                                                      \
        NAME##_multiply(c, a, b);                                                                                      \
        for (int i = 0; i < N; i++)                                                                                    \
            for (int j = 0; j < N; j++)                                                                                \
                add(&sum, BITS(b[i][j])), add(&sum, BITS(c[i][j]));                                                    \
        show(#NAME, sum);                                                                                              \
    }

#define WHOLE(X) ((uint64_t)(X))
MATRICES(matrices_double, double, bits64)
MATRICES(matrices_float, float, bits32)
MATRICES(matrices_int, int, WHOLE)

PROGRAM(equations)
{
    static double a[N][N + 1];
    uint64_t state = 62;
    digest sum = DIGEST;
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= N; j++)
            a[i][j] = (double)(random_next(&state) % 1000) - 500 + (i == j) * 9000;
    for (int k = 0; k < N; k++)
        for (int i = k + 1; i < N; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j <= N; j++)
                a[i][j] -= factor * a[k][j];
        }
    for (int i = N - 1; i >= 0; i--) {
        for (int j = i + 1; j < N; j++)
            a[i][N] -= a[i][j] * a[j][N];
        add(&sum, bits64(a[i][N] /= a[i][i]));
    }
    printf("%.17g ", a[0][N]), show("equations", sum);
}

struct body { double p[3], v[3], mass; };

static void advance(struct body *bodies, int count, double step)
{
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            double d[3], square = 0;
            for (int k = 0; k < 3; k++)
                d[k] = bodies[i].p[k] - bodies[j].p[k], square += d[k] * d[k];
            double pull = step / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].v[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].v[k] += d[k] * bodies[i].mass * pull;
            }
        }
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 3; k++)
            bodies[i].p[k] += step * bodies[i].v[k];
}

PROGRAM(bodies)
{
    struct body bodies[4] = {
        {{0, 0, 0}, {0, 0, 0}, 1000}, {{10, 0, 1}, {0, 9, 1}, 1}, {{0, 20, -1}, {-7, 0, 0.5}, 2}, {{-33, 1, 0}, {0, -5, 0}, 0.25},
    };
    for (int i = 0; i < 3000; i++)
        advance(bodies, 4, 0.001);
    for (int i = 0; i < 4; i++)
        printf("%.17g %.17g %.17g\n", bodies[i].p[0], bodies[i].p[1], bodies[i].p[2]);
}

PROGRAM(mandelbrot)
{
    digest sum = DIGEST;
    for (int y = 0; y < 40; y++)
        for (int x = 0; x < 60; x++) {
            float cr = (float)x / 20 - 2.2f, ci = (float)y / 20 - 1, zr = 0, zi = 0;
            int n = 0;
            for (; n < 100 && zr * zr + zi * zi < 4; n++) {
                float next = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci, zr = next;
            }
            add(&sum, (uint64_t)n);
        }
    show("mandelbrot", sum);
}

// Number-theoretic transform and back: 64-bit products and remainders.
static uint64_t power(uint64_t b, uint64_t e, uint64_t m)
{
    uint64_t r = 1;
    for (; e; e >>= 1, b = b * b % m)
        if (e & 1)
            r = r * b % m;
    return r;
}

static void transform(uint64_t *x, int n, uint64_t root, uint64_t m)
{
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            uint64_t t = x[i];
            x[i] = x[j], x[j] = t;
        }
    }
    for (int size = 2; size <= n; size *= 2) {
        uint64_t step = power(root, (uint64_t)(n / size), m);
        for (int start = 0; start < n; start += size) {
            uint64_t w = 1;
            for (int k = 0; k < size / 2; k++, w = w * step % m) {
                uint64_t a = x[start + k], b = x[start + k + size / 2] * w % m;
                x[start + k] = (a + b) % m, x[start + k + size / 2] = (a + m - b) % m;
            }
        }
    }
}

PROGRAM(transforms)
{
    enum { SIZE = 1024 };
    const uint64_t m = 998244353, root = power(3, (m - 1) / SIZE, m);
    static uint64_t x[SIZE], original[SIZE];
    uint64_t state = 63;
    digest sum = DIGEST;
    for (int i = 0; i < SIZE; i++)
        original[i] = x[i] = random_next(&state) % m;
    transform(x, SIZE, root, m);
    for (int i = 0; i < SIZE; i++)
        add(&sum, x[i]);
    transform(x, SIZE, power(root, m - 2, m), m);
    for (int i = 0; i < SIZE; i++)
        CHECK(x[i] * power(SIZE, m - 2, m) % m == original[i]);
    show("transform", sum);
}
