/* Products of matrices in scalar floating point: double and single precision. */
#include "programs.h"

#define SIZE 96
#define ROUNDS 6

static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];
static float single_a[SIZE][SIZE], single_b[SIZE][SIZE], single_product[SIZE][SIZE];

static void multiply(void)
{
    for (int row = 0; row < SIZE; row++)
        for (int column = 0; column < SIZE; column++) {
            double sum = 0;
            for (int n = 0; n < SIZE; n++)
                sum += a[row][n] * b[n][column];
            product[row][column] = sum;
        }
}

static void multiply_single(void)
{
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++)
            single_product[row][column] = 0;
        for (int n = 0; n < SIZE; n++)
            for (int column = 0; column < SIZE; column++)
                single_product[row][column] += single_a[row][n] * single_b[n][column];
    }
}

uint64_t matrix(void)
{
    uint64_t random = 4711, sum = 0;
    for (int row = 0; row < SIZE; row++)
        for (int column = 0; column < SIZE; column++) {
            a[row][column] = single_a[row][column] = (double)(next_random(&random) >> 44) / (1 << 18) - 2;
            b[row][column] = single_b[row][column] = (double)(next_random(&random) >> 44) / (1 << 19) - 1;
        }
    for (int round = 0; round < ROUNDS; round++) {
        multiply();
        multiply_single();
        sum = fold_bytes(fold_bytes(sum, product, sizeof product), single_product, sizeof single_product);
        a[round][round] = product[round][round] / 64;
        single_a[round][round] = single_product[round][round] / 64;
    }
    return sum;
}
