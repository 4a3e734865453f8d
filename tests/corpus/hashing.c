// Hash functions written here from their standards, on messages whose digests the standards print.
#include "corpus.h"

static uint32_t rotate32(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint64_t rotate64(uint64_t x, int n) { return x >> n | x << (64 - n); }
static uint32_t big32(const unsigned char *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

// The constants of SHA-2 are the first bits of roots of primes; finding them is a test too.
static uint64_t fraction_of_root(int prime, int cube)
{
    unsigned __int128 low = 0, high = (unsigned __int128)1 << (cube ? 67 : 69);
    while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2, a = middle >> (cube ? 34 : 0);
        int above;
        if (cube) {
            // middle^3 > prime * 2^192, by long multiplication in 32-bit digits
            uint32_t m[3] = {(uint32_t)middle, (uint32_t)(middle >> 32), (uint32_t)(middle >> 64)}, p[9] = {0}, q[6] = {0};
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++) {
                    uint64_t carry = (uint64_t)m[i] * m[j];
                    for (int k = i + j; carry && k < 6; k++)
                        carry += q[k], q[k] = (uint32_t)carry, carry >>= 32;
                }
            for (int i = 0; i < 6; i++)
                for (int j = 0; j < 3; j++) {
                    uint64_t carry = (uint64_t)q[i] * m[j];
                    for (int k = i + j; carry && k < 9; k++)
                        carry += p[k], p[k] = (uint32_t)carry, carry >>= 32;
                }
            above = p[6] >= (uint32_t)prime || p[7] || p[8];
        } else {
            // middle^2 >= prime * 2^128
            uint64_t h = (uint64_t)(a >> 64), l = (uint64_t)a;
            unsigned __int128 cross = (unsigned __int128)h * l * 2 + (((unsigned __int128)l * l) >> 64);
            above = (uint64_t)(cross >> 64) + h * h >= (uint64_t)prime;
        }
        if (above)
            high = middle;
        else
            low = middle;
    }
    return (uint64_t)low;
}

static int next_prime(int n)
{
    for (n++;; n++) {
        int divisor = 2;
        while (divisor * divisor <= n && n % divisor)
            divisor++;
        if (divisor * divisor > n)
            return n;
    }
}

