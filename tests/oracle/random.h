// Pseudo-random numbers, immediates and operand values for the recorder: reproducible, and biased towards the values
// at which instructions change their behaviour.
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

// Starts a new sequence.
void random_seed(uint64_t seed);

// 64 random bits.
uint64_t random_bits(void);

// A number below limit.
uint32_t random_below(uint32_t limit);

// A general register's value.
uint64_t random_integer(void);

// A floating-point register's value of the given type: 's', 'd' and 'e' (half precision) floats, 'w' and 'l'
// integers. Single precision values have arbitrary upper halves.
uint64_t random_float(char type);

// A second operand that makes arithmetic with the first one interesting: nearby, opposite, or at the edge of overflow
// or underflow in product or quotient.
uint64_t random_partner(char type, uint64_t first);

// An addend close to -(a * b), so that the fused sum cancels and shows every bit of the product.
uint64_t random_cancelling(char type, uint64_t a, uint64_t b);

#endif
