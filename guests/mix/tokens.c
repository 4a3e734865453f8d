#include "mix.h"

/* A scanner for numbers: decides character by character whether a token is an integer, a decimal fraction, a number with
   exponent, hexadecimal, or nothing of all that; counts tokens and changes of state. */

enum state { START, SIGN, ZERO, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, POWER, PREFIX, HEX, INVALID, STATES };

static const char text[] =
    "12,-7,0x1f,3.25,+6e3,x9,0,-0.5e-12,1.2.3,0xzz,99999,+,4e,7e+5,-12.75,0xdeadbeef,.5,8.,--1,1e9,"
    "2048,0x0,-1,6.02e23,abc,0x,17,-3.,+0x7f,5e-1,";

static int digit(char c) { return c >= '0' && c <= '9'; }
static int hex_digit(char c) { return digit(c) || (c >= 'a' && c <= 'f'); }

static enum state step(enum state state, char c)
{
    switch (state) {
    case START:
        if (c == '+' || c == '-')
            return SIGN;
        /* fall through */
    case SIGN:
        return c == '0' ? ZERO : digit(c) ? INTEGER : c == '.' ? POINT : INVALID;
    case ZERO:
        if (c == 'x')
            return PREFIX;
        /* fall through */
    case INTEGER:
        return digit(c) ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT:
        return digit(c) ? FRACTION : INVALID;
    case FRACTION:
        return digit(c) ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT:
        if (c == '+' || c == '-')
            return EXPONENT_SIGN;
        /* fall through */
    case EXPONENT_SIGN:
    case POWER:
        return digit(c) ? POWER : INVALID;
    case PREFIX:
    case HEX:
        return hex_digit(c) ? HEX : INVALID;
    default:
        return INVALID;
    }
}

static char work[sizeof text];

uint16_t tokens_round(uint16_t seed)
{
    uint16_t ends[STATES] = { 0 }, changes[STATES] = { 0 };
    for (unsigned n = 0; n < sizeof text; n++)
        work[n] = text[n];
    for (int pass = 0; pass < 2; pass++) {
        enum state state = START;
        for (const char *c = work; *c; c++) {
            enum state next = *c == ',' ? START : step(state, *c);
            if (next == START)
                ends[state]++;
            else if (next != state)
                changes[next]++;
            state = next;
        }
        /* The second pass scans a text that the seed has damaged. */
        for (unsigned n = seed % 13; n + 1 < sizeof text; n += 13)
            if (work[n] != ',')
                work[n] ^= seed & 7;
    }
    uint16_t crc = seed;
    for (int state = 0; state < STATES; state++)
        crc = crc16(crc, ends[state] | (uint32_t)changes[state] << 16);
    return crc;
}
