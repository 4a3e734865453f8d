/* The programs that engines are compared by. Each does a fixed amount of work and returns a checksum of its results. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdint.h>

uint64_t hash(void);
uint64_t compress(void);
uint64_t sort(void);
uint64_t mix(void);
uint64_t bytecode(void);
uint64_t calls(void);
uint64_t nbody(void);
uint64_t matrix(void);
uint64_t matrix_lsx(void);
uint64_t matrix_lasx(void);
uint64_t memory(void);
uint64_t strings(void);
uint64_t processes(void);
uint64_t syscalls(void);
uint64_t page_faults(void);

/* The next number of a pseudo-random sequence. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Checksums depend on the order of what is folded. */
static inline uint64_t fold(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001b3u;
}

static inline uint64_t fold_bytes(uint64_t sum, const void *bytes, unsigned long size)
{
    for (unsigned long n = 0; n < size; n++)
        sum = fold(sum, ((const uint8_t *)bytes)[n]);
    return sum;
}

#endif
