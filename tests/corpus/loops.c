// Loops that optimizing compilers turn into vector instructions of many kinds; unoptimized builds run them as written.
#include "corpus.h"
#include <math.h>

enum { N = 517 };
static int8_t b1[N], b2[N];
static uint8_t u1[N], u2[N], u3[N];
static int16_t h1[N], h2[N], h3[N];
static int32_t w1[N], w2[N], w3[N];
static int64_t d1[N], d2[N], d3[N];
static float f1[N], f2[N], f3[N];
static double g1[N], g2[N], g3[N];

#define LOOP static void __attribute__((noinline))
#define EACH for (int i = 0; i < N; i++)

LOOP fill(uint64_t seed)
{
    EACH {
        b1[i] = (int8_t)random_edge(&seed), b2[i] = (int8_t)random_next(&seed);
        u1[i] = (uint8_t)random_edge(&seed), u2[i] = (uint8_t)random_next(&seed);
        h1[i] = (int16_t)random_edge(&seed), h2[i] = (int16_t)random_next(&seed);
        w1[i] = (int32_t)random_edge(&seed) / 2, w2[i] = (int32_t)random_next(&seed) / 2;
        d1[i] = (int64_t)random_edge(&seed) / 2, d2[i] = (int64_t)random_next(&seed) / 2;
        f1[i] = (float)(int32_t)random_next(&seed) / 65536, f2[i] = (float)(w1[i] | 1) / 4096;
        g1[i] = (double)(int64_t)random_next(&seed) / 0x1p40, g2[i] = (double)(d1[i] | 1) / 0x1p30;
    }
}

