/* Bodies that attract each other, in double precision. */
#include "programs.h"
#include <math.h>

#define BODIES 5
#define STEPS 60000

static double position[BODIES][3], velocity[BODIES][3], mass[BODIES];

static void prepare(void)
{
    uint64_t random = 77;
    for (int n = 0; n < BODIES; n++) {
        mass[n] = n == 0 ? 40 : 0.01 * (n + 1);
        for (int axis = 0; axis < 3; axis++) {
            position[n][axis] = n == 0 ? 0 : (double)(next_random(&random) >> 40) / (1 << 20) - 8 + 3 * n;
            velocity[n][axis] = n == 0 ? 0 : (double)(next_random(&random) >> 40) / (1 << 23) - 1;
        }
    }
}

static void attract(int a, int b, double step)
{
    double distance[3], square = 0;
    for (int axis = 0; axis < 3; axis++) {
        distance[axis] = position[a][axis] - position[b][axis];
        square += distance[axis] * distance[axis];
    }
    double magnitude = step / (square * sqrt(square));
    for (int axis = 0; axis < 3; axis++) {
        velocity[a][axis] -= distance[axis] * mass[b] * magnitude;
        velocity[b][axis] += distance[axis] * mass[a] * magnitude;
    }
}

uint64_t nbody(void)
{
    prepare();
    for (int step = 0; step < STEPS; step++) {
        for (int a = 0; a < BODIES; a++)
            for (int b = a + 1; b < BODIES; b++)
                attract(a, b, 0.001);
        for (int n = 0; n < BODIES; n++)
            for (int axis = 0; axis < 3; axis++)
                position[n][axis] += 0.001 * velocity[n][axis];
    }
    return fold_bytes(0, position, sizeof position);
}
