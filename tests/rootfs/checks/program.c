/* Compiled in the guest; what it prints has been known for longer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int primes_below(int limit)
{
    char *composite = calloc((size_t)limit, 1);
    int count = 0;
    for (int i = 2; i < limit; i++) {
        count += !composite[i];
        for (long j = (long)i * i; !composite[i] && j < limit; j += i)
            composite[j] = 1;
    }
    free(composite);
    return count;
}

static int queens(int n, unsigned columns, unsigned left, unsigned right)
{
    unsigned all = (1u << n) - 1;
    int count = 0;
    if (columns == all)
        return 1;
    for (unsigned free = all & ~(columns | left | right); free; free &= free - 1) {
        unsigned bit = free & -free;
        count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static double trace_of_inverse_hilbert(void)
{
    enum { N = 5 };
    double a[N][2 * N], trace = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 2 * N; j++)
            a[i][j] = j < N ? 1.0 / (i + j + 1) : i == j - N;
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = 0; j < 2 * N; j++)
                a[i][j] -= i == k ? 0 : factor * a[k][j];
        }
    for (int i = 0; i < N; i++)
        trace += a[i][N + i] / a[i][i];
    return trace;
}

int main(void)
{
    char text[64];
    double sum = 0;
    snprintf(text, sizeof text, "%.12f", 4 * atan(1));
    for (int i = 1; i <= 1000; i++)
        sum += 1.0 / i / i;
    printf("%d %d %.3f %s %.6f\n", primes_below(1000000), queens(8, 0, 0, 0), trace_of_inverse_hilbert(), text, sum);
    return strlen(text) != 14;
}