static int saturate(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

LOOP saturating(void)
{
    EACH u3[i] = (uint8_t)saturate(u1[i] + u2[i], 0, 255);
    EACH h3[i] = (int16_t)saturate(h1[i] - h2[i], -32768, 32767);
    EACH b1[i] = (int8_t)saturate(b1[i] + b2[i], -128, 127);
}

LOOP averages(void)
{
    EACH u1[i] = (uint8_t)((u1[i] + u2[i] + 1) >> 1);
    EACH h1[i] = (int16_t)((h1[i] + h2[i]) >> 1);
}

LOOP differences(void)
{
    EACH u3[i] = (uint8_t)abs(u1[i] - u2[i]);
    EACH w3[i] = abs(w1[i] - w2[i]);
    EACH d3[i] = d1[i] < 0 ? -d1[i] : d1[i];
}

LOOP widths(void)
{
    EACH w1[i] += h1[i] * h2[i];
    EACH d3[i] = (int64_t)w1[i] * w2[i];
    EACH h3[i] = (int16_t)(b1[i] * b2[i]);
    EACH d1[i] += w1[i] - (int64_t)(uint32_t)w2[i];
    EACH b2[i] = (int8_t)(d1[i] >> 9);
    EACH h2[i] = (int16_t)((w1[i] * 3) >> 5);
}

LOOP products(void)
{
    EACH h1[i] = (int16_t)((h1[i] * h2[i]) >> 16);
    EACH w3[i] = (int32_t)(((int64_t)w1[i] * w2[i]) >> 32);
    EACH u1[i] = (uint8_t)((u1[i] * u2[i] + 128) >> 8);
    EACH d2[i] = (int64_t)((uint64_t)d1[i] * (uint64_t)d2[i]);
}

LOOP choices(void)
{
    EACH w3[i] = w1[i] > w2[i] ? w1[i] : w2[i];
    EACH h3[i] = h1[i] < h2[i] ? h1[i] : h2[i];
    EACH d3[i] = d1[i] > d2[i] ? d1[i] ^ d2[i] : d1[i] & ~d2[i];
    EACH f3[i] = f1[i] > f2[i] ? f1[i] - f2[i] : f2[i] * 3;
    EACH if (u1[i] & 1) u3[i] = (uint8_t)(u2[i] ^ 0x55);
}

LOOP shifts(void)
{
    EACH w3[i] = (int32_t)((uint32_t)w1[i] << (w2[i] & 31)) ^ w1[i] >> (w2[i] & 31);
    EACH d3[i] = (int64_t)((uint64_t)d1[i] >> (d2[i] & 63) | (uint64_t)d1[i] << (-d2[i] & 63));
    EACH h3[i] = (int16_t)(h1[i] >> 3 << 2);
}

LOOP bits(void)
{
    EACH w3[i] = __builtin_popcount((unsigned)w1[i]) + (w1[i] ? __builtin_clz((unsigned)w1[i]) : 32);
    EACH d3[i] = __builtin_popcountll((unsigned long long)d1[i]);
    EACH w2[i] = (int32_t)__builtin_bswap32((uint32_t)w2[i]);
}

LOOP strides(void)
{
    for (int i = 0; i < N / 2; i++)
        w3[i] = w1[2 * i] - w1[2 * i + 1], f3[2 * i] = f1[i], f3[2 * i + 1] = f2[i];
    for (int i = 0; i < N / 3; i++)
        u3[3 * i] = u1[3 * i + 2], u3[3 * i + 1] = u1[3 * i], u3[3 * i + 2] = u1[3 * i + 1];
    EACH d3[i] = d1[N - 1 - i];
}

LOOP reals(void)
{
    EACH g3[i] = g1[i] * 3.25 + g2[i] / g1[(i * 7) % N];
    EACH f3[i] = sqrtf(fabsf(f1[i])) - floorf(f2[i]) + truncf(f1[i] / 3);
    EACH g1[i] = sqrt(fabs(g2[i])) + ceil(g1[i]);
    EACH w3[i] = (int32_t)f1[i] + (int32_t)(int64_t)(g2[i] / 0x1p8); // clang 19 is wrong without the middle
    EACH f2[i] = (float)w1[i] - (float)g3[i];
    EACH g2[i] = (double)d1[i] + (double)f2[i] + w3[i];
    EACH d2[i] = (int64_t)(g1[i] * 1000);
}

LOOP totals(digest *sum)
{
    int32_t w = 0;
    uint64_t d = 0;
    unsigned u = 0;
    int least = h1[0];
    float most = f1[0];
    EACH w += h1[i] * h2[i] / 4;
    EACH d += (uint64_t)d1[i];
    EACH u += (unsigned)abs(u1[i] - u2[i]);
    EACH least = h3[i] < least ? h3[i] : least;
    EACH most = f1[i] > most ? f1[i] : most;
    add(sum, (uint64_t)w), add(sum, d), add(sum, u), add(sum, (uint64_t)least), add(sum, bits32(most));
}

static void add_all(digest *sum)
{
    add_bytes(sum, b1, sizeof b1), add_bytes(sum, b2, sizeof b2), add_bytes(sum, u1, sizeof u1);
    add_bytes(sum, u3, sizeof u3), add_bytes(sum, h1, sizeof h1), add_bytes(sum, h2, sizeof h2);
    add_bytes(sum, h3, sizeof h3), add_bytes(sum, w1, sizeof w1), add_bytes(sum, w2, sizeof w2);
    add_bytes(sum, w3, sizeof w3), add_bytes(sum, d1, sizeof d1), add_bytes(sum, d2, sizeof d2);
    add_bytes(sum, d3, sizeof d3);
    EACH add(sum, bits32(f1[i])), add(sum, bits32(f2[i])), add(sum, bits32(f3[i]));
    EACH add(sum, bits64(g1[i])), add(sum, bits64(g2[i])), add(sum, bits64(g3[i]));
}

PROGRAM(loops)
{
    static void (*const all[])(void) = {
        saturating, averages, differences, widths, products, choices, shifts, bits, strides, reals,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        digest sum = DIGEST;
        fill(i + 1);
        all[i]();
        totals(&sum);
        add_all(&sum);
        printf("%zu ", i), show("loop", sum);
    }
}
