/* Copies of 1 MiB by general registers, by LSX, by LASX and by the C library's memcpy in turns; prints the best rate of each in
   MiB per second, and how many times that of general registers it is. usage: copy [ROUNDS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE (1l << 20)
#define TIMES 20

/* Four registers of a unit go to and fro in each turn of the loop; the processor's common code is of this form. */
#define COPY(NAME, BYTES, LOAD, STORE, R0, R1, R2, R3)                                                                 \
    static void *NAME(void *to, const void *from, size_t size)                                                         \
    {                                                                                                                  \
        char *t = to;                                                                                                  \
        for (const char *f = from, *end = f + size; f < end; f += 4 * BYTES, t += 4 * BYTES)                           \
            __asm__ volatile(LOAD " $" R0 ", %1, 0\n\t" LOAD " $" R1 ", %1, %2\n\t"                                    \
                             LOAD " $" R2 ", %1, 2 * %2\n\t" LOAD " $" R3 ", %1, 3 * %2\n\t"                           \
                             STORE " $" R0 ", %0, 0\n\t" STORE " $" R1 ", %0, %2\n\t"                                  \
                             STORE " $" R2 ", %0, 2 * %2\n\t" STORE " $" R3 ", %0, 3 * %2"                             \
                             : : "r"(t), "r"(f), "i"(BYTES)                                                            \
                             : "memory", "t4", "t5", "t6", "t7", "f4", "f5", "f6", "f7");                              \
        return to;                                                                                                     \
    }

COPY(by_general_registers, 8, "ld.d", "st.d", "t4", "t5", "t6", "t7")
COPY(by_lsx, 16, "vld", "vst", "vr4", "vr5", "vr6", "vr7")
COPY(by_lasx, 32, "xvld", "xvst", "xr4", "xr5", "xr6", "xr7")

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int count, char **arguments)
{
    static const struct { const char *name; void *(*copy)(void *, const void *, size_t); } ways[] = {
        { "general", by_general_registers }, { "lsx", by_lsx }, { "lasx", by_lasx }, { "memcpy", memcpy },
    };
    enum { WAYS = sizeof ways / sizeof *ways };
    double best[WAYS] = { 0 };
    char *from = aligned_alloc(4096, SIZE), *to = aligned_alloc(4096, SIZE);
    for (long i = 0; i < SIZE; i++)
        from[i] = (char)(i * 31 + i / 777);
    for (int round = count > 1 ? atoi(arguments[1]) : 50; round > 0; round--)
        for (int way = 0; way < WAYS; way++) {
            memset(to, round, SIZE);
            double start = seconds();
            for (int n = 0; n < TIMES; n++)
                ways[way].copy(to, from, SIZE);
            double rate = TIMES / (seconds() - start);
            best[way] = rate > best[way] ? rate : best[way];
            if (memcmp(to, from, SIZE))
                return printf("%s copies wrongly\n", ways[way].name), 1;
        }
    for (int way = 0; way < WAYS; way++)
        printf("%-8s %9.0f MiB/s %6.2f\n", ways[way].name, best[way], best[way] / best[0]);
    return 0;
}
