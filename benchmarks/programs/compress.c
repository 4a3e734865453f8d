/* Compresses a text by references to earlier occurrences (hash chains, greedy) and unpacks it again. */
#include "programs.h"
#include <string.h>

#define SIZE (1 << 19)
#define HASH_BITS 14
#define WINDOW (1 << 15)
#define CHAIN 24
#define MIN_MATCH 4
#define MAX_MATCH 258
#define ROUNDS 3

static uint8_t text[SIZE], packed[SIZE * 2], unpacked[SIZE];
static int32_t heads[1 << HASH_BITS], previous[WINDOW];

static void make_text(void)
{
    static const char *const words[] = { "guest", "memory ", "page", " and ", "the", "hypervisor ", "exit", "\n", "timer",
                                         "vector ", "0x", "1f", ", ", "interrupt", "of ", "table " };
    uint64_t random = 0x2545f4914f6cdd1du;
    for (unsigned n = 0; n < SIZE;) {
        uint64_t value = next_random(&random);
        const char *word = words[value >> 20 & 15];
        for (; *word && n < SIZE; word++)
            text[n++] = *word;
        if ((value & 7) == 0 && n < SIZE)
            text[n++] = value >> 40;
    }
}

static unsigned hash_of(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, 4);
    return value * 2654435761u >> (32 - HASH_BITS);
}

static unsigned match_length(const uint8_t *a, const uint8_t *b, unsigned limit)
{
    unsigned length = 0;
    while (length < limit && a[length] == b[length])
        length++;
    return length;
}

static unsigned find_match(unsigned at, unsigned limit, unsigned *distance)
{
    unsigned best = 0;
    int32_t candidate = heads[hash_of(text + at)];
    for (int tries = 0; candidate >= 0 && at - candidate < WINDOW && tries < CHAIN; tries++) {
        unsigned length = match_length(text + candidate, text + at, limit);
        if (length > best)
            best = length, *distance = at - candidate;
        candidate = previous[candidate & (WINDOW - 1)];
    }
    return best;
}

static void insert(unsigned at)
{
    unsigned bucket = hash_of(text + at);
    previous[at & (WINDOW - 1)] = heads[bucket];
    heads[bucket] = at;
}

/* A zero byte and a byte are a literal; a length minus 2 and two bytes of distance are a match. */
static unsigned pack(void)
{
    unsigned out = 0;
    memset(heads, 0xff, sizeof heads);
    for (unsigned at = 0; at < SIZE;) {
        unsigned limit = SIZE - at < MAX_MATCH - 1 ? SIZE - at : MAX_MATCH - 1, distance = 0;
        unsigned length = limit >= MIN_MATCH ? find_match(at, limit, &distance) : 0;
        if (length < MIN_MATCH)
            length = 1;
        if (length == 1) {
            packed[out++] = 0;
            packed[out++] = text[at];
        } else {
            packed[out++] = length - 2;
            packed[out++] = distance;
            packed[out++] = distance >> 8;
        }
        for (unsigned end = at + length; at < end; at++)
            if (at + MIN_MATCH <= SIZE)
                insert(at);
    }
    return out;
}

static unsigned unpack(unsigned size)
{
    unsigned out = 0;
    for (unsigned in = 0; in < size;) {
        unsigned length = packed[in++];
        if (length == 0) {
            unpacked[out++] = packed[in++];
            continue;
        }
        unsigned distance = packed[in] | packed[in + 1] << 8;
        in += 2;
        for (length += 2; length > 0; length--, out++)
            unpacked[out] = unpacked[out - distance];
    }
    return out;
}

uint64_t compress(void)
{
    uint64_t sum = 0;
    make_text();
    for (int round = 0; round < ROUNDS; round++) {
        unsigned size = pack(), restored = unpack(size);
        int same = restored == SIZE && memcmp(text, unpacked, SIZE) == 0;
        sum = fold(fold_bytes(sum, packed, size), same ? size : 0);
        text[round * 1000] ^= 1;
    }
    return sum;
}
