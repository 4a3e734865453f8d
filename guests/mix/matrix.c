#include "mix.h"

#define SIZE 20

static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
static int32_t product[SIZE][SIZE];

static void fill(uint16_t seed)
{
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
            seed = seed * 25173u + 13849u;
            a[row][column] = seed & 0xff;
            b[row][column] = (seed >> 8) - 128;
        }
    }
}

static void multiply(void)
{
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
            int32_t sum = 0;
            for (int n = 0; n < SIZE; n++)
                sum += a[row][n] * b[n][column];
            product[row][column] = sum;
        }
    }
}

/* Runs of rising elements and a sum of bit fields: branches that depend on the data. */
static uint32_t fold(int32_t limit)
{
    uint32_t result = 0;
    int32_t previous = 0, sum = 0;
    for (int row = 0; row < SIZE; row++) {
        for (int column = 0; column < SIZE; column++) {
            int32_t value = product[row][column];
            sum += (value >> 2 & 0xf) * (value >> 5 & 0x7f);
            if (sum > limit) {
                result += 10;
                sum = 0;
            } else if (value > previous) {
                result++;
            }
            previous = value;
        }
    }
    return result << 16 ^ (uint32_t)sum;
}

uint16_t matrix_round(uint16_t seed)
{
    fill(seed);
    multiply();
    uint16_t crc = crc16(seed, fold(4000));
    for (int row = 0; row < SIZE; row++)
        for (int column = 0; column < SIZE; column++)
            a[row][column] += (int16_t)(product[column][row] >> 8);
    multiply();
    return crc16(crc, fold(9000));
}
