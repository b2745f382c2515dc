/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: each_errors and run_errors, against a plain version of their contract. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kinds.h"

/* The arrays of such a call. */
enum { SCALES, ZERO_POINTS, X, RESTORED, SUMS };

static size_t bytes_of_sums(const struct call *call)
{
    return (call->n + call->run - 1) / call->run * sizeof(double);
}

/* Whether x is within the limits of its group, as the contract says. */
static bool is_within(const struct call *call, size_t group, float x)
{
    const float scale = ((const float *)call->arrays[SCALES])[group];
    const int32_t zero_point = ((const int32_t *)call->arrays[ZERO_POINTS])[group];
    const float z = (float)zero_point;
    const float min = (call->unclipped.lowest - z) * scale;
    const float max = (call->unclipped.highest - z) * scale;
    return scale >= FLT_MIN && zero_point >= -(1 << 20) && zero_point <= 1 << 20 && min <= x &&
           x <= max;
}

/* The sum of one group: lanes from last to first, which are then added as a tree. */
static double add_lanes(const float *x, const float *restored, size_t n)
{
    double lanes[QUANT_GROUP_LANES];
    for (size_t lane = QUANT_GROUP_LANES; lane-- > 0;) {
        lanes[lane] = 0;
        for (size_t i = lane; i < n; i += QUANT_GROUP_LANES) {
            const double e = (double)x[i] - (double)restored[i];
            const double square = e * e;
            lanes[lane] += square;
        }
    }
    for (size_t width = QUANT_GROUP_LANES / 2; width > 0; width /= 2)
        for (size_t lane = 0; lane < width; lane++)
            lanes[lane] += lanes[lane + width];
    return lanes[0];
}

static void errors_reference(struct call *call)
{
    const float *x = call->arrays[X];
    const float *restored = call->arrays[RESTORED];
    double *sums = call->arrays[SUMS];
    call->returned = false;
    for (size_t i = 0; i < call->n; i++)
        call->returned |= !is_within(call, i / call->run, x[i]);
    for (size_t i = 0; i < call->n; i += call->run)
        sums[i / call->run] += add_lanes(x + i, restored + i, call->run);
}

/* Elements within the limits of their groups. */
static void fill_within(struct random *random, struct call *call)
{
    float *x = call->arrays[X];
    float *restored = call->arrays[RESTORED];
    float *scales = call->arrays[SCALES];
    int32_t *zero_points = call->arrays[ZERO_POINTS];
    call->unclipped = (struct quant_unclipped){-128.25F, 127.25F};
    for (size_t i = 0; i < call->n; i++) {
        const size_t group = i / call->run;
        if (i % call->run == 0) {
            scales[group] = (float)(0.01 + random_unit(random));
            zero_points[group] = (int32_t)random_below(random, 17) - 8;
            ((double *)call->arrays[SUMS])[group] = random_unit(random);
        }
        const double steps = 255 * random_unit(random) - 128 - zero_points[group];
        x[i] = (float)(steps * (double)scales[group]);
        restored[i] = (float)(nearbyint(steps) * (double)scales[group]);
    }
}

/* One thing that is at a limit, or beyond it, in some of the rounds: an element, a scale or a zero
 * point. Else many elements have any bits. */
