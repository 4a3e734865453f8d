// The recorder's view of the machine: run one short piece of LoongArch code from a given register state and catch
// everything it leaves behind. Both directions go through signal frames, so that every register, sp and tp included,
// can be an operand and nothing has to be reserved.
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

enum
{
    CODE = 0x100000,       // code region, filled with "break 0": wherever a branch goes, it stops
    CODE_SIZE = 0x10000,
    DATA = 0x200000,       // data region, zero before each case
    DATA_SIZE = 0x4000,
    START = CODE + 0x8000, // where a case's code lies unless it says otherwise
};

typedef struct
{
    uint64_t pc;
    uint64_t gpr[32];
    uint64_t vr[32][4];
    uint64_t fcc;          // one byte per flag
    uint32_t fcsr;
} State;

// Maps the regions, installs the handlers; ends the program where that fails.
void machine_open(void);

// Runs the instructions at state->pc until one of them faults or the word behind them is reached. Returns the trap's
// name, or NULL when all were executed; state is what they left.
const char *machine_run(State *state, const uint32_t *code, int count);

#endif
