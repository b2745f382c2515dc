/* SPDX-License-Identifier: MIT */
/* Inputs for the kernels that have a scale and a zero point for each element or run: parameters and
 * elements that are easy to get wrong. */
#include <float.h>
#include <stdlib.h>

#include "groups.h"

static const float odd_scales[] = {1,       0.1F,     0x1p-7F,   1e-30F,      1e38F,    FLT_MAX,
                                   FLT_MIN, 0x1p-99F, 0x1p-100F, 0x1.8p-101F, 0x1p-149F};

static const int32_t odd_zero_points[] = {
    0,        1,        -23,      -128,      127,       128,        129,     255,
    383,      -384,     512,      513,       -512,      -513,       4194304, 4194305,
    -4194304, -4194305, 16777217, INT32_MAX, INT32_MIN, -INT32_MAX,
};

/* How the zero points of a call are chosen. */
enum zeros {
    ZEROS_SAME,
    ZEROS_OF_TYPE,
    ZEROS_AROUND, /* up to and beyond the limit of fixed point */
    ZEROS_ABOVE,  /* the same on one side */
    ZEROS_NEAR,
    ZEROS_ONE_ODD, /* one in 48: most steps of a kernel meet no such element, and most calls at most
                      one */
    ZEROS_COUNT
};

static int32_t pick_zero_point(struct random *random, const struct quant_dtype_info *info,
                               enum zeros zeros, int32_t same)
{
    const int32_t min = (int32_t)info->min;
    const uint32_t width = (uint32_t)((int64_t)info->max - min) + 1;
    switch (zeros) {
    case ZEROS_SAME:
        return same;
    case ZEROS_OF_TYPE:
        return width == 0 ? (int32_t)(random_64(random) >> 32) /* 32 bits */
                          : min + (int32_t)random_below(random, width);
    case ZEROS_AROUND:
        return (int32_t)random_below(random, 1100) - 550;
    case ZEROS_ABOVE:
        return (int32_t)random_below(random, 520);
    case ZEROS_NEAR:
        return (int32_t)random_below(random, (1U << 23) + 1) - (1 << 22);
    default:
        return (int32_t)random_below(random, 200) - 100;
    }
}

static float pick_scale(struct random *random, size_t round)
{
    if (round % 3 == 0) /* exponents from -149 to 127 */
        return random_scale(random);
    if (random_below(random, 40) == 0)
        return odd_scales[random_below(random, LENGTH(odd_scales))];
    return (float)ldexp(1 + random_unit(random), (int)random_below(random, 20) - 10);
}

void group_common_set(struct quant_params *common, enum quant_dtype dtype, size_t round)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    *common = (struct quant_params){.dtype = dtype, .scale = (float)NAN, .zero_point = 77777};
    if (!info->is_integer)
        return;
    const int32_t min = (int32_t)info->min;
    const int32_t max = (int32_t)info->max;
    const int32_t narrow = (int64_t)max - min > 100 ? min + 100 : max - 1;
    common->qmin = (const int32_t[]){min, min + 1, min + 3, max - 1}[round % 4];
    common->qmax = (const int32_t[]){max, max, narrow, max}[round % 4];
    common->rounding = round / 4 % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
}

/* Ties are frequent, or so rare that not every step has one. */
void group_inputs_fill(struct random *random, size_t round, enum quant_dtype dtype,
                       struct call *call)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const enum zeros zeros = (enum zeros)(round % ZEROS_COUNT);
    const int32_t same = odd_zero_points[random_below(random, LENGTH(odd_zero_points))];
    const uint32_t odd = random_below(random, 48);
    const bool many_ties = round / ZEROS_COUNT % 2;
    float *scales = call->arrays[SCALES];
    int32_t *zero_points = call->arrays[ZERO_POINTS];
    float *x = call->arrays[X];
    group_common_set(&call->params, dtype, round / ZEROS_COUNT / 2);
    for (size_t i = 0; i < call->n; i++) {
        const size_t group = i / call->run;
        if (i % call->run == 0) {
            scales[group] = pick_scale(random, round / ZEROS_COUNT);
            zero_points[group] = info->is_integer ? pick_zero_point(random, info, zeros, same) : 0;
            if (info->is_integer && zeros == ZEROS_ONE_ODD && group % 48 == odd)
                zero_points[group] = same;
        }
        const float s = scales[group];
        const int32_t z = zero_points[group];
        if (many_ties || random_below(random, 200) == 0)
            x[i] = random_element(random, s, z);
        else
            x[i] = (float)((random_unit(random) - 0.5) * 600 - z) * s;
    }
}

void group_inputs_fill_same(struct random *random, struct call *call, bool has_zero_points)
{
    const struct quant_dtype_info *info = quant_dtype_info(call->dtype);
    const double middle = info->min < 0 ? 0 : (info->max + 1) / 2;
    group_common_set(&call->params, call->dtype, 0);
    random_normals(random, call->arrays[X], call->n);
    for (size_t i = 0; i * call->run < call->n; i++) {
        ((float *)call->arrays[SCALES])[i] = (float)(5 / (info->max - middle));
        ((int32_t *)call->arrays[ZERO_POINTS])[i] =
            has_zero_points ? (int32_t)(i * 37 % 200) - 100 : (int32_t)middle;
    }
}

/* ---- Runs ---- */

void group_runs_shape(struct call *call, size_t round)
{
    static const size_t runs[] = {32, 64, 96, 128, 320, 1024};
    call->run = runs[round * 7 / 3 % LENGTH(runs)];
}

struct group_each group_each_of(const struct call *call)
{
    const struct group_each each = {malloc((call->n + 1) * sizeof *each.scales),
                                    malloc((call->n + 1) * sizeof *each.zero_points)};
    assert_true(each.scales && each.zero_points);
    for (size_t i = 0; i < call->n; i++) {
        each.scales[i] = ((const float *)call->arrays[SCALES])[i / call->run];
        each.zero_points[i] = ((const int32_t *)call->arrays[ZERO_POINTS])[i / call->run];
    }
    return each;
}

void group_each_release(struct group_each *each)
{
    free(each->zero_points);
    free(each->scales);
}
