// Compression and back: LZ77 with hash chains into Huffman codes, and a binary range coder with adaptive models.
#include "corpus.h"

enum { SIZE = 30000, SYMBOLS = 512, MINIMUM = 4 };
static unsigned char text[SIZE], back[SIZE];
static uint16_t symbols[SIZE * 3];
static unsigned char packed[SIZE * 4];

// Text with repetitions of many lengths and distances.
static void make_text(void)
{
    uint64_t state = 91;
    for (int i = 0; i < SIZE;) {
        uint64_t r = random_next(&state);
        if (i > 100 && r % 3) {
            int distance = (int)(r >> 8) % i + 1, length = (int)((r >> 40) % 40) + 3;
            if (distance < 0)
                distance = -distance + 1;
            for (distance = distance > i ? i : distance; length-- && i < SIZE; i++)
                text[i] = text[i - distance];
        } else {
            text[i++] = (unsigned char)("etaoin shrdlu,.\n"[r >> 8 & 15]);
        }
    }
}

// Literals are themselves; a match is 256 + length, then two bytes of distance.
static int find_matches(void)
{
    static int head[4096], chain[SIZE];
    int count = 0;
    memset(head, -1, sizeof head);
    for (int i = 0; i < SIZE;) {
        int best = 0, at = 0, limit = SIZE - i < 200 ? SIZE - i : 200;
        uint32_t key = 0;
        if (i + 4 <= SIZE)
            memcpy(&key, text + i, 4);
        int *slot = &head[key * 2654435761u >> 20];
        for (int candidate = *slot, tries = 0; candidate >= 0 && tries < 16 && i - candidate < 65536; tries++) {
            int length = 0;
            while (length < limit && text[candidate + length] == text[i + length])
                length++;
            if (length > best)
                best = length, at = candidate;
            candidate = chain[candidate];
        }
        chain[i] = *slot, *slot = i;
        if (best >= MINIMUM) {
            symbols[count++] = (uint16_t)(256 + best);
            symbols[count++] = (uint16_t)((i - at) & 255), symbols[count++] = (uint16_t)((i - at) >> 8);
            i += best;
        } else {
            symbols[count++] = text[i++];
        }
    }
    return count;
}

// Code lengths by joining the two rarest trees again and again.
static void code_lengths(const uint32_t *frequency, uint8_t *length)
{
    uint32_t weight[2 * SYMBOLS];
    int parent[2 * SYMBOLS], used = SYMBOLS;
    for (int i = 0; i < SYMBOLS; i++)
        weight[i] = frequency[i], parent[i] = 0;
    for (;; used++) {
        int first = -1, second = -1;
        for (int i = 0; i < used; i++)
            if (weight[i] && !parent[i]) {
                if (first < 0 || weight[i] < weight[first])
                    second = first, first = i;
                else if (second < 0 || weight[i] < weight[second])
                    second = i;
            }
        if (second < 0)
            break;
        weight[used] = weight[first] + weight[second], parent[used] = 0;
        parent[first] = parent[second] = used;
    }
    for (int i = 0; i < SYMBOLS; i++) {
        length[i] = 0;
        if (frequency[i])
            for (int node = i; parent[node]; node = parent[node])
                length[i]++;
    }
}

static void canonical_codes(const uint8_t *length, uint32_t *code)
{
    uint32_t next = 0;
    for (int bits = 1; bits < 32; bits++, next <<= 1)
        for (int i = 0; i < SYMBOLS; i++)
            if (length[i] == bits)
                code[i] = next++;
}

static size_t write_codes(int count, const uint8_t *length, const uint32_t *code)
{
    uint64_t buffer = 0;
    int filled = 0;
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        buffer = buffer << length[symbols[i]] | code[symbols[i]];
        for (filled += length[symbols[i]]; filled >= 8; filled -= 8)
            packed[size++] = (unsigned char)(buffer >> (filled - 8));
    }
    packed[size++] = (unsigned char)(buffer << (8 - filled));
    return size;
}

static int read_code(size_t *bit, const uint8_t *length, const uint32_t *code)
{
    uint32_t value = 0;
    for (int bits = 1;; bits++) {
        value = value << 1 | (packed[*bit / 8] >> (7 - *bit % 8) & 1), (*bit)++;
        for (int i = 0; i < SYMBOLS; i++)
            if (length[i] == bits && code[i] == value)
                return i;
        CHECK(bits < 31);
    }
}

PROGRAM(huffman)
{
    static uint32_t frequency[SYMBOLS], code[SYMBOLS];
    static uint8_t length[SYMBOLS];
    digest sum = DIGEST;
    make_text();
    int count = find_matches();
    for (int i = 0; i < count; i++)
        frequency[symbols[i]]++;
    code_lengths(frequency, length);
    canonical_codes(length, code);
    size_t size = write_codes(count, length, code), bit = 0;
    for (int i = 0; i < SIZE;) {
        int symbol = read_code(&bit, length, code);
        if (symbol < 256) {
            back[i++] = (unsigned char)symbol;
            continue;
        }
        int distance = read_code(&bit, length, code);
        distance |= read_code(&bit, length, code) << 8;
        for (int n = symbol - 256; n--; i++)
            back[i] = back[i - distance];
    }
    CHECK(!memcmp(text, back, SIZE));
    add_bytes(&sum, packed, size);
    printf("%d symbols %zu bytes ", count, size), show("huffman", sum);
}

// Carryless range coder; each bit has a probability that adapts, selected by the bits before it.
struct coder { uint32_t low, high, value; unsigned char *at; };

static int code_bit(struct coder *c, uint16_t *model, int bit, int decode)
{
    uint32_t middle = c->low + (uint32_t)((uint64_t)(c->high - c->low) * *model >> 16);
    if (decode)
        bit = c->value <= middle;
    if (bit)
        c->high = middle, *model = (uint16_t)(*model + ((65535 - *model) >> 5));
    else
        c->low = middle + 1, *model = (uint16_t)(*model - (*model >> 5));
    for (; !((c->low ^ c->high) >> 24); c->low <<= 8, c->high = c->high << 8 | 255) {
        if (decode)
            c->value = c->value << 8 | *c->at++;
        else
            *c->at++ = (unsigned char)(c->high >> 24);
    }
    return bit;
}

static size_t range_code(int decode)
{
    static uint16_t models[65536];
    struct coder c = {0, ~0u, 0, packed};
    for (int i = 0; i < 65536; i++)
        models[i] = 32768;
    for (int i = 0; decode && i < 4; i++)
        c.value = c.value << 8 | *c.at++;
    for (int i = 0, before = 0; i < SIZE; i++) {
        int context = 1;
        for (int bit = 7; bit >= 0; bit--)
            context = context * 2 + code_bit(&c, &models[before * 256 + context], text[i] >> bit & 1, decode);
        before = context & 255;
        if (decode)
            back[i] = (unsigned char)before;
    }
    for (int i = 0; i < 4; i++)
        *c.at++ = (unsigned char)(c.low >> (24 - 8 * i));
    return (size_t)(c.at - packed);
}

PROGRAM(ranges)
{
    digest sum = DIGEST;
    make_text();
    size_t size = range_code(0);
    add_bytes(&sum, packed, size);
    memset(back, 0, SIZE);
    range_code(1);
    CHECK(!memcmp(text, back, SIZE));
    printf("%zu bytes ", size), show("ranges", sum);
}
