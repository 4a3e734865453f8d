// What the programs of the corpus share. Their output must not depend on the processor, compiler or C library.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
    const char *name;
    void (*run)(void);
};

// Defines a program and enters it into the list that main.c runs.
#define PROGRAM(NAME)                                                                                                  \
    static void run_##NAME(void);                                                                                      \
    static const struct program program_##NAME                                                                        \
        __attribute__((section("programs"), used, aligned(8))) = {#NAME, run_##NAME};                                  \
    static void run_##NAME(void)

// A digest of many results, so that each of them counts and a line stands for all.
typedef uint64_t digest;
#define DIGEST 0xcbf29ce484222325

static inline void add(digest *sum, uint64_t value)
{
    *sum = (*sum ^ value) * 0x9e3779b97f4a7c15;
    *sum ^= *sum >> 29;
}

static inline void add_bytes(digest *sum, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        add(sum, ((const unsigned char *)data)[i]);
}

static inline void show(const char *name, digest sum)
{
    printf("%s %016llx\n", name, (unsigned long long)sum);
}

// Ends the program with a message when something that holds on every computer does not.
#define CHECK(CONDITION) ((CONDITION) ? (void)0 : check_failed(__FILE__, __LINE__, #CONDITION))
_Noreturn void check_failed(const char *file, int line, const char *condition);

// Pseudo-random numbers, the same everywhere (splitmix64).
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

// Numbers with many zeros, ones and runs: the ones that find carries and signs.
uint64_t random_edge(uint64_t *state);

// Hides a value from the optimizer.
#define HIDE(X) __asm__ volatile("" : "+r"(X) : : "memory")

// Bits of a floating-point number; all NaNs count as one, because their payloads are the processor's business.
static inline uint64_t bits64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return x != x ? 0x7ff8000000000000 : bits;
}

static inline uint32_t bits32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return x != x ? 0x7fc00000 : bits;
}

static inline double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
