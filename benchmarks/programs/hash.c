/* SHA-256 and CRC-32 by table over a buffer. */
#include "programs.h"

#define SIZE (1 << 18)
#define ROUNDS 24

static uint32_t constants[64], crc_table[256];
static uint8_t buffer[SIZE];

/* The fractional parts of the cube roots of the first 64 primes, by integers: the largest r with r^3 <= p * 2^96. */
static uint32_t cube_root_fraction(uint64_t prime)
{
    uint64_t root = 0;
    for (int bit = 35; bit >= 0; bit--) {
        uint64_t candidate = root | 1ull << bit;
        unsigned __int128 square = (unsigned __int128)candidate * candidate;
        if (square <= (((unsigned __int128)prime << 96) / candidate))
            root = candidate;
    }
    return (uint32_t)root;
}

static void prepare(void)
{
    for (uint32_t n = 0, candidate = 2; n < 64; candidate++) {
        uint32_t divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor != 0)
            divisor++;
        if (divisor * divisor > candidate)
            constants[n++] = cube_root_fraction(candidate);
    }
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t value = n;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (0xedb88320 & -(value & 1));
        crc_table[n] = value;
    }
}

static uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }

static void sha256_block(uint32_t state[8], const uint8_t *data)
{
    uint32_t w[64];
    for (int n = 0; n < 16; n++)
        w[n] = (uint32_t)data[4 * n] << 24 | data[4 * n + 1] << 16 | data[4 * n + 2] << 8 | data[4 * n + 3];
    for (int n = 16; n < 64; n++) {
        uint32_t a = w[n - 15], b = w[n - 2];
        w[n] = w[n - 16] + w[n - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    uint32_t v[8];
    for (int n = 0; n < 8; n++)
        v[n] = state[n];
    for (int n = 0; n < 64; n++) {
        uint32_t e = v[4], a = v[0];
        uint32_t first = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + constants[n] + w[n];
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6], v[6] = v[5], v[5] = e, v[4] = v[3] + first;
        v[3] = v[2], v[2] = v[1], v[1] = a, v[0] = first + second;
    }
    for (int n = 0; n < 8; n++)
        state[n] += v[n];
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, unsigned size)
{
    for (unsigned n = 0; n < size; n++)
        crc = crc >> 8 ^ crc_table[(crc ^ data[n]) & 0xff];
    return crc;
}

uint64_t hash(void)
{
    uint32_t state[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, crc = ~0u;
    uint64_t random = 88172645463325252u;
    prepare();
    for (unsigned n = 0; n < SIZE; n++)
        buffer[n] = next_random(&random) >> 32;
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned n = 0; n < SIZE; n += 64)
            sha256_block(state, buffer + n);
        crc = crc32(crc, buffer, SIZE);
    }
    return fold(fold_bytes(0, state, sizeof state), crc);
}
