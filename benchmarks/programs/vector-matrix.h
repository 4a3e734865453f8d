/* Products of matrices by vector instructions. Who includes this defines NAME and, for both precisions, the vector type, how
   many elements it has, load, store, broadcast and fused multiply-add. */
#include "programs.h"

#define SIZE 96
#define ROUNDS 3

static double a[SIZE][SIZE], b[SIZE][SIZE], product[SIZE][SIZE];
static float single_a[SIZE][SIZE], single_b[SIZE][SIZE], single_product[SIZE][SIZE];

static void multiply(void)
{
    for (int row = 0; row < SIZE; row++)
        for (int column = 0; column < SIZE; column += 4 * DOUBLES) {
            double_vector sums[4] = { 0 };
            for (int n = 0; n < SIZE; n++) {
                double_vector factor = BROADCAST_DOUBLE(a[row][n]);
                for (int part = 0; part < 4; part++)
                    sums[part] = MADD_DOUBLE(factor, LOAD_DOUBLE(&b[n][column + part * DOUBLES]), sums[part]);
            }
            for (int part = 0; part < 4; part++)
                STORE_DOUBLE(sums[part], &product[row][column + part * DOUBLES]);
        }
}

static void multiply_single(void)
{
    for (int row = 0; row < SIZE; row++)
        for (int column = 0; column < SIZE; column += SINGLES) {
            single_vector sum = { 0 };
            for (int n = 0; n < SIZE; n++)
                sum = MADD_SINGLE(BROADCAST_SINGLE(single_a[row][n]), LOAD_SINGLE(&single_b[n][column]), sum);
            STORE_SINGLE(sum, &single_product[row][column]);
        }
}

uint64_t NAME(void)
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
        for (int row = 0; row < SIZE; row++)
            sum = fold(fold(sum, (uint64_t)(int64_t)(product[row][row] * 65536)), (uint64_t)(int64_t)(single_product[row][row] * 256));
        a[round][round] = product[round][round] / 64;
        single_a[round][round] = single_product[round][round] / 64;
    }
    return sum;
}
