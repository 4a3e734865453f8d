// Integer arithmetic of every width and sign on values from the edges, operation by operation.
#include "corpus.h"

typedef __int128 int128;
typedef unsigned __int128 uint128;

enum { ROUNDS = 3000 };

static void add128(digest *sum, uint128 value)
{
    add(sum, (uint64_t)value);
    add(sum, (uint64_t)(value >> 64));
}

// Signed arithmetic that wraps: computed unsigned, looked at signed.
#define ARITHMETIC(NAME, S, U, BITS)                                                                                   \
    static void __attribute__((noinline)) NAME##_pair(digest *sum, U a, U b)                                           \
    {                                                                                                                  \
        S x = (S)a, y = (S)b;                                                                                          \
        add128(sum, (U)(a + b)), add128(sum, (U)(a - b)), add128(sum, (U)((uint128)a * b));                            \
        add128(sum, (uint128)(int128)(S)(a & b)), add128(sum, (uint128)(int128)(S)(a | ~b));                           \
        add128(sum, (U)(a << (b & (BITS - 1)))), add128(sum, (U)(a >> (b & (BITS - 1))));                              \
        add128(sum, (uint128)(int128)(S)(x >> (b & (BITS - 1))));                                                      \
        add128(sum, (U)(a << (b & (BITS - 1)) | a >> (-b & (BITS - 1))));                                              \
        add(sum, (x < y) | (x <= y) << 1 | (a < b) << 2 | (a <= b) << 3 | (a == b) << 4 | (x > 0) << 5);               \
        if (b) {                                                                                                       \
            add128(sum, a / b), add128(sum, a % b);                                                                    \
            if (y != -1)                                                                                               \
                add128(sum, (uint128)(int128)(S)(x / y)), add128(sum, (uint128)(int128)(S)(x % y));                    \
        }                                                                                                              \
        S out;                                                                                                         \
        U uout;                                                                                                        \
        add(sum, __builtin_add_overflow(x, y, &out)), add128(sum, (U)out);                                             \
        add(sum, __builtin_sub_overflow(x, y, &out)), add128(sum, (U)out);                                             \
        add(sum, __builtin_mul_overflow(x, y, &out)), add128(sum, (U)out);                                             \
        add(sum, __builtin_add_overflow(a, b, &uout)), add(sum, __builtin_sub_overflow(a, b, &uout));                  \
    }                                                                                                                  \
    PROGRAM(NAME)                                                                                                      \
    {                                                                                                                  \
        uint64_t state = BITS;                                                                                         \
        digest sum = DIGEST;                                                                                           \
        for (int i = 0; i < ROUNDS; i++) {                                                                             \
            uint128 a = (uint128)random_edge(&state) << 64 | random_edge(&state), b = random_edge(&state);             \
            NAME##_pair(&sum, (U)(BITS == 128 ? a : a >> 64), (U)(i & 1 ? b : b << (BITS / 2) | b));                   \
        }                                                                                                              \
        show(#NAME, sum);                                                                                              \
    }

ARITHMETIC(integers8, int8_t, uint8_t, 8)
ARITHMETIC(integers16, int16_t, uint16_t, 16)
ARITHMETIC(integers32, int32_t, uint32_t, 32)
ARITHMETIC(integers64, int64_t, uint64_t, 64)
ARITHMETIC(integers128, int128, uint128, 128)

static uint64_t high_product(uint64_t a, uint64_t b) { return (uint64_t)((uint128)a * b >> 64); }
static int64_t signed_high_product(int64_t a, int64_t b) { return (int64_t)((int128)a * b >> 64); }

static void count_bits(digest *sum, uint64_t x)
{
    uint32_t w = (uint32_t)x;
    add(sum, (uint64_t)__builtin_popcountll(x)), add(sum, (uint64_t)__builtin_popcount(w));
    add(sum, (uint64_t)__builtin_parityll(x));
    if (x)
        add(sum, (uint64_t)__builtin_clzll(x)), add(sum, (uint64_t)__builtin_ctzll(x));
    if (w)
        add(sum, (uint64_t)__builtin_clz(w)), add(sum, (uint64_t)__builtin_ctz(w));
    add(sum, (uint64_t)__builtin_clrsbll((int64_t)x)), add(sum, (uint64_t)__builtin_ffsll((int64_t)x));
}

static uint64_t reversed(uint64_t x)
{
    x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
    x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(x);
}

// What a program leaves to constants at compile time becomes other instructions than with variables.
static void constants(digest *sum, int64_t x)
{
    add(sum, (uint64_t)(x / 3)), add(sum, (uint64_t)(x / -7)), add(sum, (uint64_t)(x % 10));
    add(sum, (uint64_t)x / 1000000007), add(sum, (uint64_t)x % 641), add(sum, (uint64_t)((int32_t)x / 60));
    add(sum, (uint32_t)x / 255), add(sum, (uint64_t)x * 0x12345678), add(sum, (uint64_t)x * 17 + 5);
    add(sum, (uint64_t)(x >> 13 & 0x3ff)), add(sum, ((uint64_t)x & ~0xfff000ULL) | 0x5a5000);
    add(sum, (uint64_t)(int16_t)x), add(sum, (uint64_t)(int8_t)x), add(sum, (uint64_t)(int32_t)x);
    add(sum, (uint64_t)x << 2 | 3), add(sum, ((uint64_t)(uint32_t)x << 4) + 0x7ff);
    add(sum, x < 2048), add(sum, (uint64_t)x < 0x80000000), add(sum, x == -2049);
}

PROGRAM(bits)
{
    uint64_t state = 11;
    digest counts = DIGEST, products = DIGEST, swaps = DIGEST, literals = DIGEST;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t a = random_edge(&state), b = random_edge(&state);
        count_bits(&counts, a);
        add(&products, high_product(a, b)), add(&products, (uint64_t)signed_high_product((int64_t)a, (int64_t)b));
        add(&products, (uint64_t)((int64_t)(int32_t)a * (int32_t)b)), add(&products, (uint64_t)(uint32_t)a * (uint32_t)b);
        add(&swaps, reversed(a)), add(&swaps, __builtin_bswap32((uint32_t)a) + __builtin_bswap16((uint16_t)b));
        constants(&literals, (int64_t)a);
    }
    show("counts", counts), show("products", products), show("swaps", swaps), show("constants", literals);
}

// Unaligned accesses of each width, across cache lines and pages too.
PROGRAM(unaligned)
{
    static unsigned char memory[3 * 65536];
    uint64_t state = 12;
    digest sum = DIGEST;
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (unsigned char)random_next(&state);
    for (size_t offset = 65536 - 40; offset < 65536 + 40; offset++) {
        uint64_t d;
        int32_t w;
        uint16_t h;
        double f;
        memcpy(&d, memory + offset, 8), memcpy(&w, memory + offset, 4), memcpy(&h, memory + offset, 2);
        memcpy(&f, memory + offset, 8);
        add(&sum, d), add(&sum, (uint64_t)w), add(&sum, h), add(&sum, bits64(f));
        d += (uint64_t)w;
        memcpy(memory + offset + 65536 - 3, &d, 8), memcpy(memory + offset + 11, &f, 8);
    }
    add_bytes(&sum, memory, sizeof memory);
    show("unaligned", sum);
}
