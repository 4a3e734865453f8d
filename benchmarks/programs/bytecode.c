/* An interpreter of a small stack machine; the program counts primes and Collatz steps. */
#include "programs.h"

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, REM, SHR, AND, LESS, JUMP, JUMP_IF, JUMP_IF_NOT, HALT };

#define I(operation, operand) ((operation) | (uint32_t)(operand) << 8)

/* Variables: 0 limit, 1 candidate, 2 divisor, 3 result, 4 value. */
static const uint32_t program[] = {
    /* 0 */ I(PUSH, 2), I(STORE, 1),
    /* 2: candidate < limit? */ I(LOAD, 1), I(LOAD, 0), I(LESS, 0), I(JUMP_IF_NOT, 50),
    /* 6 */ I(PUSH, 2), I(STORE, 2),
    /* 8: divisor * divisor <= candidate? */ I(LOAD, 1), I(LOAD, 2), I(LOAD, 2), I(MUL, 0), I(LESS, 0), I(JUMP_IF, 24),
    /* 14 */ I(LOAD, 1), I(LOAD, 2), I(REM, 0), I(JUMP_IF_NOT, 28),
    /* 18 */ I(LOAD, 2), I(PUSH, 1), I(ADD, 0), I(STORE, 2), I(JUMP, 8), I(HALT, 0),
    /* 24: prime */ I(LOAD, 3), I(LOAD, 1), I(ADD, 0), I(STORE, 3),
    /* 28: Collatz */ I(LOAD, 1), I(STORE, 4),
    /* 30 */ I(PUSH, 1), I(LOAD, 4), I(LESS, 0), I(JUMP_IF_NOT, 51),
    /* 34 */ I(LOAD, 4), I(PUSH, 1), I(AND, 0), I(JUMP_IF, 43),
    /* 38 */ I(LOAD, 4), I(PUSH, 1), I(SHR, 0), I(STORE, 4), I(JUMP, 30),
    /* 43 */ I(LOAD, 4), I(PUSH, 3), I(MUL, 0), I(PUSH, 1), I(ADD, 0), I(STORE, 4), I(JUMP, 30),
    /* 50 */ I(HALT, 0),
    /* 51 */ I(LOAD, 1), I(PUSH, 1), I(ADD, 0), I(STORE, 1), I(JUMP, 2),
};

static uint64_t execute(uint64_t limit)
{
    uint64_t stack[16], *top = stack, variables[5] = { limit };
    for (const uint32_t *at = program;;) {
        uint32_t word = *at++, operand = word >> 8;
        switch (word & 0xff) {
        case PUSH: *top++ = operand; break;
        case LOAD: *top++ = variables[operand]; break;
        case STORE: variables[operand] = *--top; break;
        case ADD: top--; top[-1] += *top; break;
        case SUB: top--; top[-1] -= *top; break;
        case MUL: top--; top[-1] *= *top; break;
        case REM: top--; top[-1] %= *top; break;
        case SHR: top--; top[-1] >>= *top; break;
        case AND: top--; top[-1] &= *top; break;
        case LESS: top--; top[-1] = top[-1] < *top; break;
        case JUMP: at = program + operand; break;
        case JUMP_IF: if (*--top != 0) at = program + operand; break;
        case JUMP_IF_NOT: if (*--top == 0) at = program + operand; break;
        default: return variables[3];
        }
    }
}

uint64_t bytecode(void)
{
    return execute(9000);
}
