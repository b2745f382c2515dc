/* SPDX-License-Identifier: MIT */
/* Every row of the kernel table against the scalar definition: the squared errors of points. Lanes
 * are compared bit by bit. */
#include <math.h>

#include "../support/floats.h"
#include "rows.h"

enum { MOST = 40 * QUANT_POINT_LANES };

/* By rint and its own clamp: what scalar.c is held against. */
static double error_of(const struct quant_grid *grid, double at)
{
    const double x = at * grid->steps - grid->phase;
    const double e = x - rint(fmin(fmax(x, grid->first), grid->last));
    return e * e;
}

static void check(const struct quant_kernels *row, const struct quant_grid *grid, const double *at,
                  const double *weight, size_t n)
{
    double lanes[QUANT_POINT_LANES];
    double expected[QUANT_POINT_LANES];
    for (size_t lane = 0; lane < QUANT_POINT_LANES; lane++)
        lanes[lane] = expected[lane] = (double)lane;
    for (size_t i = 0; i < n; i++)
        expected[i % QUANT_POINT_LANES] += weight[i] * error_of(grid, at[i]);
    row->point_errors(grid, at, weight, n, lanes);
    if (memcmp(lanes, expected, sizeof lanes) != 0)
        fail_msg("%s, point_errors, n %zu, %g steps", row->name, n, grid->steps);
}

static void check_random(const struct quant_kernels *row)
{
    static double at[MOST];
    static double weight[MOST];
    struct random random = random_begin();
    for (size_t n = 0; n <= MOST; n += QUANT_POINT_LANES) {
        const double scale = ldexp(0.5 + random_unit(&random), (int)random_below(&random, 20) - 10);
        const double first = floor(-300 * random_unit(&random));
        const struct quant_grid grid = {.steps = 1 / scale,
                                        .phase = random_unit(&random) - 0.5,
                                        .first = first,
                                        .last = first + 255};
        for (size_t i = 0; i < n; i++) {
            at[i] = scale * 600 * (random_unit(&random) - 0.5);
            weight[i] = (double)random_below(&random, 4);
        }
        check(row, &grid, at, weight, n);
    }
}

/* Halfway between two multiples, at both ends, and zeros of either sign. */
static void check_ties(const struct quant_kernels *row)
{
    const struct quant_grid grid = {.steps = 4, .first = -2, .last = 1};
    const double at[QUANT_POINT_LANES] = {-0.625, -0.375, -0.125, 0.125, 0.375, 0.0, -0.0, 0.25};
    const double weight[QUANT_POINT_LANES] = {1, 2, 3, 1, 1, 1, 1, 0};
    check(row, &grid, at, weight, QUANT_POINT_LANES);
}

int main(void)
{
    static const struct row_group groups[] = {
        {"point_errors, random points", check_random},
        {"point_errors, ties", check_ties},
    };
    return random_end(rows_run("kernels/table_points", groups, LENGTH(groups), NULL, 0));
}