static void sha256_block(uint32_t h[8], const uint64_t k[80], const unsigned char *block)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = big32(block + 4 * i);
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate32(w[i - 15], 25) ^ rotate32(w[i - 15], 14) ^ w[i - 15] >> 3)
               + (rotate32(w[i - 2], 15) ^ rotate32(w[i - 2], 13) ^ w[i - 2] >> 10);
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t a = s[0], e = s[4];
        uint32_t t = s[7] + (rotate32(e, 26) ^ rotate32(e, 21) ^ rotate32(e, 7)) + ((e & s[5]) ^ (~e & s[6]))
                     + (uint32_t)(k[i] >> 32) + w[i];
        uint32_t u = (rotate32(a, 30) ^ rotate32(a, 19) ^ rotate32(a, 10)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t, s[0] = t + u;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

static void sha512_block(uint64_t h[8], const uint64_t k[80], const unsigned char *block)
{
    uint64_t w[80], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint64_t)big32(block + 8 * i) << 32 | big32(block + 8 * i + 4);
    for (int i = 16; i < 80; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate64(w[i - 15], 1) ^ rotate64(w[i - 15], 8) ^ w[i - 15] >> 7)
               + (rotate64(w[i - 2], 19) ^ rotate64(w[i - 2], 61) ^ w[i - 2] >> 6);
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint64_t a = s[0], e = s[4];
        uint64_t t = s[7] + (rotate64(e, 14) ^ rotate64(e, 18) ^ rotate64(e, 41)) + ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
        uint64_t u = (rotate64(a, 28) ^ rotate64(a, 34) ^ rotate64(a, 39)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t, s[0] = t + u;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

static void sha1_block(uint32_t h[5], const unsigned char *block)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
        w[i] = i < 16 ? big32(block + 4 * i) : rotate32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                   : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t t = rotate32(a, 5) + f + e + w[i];
        e = d, d = c, c = rotate32(b, 30), b = a, a = t;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

// Pads a message as SHA-1 and SHA-2 do, in blocks of 64 or 128 bytes; returns the blocks' number.
static size_t pad(unsigned char *to, const void *message, size_t size, size_t block)
{
    size_t blocks = (size + 1 + block / 8 + block - 1) / block;
    memset(to, 0, blocks * block);
    memcpy(to, message, size);
    to[size] = 0x80;
    for (int i = 0; i < 8; i++)
        to[blocks * block - 1 - (size_t)i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
    return blocks;
}

static unsigned char padded[40000];

static void sha2(const char *name, const void *message, size_t size)
{
    static uint64_t k[80], start[8];
    for (int i = 0, prime = 1; !k[79] && i < 80; i++) {
        k[i] = fraction_of_root(prime = next_prime(prime), 1);
        if (i < 8)
            start[i] = fraction_of_root(prime, 0);
    }
    uint32_t narrow[8], old[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint64_t wide[8];
    for (int i = 0; i < 8; i++)
        wide[i] = start[i], narrow[i] = (uint32_t)(start[i] >> 32);
    size_t blocks = pad(padded, message, size, 64);
    for (size_t i = 0; i < blocks; i++)
        sha256_block(narrow, k, padded + 64 * i), sha1_block(old, padded + 64 * i);
    blocks = pad(padded, message, size, 128);
    for (size_t i = 0; i < blocks; i++)
        sha512_block(wide, k, padded + 128 * i);
    printf("%s sha1 %08x%08x%08x%08x%08x sha256 ", name, old[0], old[1], old[2], old[3], old[4]);
    for (int i = 0; i < 8; i++)
        printf("%08x", narrow[i]);
    printf(" sha512 ");
    for (int i = 0; i < 8; i++)
        printf("%016llx", (unsigned long long)wide[i]);
    puts("");
}

static unsigned char *message(size_t size)
{
    static unsigned char bytes[32768];
    uint64_t state = 81;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)random_next(&state);
    return bytes;
}

PROGRAM(digests)
{
    sha2("empty", "", 0);
    sha2("abc", "abc", 3);
    sha2("32k", message(32768), 32768);
}

// CRCs bit by bit, by table, and by the processor's instruction where there is one.
static uint32_t crc_by_bits(uint32_t polynomial, const unsigned char *p, size_t n)
{
    uint32_t crc = ~0u;
    while (n--) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (polynomial & -(crc & 1));
    }
    return ~crc;
}

static uint32_t crc_by_table(uint32_t polynomial, const unsigned char *p, size_t n)
{
    uint32_t table[256], crc = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int j = 0; j < 8; j++)
            table[i] = table[i] >> 1 ^ (polynomial & -(table[i] & 1));
    }
    while (n--)
        crc = table[(crc ^ *p++) & 255] ^ crc >> 8;
    return ~crc;
}

static uint32_t crc_by_instruction(uint32_t polynomial, const unsigned char *p, size_t n)
{
#if defined(__loongarch__)
    int crc = -1, castagnoli = polynomial == 0x82f63b78;
    for (; n >= 8; n -= 8, p += 8) {
        long word;
        memcpy(&word, p, 8);
        crc = castagnoli ? __builtin_loongarch_crcc_w_d_w(word, crc) : __builtin_loongarch_crc_w_d_w(word, crc);
    }
    for (; n; n--, p++)
        crc = castagnoli ? __builtin_loongarch_crcc_w_b_w((char)*p, crc) : __builtin_loongarch_crc_w_b_w((char)*p, crc);
    return ~(uint32_t)crc;
#else
    return crc_by_table(polynomial, p, n);
#endif
}

PROGRAM(checksums)
{
    static const uint32_t polynomials[] = {0xedb88320, 0x82f63b78};
    for (int i = 0; i < 2; i++)
        for (size_t n = 1; n < 9000; n = n * 2 + 1) {
            uint32_t crc = crc_by_bits(polynomials[i], message(9000), n);
            CHECK(crc == crc_by_table(polynomials[i], message(n), n));
            CHECK(crc == crc_by_instruction(polynomials[i], message(n), n));
            printf("%08x%c", crc, n * 2 + 1 < 9000 ? ' ' : '\n');
        }
    uint32_t a = 1, b = 0;
    uint64_t fnv = 0xcbf29ce484222325;
    const unsigned char *p = message(32768);
    for (int i = 0; i < 32768; i++)
        a = (a + p[i]) % 65521, b = (b + a) % 65521, fnv = (fnv ^ p[i]) * 0x100000001b3;
    printf("adler %08x fnv %016llx\n", b << 16 | a, (unsigned long long)fnv);
}
