/* Calls: recursion, and through tables of functions. The mix of guests/mix. */
#include "../../guests/mix/mix.h"
#include "programs.h"

typedef uint64_t operation(uint64_t, uint64_t);

static uint64_t __attribute__((noinline)) fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t __attribute__((noinline)) add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t __attribute__((noinline)) subtract(uint64_t a, uint64_t b) { return a - 3 * b; }
static uint64_t __attribute__((noinline)) mingle(uint64_t a, uint64_t b) { return a ^ b << 7; }
static uint64_t __attribute__((noinline)) multiply(uint64_t a, uint64_t b) { return a * (b | 1); }

uint64_t calls(void)
{
    static operation *volatile const table[] = { add, subtract, mingle, multiply };
    uint64_t sum = fibonacci(31), random = 1234567;
    for (int n = 0; n < 4000000; n++)
        sum = table[next_random(&random) >> 13 & 3](sum, random);
    return sum;
}

uint64_t mix(void)
{
    uint16_t crc = 1;
    for (int n = 0; n < 400; n++)
        crc = mix_round(crc);
    return crc;
}
