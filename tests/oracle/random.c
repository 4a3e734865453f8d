#include "random.h"

#include <string.h>

static uint64_t seed;

typedef struct { int fraction, exponent; } Format;

static const Format half = { 10, 5 }, single = { 23, 8 }, wide = { 52, 11 };

void random_seed(uint64_t value)
{
    seed = value;
}

uint64_t random_bits(void) // splitmix64
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint32_t random_below(uint32_t limit)
{
    return (uint32_t)((random_bits() >> 32) * limit >> 32);
}

uint64_t random_integer(void)
{
    static const uint64_t edges[] =
    {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffff80000000, 0xffffffff7fffffff, 0x0123456789abcdef,
    };
    uint64_t value = random_bits();
    switch (random_below(4))
    {
    case 0: value = edges[random_below(sizeof(edges) / sizeof(*edges))]; break;
    case 1: value >>= random_below(64); break;
    case 2: value = (uint64_t)((int64_t)value >> random_below(64)); break;
    }

    return random_below(4) == 0 ? -value : value;
}

static uint64_t assemble(Format f, uint64_t sign, int64_t exponent, uint64_t fraction)
{
    int64_t top = (1 << f.exponent) - 1;
    exponent = exponent < 0 ? 0 : exponent >= top ? top - 1 : exponent;
    return sign << (f.fraction + f.exponent) | (uint64_t)exponent << f.fraction | (fraction & ((1ULL << f.fraction) - 1));
}

// Fractions with few bits set at either end make exact results, ties and carries likely.
static uint64_t random_fraction(Format f)
{
    uint64_t bits = random_bits() >> (64 - f.fraction);
    switch (random_below(6))
    {
    case 0: return 0;
    case 1: return bits & bits << random_below(f.fraction);
    case 2: return ~(bits >> random_below(f.fraction));
    case 3: return (random_bits() & 15) << (f.fraction - 4);
    case 4: return random_bits() & 7;
    default: return bits;
    }
}

static uint64_t special(Format f)
{
    uint64_t infinity = ((1ULL << f.exponent) - 1) << f.fraction, quiet = 1ULL << (f.fraction - 1);
    uint64_t one = ((1ULL << (f.exponent - 1)) - 1) << f.fraction, normal = 1ULL << f.fraction;
    uint64_t payload = random_bits() & (quiet - 1);
    uint64_t values[] =
    {
        0, 0, 1, normal - 1, normal, normal + 1, infinity - 1, infinity, infinity, infinity | quiet,
        infinity | quiet | payload, infinity | payload | 1, infinity | 1, one, one + 1, one - 1, one + normal,
        one - normal, one | quiet, quiet, normal << 1,
    };
    uint64_t value = values[random_below(sizeof(values) / sizeof(*values))];
    return value | (random_bits() & 1) << (f.fraction + f.exponent);
}

static uint64_t random_number(Format f)
{
    int bias = (1 << (f.exponent - 1)) - 1;
    uint64_t sign = random_bits() & 1, fraction = random_fraction(f);
    switch (random_below(8))
    {
    case 0: case 1: return special(f);
    case 2: return assemble(f, sign, random_below(f.fraction + 4), fraction);        // small and subnormal
    case 3: return assemble(f, sign, 2 * bias - random_below(f.fraction + 4), fraction); // large
    case 4: return assemble(f, sign, bias + random_below(70) - 2, fraction);         // around the integers
    case 5: return assemble(f, sign, 0, fraction);
    case 6: return assemble(f, sign, random_bits() >> (64 - f.exponent), fraction);
    default: return assemble(f, sign, bias + random_below(16) - 8, fraction);
    }
}

static uint64_t box(Format f, uint64_t value)
{
    if (f.fraction == wide.fraction)
    {
        return value;
    }

    uint64_t upper = random_below(4) == 0 ? random_bits() << 32 : 0xffffffff00000000;
    return upper | (uint32_t)value;
}

static uint64_t random_scale(char type)
{
    int range = type == 'w' ? 600 : 4800;
    switch (random_below(4))
    {
    case 0: return random_integer();
    case 1: return (uint64_t)(int64_t)((int)random_below(40) - 20);
    default: return (uint64_t)(int64_t)((int)random_below(range) - range / 2);
    }
}

uint64_t random_float(char type)
{
    switch (type)
    {
    case 's': return box(single, random_number(single));
    case 'd': return random_number(wide);
    case 'e': return random_number(half);
    case 'n': return random_scale('w');
    case 'N': return random_scale('l');
    default: return random_integer();
    }
}

uint64_t random_partner(char type, uint64_t first)
{
    Format f = type == 's' ? single : wide;
    if ((type != 's' && type != 'd') || random_below(2) == 0)
    {
        return random_float(type);
    }

    uint64_t sign = 1ULL << (f.fraction + f.exponent);
    int bias = (1 << (f.exponent - 1)) - 1;
    int64_t exponent = first >> f.fraction & ((1 << f.exponent) - 1);
    uint64_t fraction = random_fraction(f), bit = random_bits() & 1;
    int64_t near = random_below(6) - 3;
    switch (random_below(6))
    {
    case 0: return box(f, first + near);
    case 1: return box(f, (first ^ sign) + near);
    case 2: return box(f, assemble(f, bit, bias - exponent + near, fraction));                     // product at underflow
    case 3: return box(f, assemble(f, bit, 3 * bias - exponent + near, fraction));                 // product at overflow
    case 4: return box(f, assemble(f, bit, exponent + bias - random_below(f.fraction + 3), fraction)); // quotient at underflow
    default: return box(f, assemble(f, bit, exponent - random_below(f.fraction + 3), fraction));   // rounding of a sum
    }
}

uint64_t random_cancelling(char type, uint64_t a, uint64_t b)
{
    uint64_t near = random_below(5) - 2, sign = random_bits() & 1;
    if (type == 's')
    {
        float x, y, product;
        uint32_t bits, ai = (uint32_t)a, bi = (uint32_t)b;
        memcpy(&x, &ai, 4);
        memcpy(&y, &bi, 4);
        product = x * y;
        memcpy(&bits, &product, 4);
        return 0xffffffff00000000 | (uint32_t)((bits ^ (uint32_t)sign << 31) + near);
    }

    double x, y, product;
    uint64_t bits;
    memcpy(&x, &a, 8);
    memcpy(&y, &b, 8);
    product = x * y;
    memcpy(&bits, &product, 8);
    return (bits ^ sign << 63) + near;
}
