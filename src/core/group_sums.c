/* SPDX-License-Identifier: MIT */
/*
 * The error of each group. The consecutive elements of a group in a piece are summed in eight
 * lanes, and these sums one after another. Pieces have fixed places, so the order of additions
 * depends only on the shape.
 */
#include "core/group_sums.h"

#include <math.h>

#include "base/grouping.h"
#include "core/group_params.h"
#include "kernels/kernels.h"

enum { LANES = 8 };

/* Consecutive elements of one group. */
struct run {
    struct quant_params params;
    double max; /* the largest number of a float type; 0 for an integer type */
    const float *x;
    const float *restored;
    size_t n;
};

static double squared_error(const struct run *run)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; run->n - i >= LANES; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            const double e = (double)run->x[i + k] - (double)run->restored[i + k];
            lanes[k] += e * e;
        }
    }
    for (size_t k = 0; i < run->n; i++, k++) {
        const double e = (double)run->x[i] - (double)run->restored[i];
        lanes[k] += e * e;
    }
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* What the ends of the target range are restored as. An element that the clamp changed was restored
 * as one of them; only these few are checked one by one. */
struct ends {
    float low;
    float high;
};

static struct ends ends_of(const struct quant_params *params, double max)
{
    const int64_t z = params->zero_point;
    if (max > 0) /* a float type */
        return (struct ends){(float)-max * params->scale, (float)max * params->scale};
    const float bias = quant_params_have_biases(params) ? params->bias : 0;
    const float first = (float)(params->qmin - z) * params->scale + bias;
    const float last = (float)(params->qmax - z) * params->scale + bias;
    return params->scale < 0 ? (struct ends){last, first} : (struct ends){first, last};
}

/* 0 for an integer type. */
static double max_float(const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    return info->is_integer ? 0 : info->max;
}

static bool is_at_end(const struct ends *ends, float restored)
{
    return (restored >= ends->high) | (restored <= ends->low);
}

static uint64_t count_clipped(const struct run *run)
{
    const struct ends ends = ends_of(&run->params, run->max);
    int any = 0;
    for (size_t i = 0; i < run->n; i++)
        any |= is_at_end(&ends, run->restored[i]);
    uint64_t clipped = 0;
    for (size_t i = 0; any && i < run->n; i++)
        if (is_at_end(&ends, run->restored[i]))
            clipped += quant_is_clipped(&run->params, run->x[i]);
    return clipped;
}

/* Elements that are not finite are left out: what remains are runs of finite ones. */
static uint64_t add_finite(struct quant_group_sums *sums, const struct run *run, bool all_finite)
{
    uint64_t clipped = 0;
    size_t i = 0;
    while (i < run->n) {
        struct run finite = *run;
        finite.x += i;
        finite.restored += i;
        finite.n -= i;
        if (!all_finite) {
            finite.n = 0;
            while (i + finite.n < run->n && isfinite(finite.x[finite.n]))
                finite.n++;
        }
        sums->squared_error += squared_error(&finite);
        sums->n += finite.n;
        clipped += count_clipped(&finite);
        i += finite.n + (all_finite ? 0 : 1);
    }
    return clipped;
}

/* n channels side by side, with one element each here: the same as add_finite for each of them. */
static uint64_t add_row(const struct quant_params *common, const struct quant_group_part *groups,
                        uint64_t at, const float *x, const float *restored, size_t n)
{
    const double max = max_float(common);
    uint64_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            continue;
        const double e = (double)x[i] - (double)restored[i];
        groups->sums[at + i].squared_error += e * e;
        groups->sums[at + i].n++;
        const struct quant_params params =
            quant_group_params_of(common, &groups->params, groups->params.first + at + i);
        const struct ends ends = ends_of(&params, max);
        if (is_at_end(&ends, restored[i]))
            clipped += quant_is_clipped(&params, x[i]);
    }
    return clipped;
}

uint64_t quant_group_sums_add(const struct quant_params *common,
                              const struct quant_group_part *groups, uint64_t at, const float *x,
                              const float *restored, size_t n, bool all_finite)
{
    const struct quant_group_params *params = &groups->params;
    struct quant_stretch stretch = quant_stretch_at(groups->grouping, groups->first + at);
    struct run run = {*common, max_float(common), x, restored, 0};
    const bool is_row = groups->grouping->repeat == 1;
    uint64_t clipped = 0;
    while (n > 0) {
        const uint64_t group = stretch.group - params->first;
        const uint64_t left = is_row ? quant_stretch_row_left(&stretch) : stretch.left;
        run.n = left < n ? (size_t)left : n;
        if (is_row) {
            clipped += add_row(common, groups, group, run.x, run.restored, run.n);
            quant_stretch_advance_row(&stretch, run.n);
        } else {
            run.params = quant_group_params_of(common, params, stretch.group);
            clipped += add_finite(&groups->sums[group], &run, all_finite);
            quant_stretch_advance(&stretch, run.n);
        }
        run.x += run.n;
        run.restored += run.n;
        n -= run.n;
    }
    return clipped;
}

unsigned quant_group_workers(const struct quant_grouping *grouping, unsigned workers)
{
    const uint64_t sums = (64 << 20) / sizeof(struct quant_group_sums);
    const uint64_t max = grouping->count > 0 ? sums / grouping->count : workers;
    if (max < 1)
        return 1;
    return max < workers ? (unsigned)max : workers;
}