static void errors_fill(struct random *random, size_t round, struct call *call)
{
    static const int32_t zero_points[] = {1 << 20,        -(1 << 20), (1 << 20) + 1,
                                          -(1 << 20) - 1, INT32_MIN,  INT32_MAX};
    static const float scales[] = {FLT_MIN, FLT_MIN / 2, 0, -1, INFINITY, 0x1p-149F};
    float *x = call->arrays[X];
    fill_within(random, call);
    if (call->n == 0)
        return;
    const size_t at = random_below(random, (uint32_t)call->n);
    const size_t group = at / call->run;
    float *scale = (float *)call->arrays[SCALES] + group;
    int32_t *zero_point = (int32_t *)call->arrays[ZERO_POINTS] + group;
    switch (round % 8) {
    case 1:
        x[at] = (call->unclipped.lowest - (float)*zero_point) * *scale;
        x[at] = random_nudge(random, x[at], 1);
        break;
    case 2:
        x[at] = (call->unclipped.highest - (float)*zero_point) * *scale;
        x[at] = random_nudge(random, x[at], 1);
        break;
    case 3:
        *zero_point = zero_points[random_below(random, LENGTH(zero_points))];
        call->unclipped = (struct quant_unclipped){-0x1p40F, 0x1p40F};
        break;
    case 4:
        *scale = scales[random_below(random, LENGTH(scales))];
        for (size_t i = 0; i < call->n; i++)
            x[i] = i / call->run == group ? 0 : x[i];
        break;
    case 5:
        call->unclipped = (struct quant_unclipped){INFINITY, -INFINITY};
        break;
    case 6:
        for (size_t i = 0; i < call->n; i++) {
            const float v = float_of((uint32_t)random_64(random));
            x[i] = isfinite(v) ? v : FLT_MAX;
            ((float *)call->arrays[RESTORED])[i] = i % 5 == 4 ? INFINITY : -x[i];
        }
        break;
    default:
        break;
    }
}

static void errors_fill_typical(struct random *random, size_t variant, struct call *call)
{
    call->run = variant == 0 ? 32 : variant == 1 ? 128 : 1024;
    fill_within(random, call);
}

static bool same_errors(const struct call *found, const struct call *expected)
{
    return found->returned == expected->returned &&
           memcmp(found->arrays[SUMS], expected->arrays[SUMS], bytes_of_sums(found)) == 0;
}

/* ---- each_errors ----------------------------------------------------------------------------- */

static void each_run(const struct quant_kernels *row, struct call *call)
{
    call->returned =
        row->each_errors(&call->unclipped, call->arrays[SCALES], call->arrays[ZERO_POINTS],
                         call->arrays[X], call->arrays[RESTORED], call->n, call->arrays[SUMS]);
}

static void each_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    call->run = 1;
    fill_within(random, call);
}

const struct kind kind_each_errors = {
    .name = "each_errors",
    .member = offsetof(struct quant_kernels, each_errors),
    .nmembers = 1,
    .arrays = {{"scales", bytes_of_floats, sizeof(float), false},
               {"zero_points", bytes_of_floats, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), false},
               {"restored", bytes_of_floats, sizeof(float), false},
               {"sums", bytes_of_sums, sizeof(double), true}},
    .fill = errors_fill,
    .fill_typical = each_fill_typical,
    .run = each_run,
    .reference = errors_reference,
    .same = same_errors,
    .nrounds = 400,
    .placed = {0, 1, 2, 2, 1},
};

/* ---- run_errors ------------------------------------------------------------------------------ */

/* Whole runs of any length, and of 32 in every other round. */
static void runs_shape(struct call *call, size_t round)
{
    const size_t run = round % 2 ? 32 : 1 + round / 2 % 75;
    call->run = run;
    call->n = call->n / run * run;
}

static void runs_run(const struct quant_kernels *row, struct call *call)
{
    call->returned = row->run_errors(
        &call->unclipped, call->arrays[SCALES], call->arrays[ZERO_POINTS], call->run,
        call->arrays[X], call->arrays[RESTORED], call->n / call->run, call->arrays[SUMS]);
}

const struct kind kind_run_errors = {
    .name = "run_errors",
    .member = offsetof(struct quant_kernels, run_errors),
    .nmembers = 1,
    .arrays = {{"scales", bytes_of_runs, sizeof(float), false},
               {"zero_points", bytes_of_runs, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), false},
               {"restored", bytes_of_floats, sizeof(float), false},
               {"sums", bytes_of_sums, sizeof(double), true}},
    .shape = runs_shape,
    .fill = errors_fill,
    .fill_typical = errors_fill_typical,
    .variants = {"32", "128", "1024"},
    .run = runs_run,
    .reference = errors_reference,
    .same = same_errors,
    .nrounds = 1200,
    .placed = {0, 5, 4, 7, 4},
};
