/* SPDX-License-Identifier: MIT */
/* A kind of kernels: point_errors. Lanes are compared bit by bit. */
#include <string.h>

#include "kinds.h"

static size_t bytes_of_lanes(const struct call *call)
{
    (void)call;
    return QUANT_POINT_LANES * sizeof(double);
}

static void points_shape(struct call *call, size_t round)
{
    (void)round;
    call->n -= call->n % QUANT_POINT_LANES;
}

static void points_run(const struct quant_kernels *row, struct call *call)
{
    row->point_errors(&call->grid, call->arrays[0], call->arrays[1], call->n, call->arrays[2]);
}

/* By rint and its own clamp, which checks scalar.c too. */
static double error_of(const struct quant_grid *grid, double at)
{
    const double x = at * grid->steps - grid->phase;
    const double e = x - rint(fmin(fmax(x, grid->first), grid->last));
    return e * e;
}

static void points_reference(struct call *call)
{
    const double *at = call->arrays[0];
    const double *weight = call->arrays[1];
    double *lanes = call->arrays[2];
    for (size_t i = 0; i < call->n; i++)
        lanes[i % QUANT_POINT_LANES] += weight[i] * error_of(&call->grid, at[i]);
}

static void points_fill(struct random *random, size_t round, struct call *call)
{
    const double scale = ldexp(0.5 + random_unit(random), (int)random_below(random, 20) - 10);
    const double first = floor(-300 * random_unit(random));
    double *at = call->arrays[0];
    double *weight = call->arrays[1];
    (void)round;
    call->grid = (struct quant_grid){.steps = 1 / scale,
                                     .phase = random_unit(random) - 0.5,
                                     .first = first,
                                     .last = first + 255};
    for (size_t i = 0; i < call->n; i++) {
        at[i] = scale * 600 * (random_unit(random) - 0.5);
        weight[i] = (double)random_below(random, 4);
    }
    for (size_t lane = 0; lane < QUANT_POINT_LANES; lane++)
        ((double *)call->arrays[2])[lane] = (double)lane;
}

static void points_fill_typical(struct random *random, size_t variant, struct call *call)
{
    points_fill(random, variant, call);
}

/* Halfway between two multiples, at both limits, and zeros of either sign. */
static void check_ties(const struct quant_kernels *row)
{
    static const double at[QUANT_POINT_LANES] = {-0.625, -0.375, -0.125, 0.125,
                                                 0.375,  0.0,    -0.0,   0.25};
    static const double weight[QUANT_POINT_LANES] = {1, 2, 3, 1, 1, 1, 1, 0};
    struct work work;
    work_begin(&work, &kind_point_errors, QUANT_INT8, QUANT_POINT_LANES);
    work.call.grid = (struct quant_grid){.steps = 4, .first = -2, .last = 1};
    memcpy(work.call.arrays[0], at, sizeof at);
    memcpy(work.call.arrays[1], weight, sizeof weight);
    for (size_t lane = 0; lane < QUANT_POINT_LANES; lane++)
        ((double *)work.call.arrays[2])[lane] = (double)lane;
    work_compare(&work, row, "ties");
    work_end(&work);
}

static const struct check points_checks[] = {{"ties", check_ties}, {NULL, NULL}};

const struct kind kind_point_errors = {
    .name = "point_errors",
    .member = offsetof(struct quant_kernels, point_errors),
    .nmembers = 1,
    .arrays = {{"at", bytes_of_doubles, sizeof(double), false},
               {"weight", bytes_of_doubles, sizeof(double), false},
               {"lanes", bytes_of_lanes, sizeof(double), true}},
    .shape = points_shape,
    .fill = points_fill,
    .fill_typical = points_fill_typical,
    .run = points_run,
    .reference = points_reference,
    .nrounds = 100,
    .placed = {0, 1, 1, 0, 1},
    .checks = points_checks,
};
