// Operand values for LSX and LASX rows: registers filled element by element.
#ifndef VECTORS_H
#define VECTORS_H

#include "machine.h"
#include "table.h"

// Whether a row works on vector registers.
int is_vector_row(const Row *row);

// Whether a row computes with floating-point elements, and so reads FCSR0 and writes it.
int is_vector_float_row(const Row *row);

// Fills the vector registers that the instruction reads.
void choose_vector_values(const Row *row, uint32_t word, State *state);

// What an LSX row leaves above bit 127 is undefined. Where QEMU neither keeps nor clears it, a recording says that it stays;
// where QEMU clears it on some computers only, that it is cleared.
void settle_upper_halves(const Row *row, uint32_t word, const State *before, State *after);

#endif
