/* SPDX-License-Identifier: MIT */
/*
 * The error of each group. The consecutive elements of a group in a piece are summed in eight
 * lanes, and these sums one after another. Pieces have fixed places, so the order of additions
 * depends only on the shape.
 *
 * The kernels that add errors also say whether the clamp may have changed an element. That is rare,
 * and such elements are then checked one by one.
 */
#include "core/group_sums.h"

#include <math.h>
#include <stdlib.h>

#include "base/grouping.h"
#include "core/group_params.h"
#include "kernels/kernels.h"

bool quant_group_sums_init(struct quant_group_sums *sums, size_t count)
{
    sums->squared_errors = calloc(count, sizeof *sums->squared_errors);
    sums->nonfinite = calloc(count, sizeof *sums->nonfinite);
    return sums->squared_errors && sums->nonfinite;
}

void quant_group_sums_release(struct quant_group_sums *sums)
{
    free(sums->squared_errors);
    free(sums->nonfinite);
    *sums = (struct quant_group_sums){NULL, NULL};
}

/* ---- Clipped elements ---- */

/* What all groups have in common. */
struct common {
    const struct quant_params *params;
    const struct quant_group_part *groups;
    struct quant_unclipped unclipped;
    double max; /* the largest number of a float type; 0 for an integer type */
};

/*
 * A quarter of a step is added to the limits: as the largest element of most groups decides the
 * scale, it is at the end of the range, and often a little beyond.
 *
 * For integers of 16 bits and a near zero point z, k = qmax - z is below 2^21, so k + 1/4 is exact,
 * and (k + 1/4) s is rounded by at most 2^-24 of it, an eighth of a step. So x / s is at most k +
 * 3/8 before it is rounded, which changes nothing: to float32 as 3/8 is one, and to an integer as
 * it is less than 1/2. For floats, max * s is rounded by less than what divides max from the number
 * after it. Products below FLT_MIN are exact, or rounded by less than 2^-24 of a step.
 */
static struct quant_unclipped unclipped_of(const struct quant_params *params,
                                           const struct quant_group_params *groups)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (params->mapping != QUANT_MAP_PLAIN || groups->biases || info->bits > 16 ||
        info->block_nelems > 0)
        return (struct quant_unclipped){INFINITY, -INFINITY}; /* each element may be clipped */
    if (!info->is_integer)
        return (struct quant_unclipped){(float)-info->max, (float)info->max};
    return (struct quant_unclipped){(float)params->qmin - 0.25F, (float)params->qmax + 0.25F};
}

static struct common common_of(const struct quant_params *params,
                               const struct quant_group_part *groups)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    return (struct common){params, groups, unclipped_of(params, &groups->params),
                           info->is_integer ? 0 : info->max};
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

static bool is_at_end(const struct ends *ends, float restored)
{
    return (restored >= ends->high) | (restored <= ends->low);
}

/* n finite elements of a group. */
static uint64_t count_clipped(const struct common *common, uint64_t group, const float *x,
                              const float *restored, size_t n)
{
    const struct quant_params params =
        quant_group_params_of(common->params, &common->groups->params, group);
    const struct ends ends = ends_of(&params, common->max);
    uint64_t clipped = 0;
    for (size_t i = 0; i < n; i++)
        if (quant_may_be_clipped(&common->unclipped, params.scale, params.zero_point, x[i]) &&
            is_at_end(&ends, restored[i]))
            clipped += quant_is_clipped(&params, x[i]);
    return clipped;
}

/* ---- Runs ---- */

/* count groups from `group` on, with `run` consecutive elements each. */
struct runs {
    uint64_t group;
    size_t count;
    size_t run;
};

static uint64_t add_runs(const struct common *common, const struct runs *runs, const float *x,
                         const float *restored)
{
    const struct quant_group_part *groups = common->groups;
    const uint64_t at = runs->group - groups->params.first;
    uint64_t clipped = 0;
    if (!quant_kernels()->run_errors(&common->unclipped, groups->params.scales + at,
                                     groups->params.zero_points + at, runs->run, x, restored,
                                     runs->count, groups->sums.squared_errors + at))
        return 0;
    for (size_t i = 0; i < runs->count; i++)
        clipped += count_clipped(common, runs->group + i, x + i * runs->run,
                                 restored + i * runs->run, runs->run);
    return clipped;
}

/* n elements of one group. Those that are not finite are left out: what remains are runs. */
static uint64_t add_finite(const struct common *common, uint64_t group, const float *x,
                           const float *restored, size_t n)
{
    uint64_t clipped = 0;
    for (size_t i = 0; i < n; i++) {
        struct runs finite = {group, 1, 0};
        while (i + finite.run < n && isfinite(x[i + finite.run]))
            finite.run++;
        if (finite.run > 0)
            clipped += add_runs(common, &finite, x + i, restored + i);
        i += finite.run;
        if (i < n)
            common->groups->sums.nonfinite[group - common->groups->params.first]++;
    }
    return clipped;
}

/* Groups of which the next n elements are one run each, of the same length. One such run at least,
 * which may be a part of one. */
static struct runs next_runs(const struct quant_stretch *stretch, size_t n)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const uint64_t run = stretch->left;
    struct runs runs = {stretch->group, 1, run < n ? (size_t)run : n};
    uint64_t ahead = 1; /* groups to the end of the stride or the row */
    if (run > n)
        return runs;
    if (grouping->ngroups == 1 && run == grouping->panel)
        ahead = (grouping->stride - stretch->panel.first % grouping->stride) / run;
    else if (grouping->ngroups > 1 && run == grouping->repeat)
        ahead = grouping->row / run - (stretch->group - stretch->panel.first_group);
    if (ahead > 1)
        runs.count = (size_t)(ahead < n / run ? ahead : n / run);
    return runs;
}

/* There are elements after them. */
static void advance_runs(struct quant_stretch *stretch, const struct runs *runs)
{
    const struct quant_grouping *grouping = stretch->grouping;
    if (grouping->ngroups == 1 && runs->count > 1)
        *stretch = quant_stretch_at(grouping, stretch->panel.first + runs->count * runs->run);
    else
        for (size_t i = 0; i < runs->count; i++)
            quant_stretch_advance(stretch, runs->run);
}

/* ---- Rows ---- */

/* n channels side by side, with one element each here: the same as for each of them alone. */
static uint64_t add_row(const struct common *common, uint64_t group, const float *x,
                        const float *restored, size_t n, bool all_finite)
{
    const struct quant_group_part *groups = common->groups;
    const uint64_t at = group - groups->params.first;
    uint64_t clipped = 0;
    if (all_finite && !quant_kernels()->each_errors(&common->unclipped, groups->params.scales + at,
                                                    groups->params.zero_points + at, x, restored, n,
                                                    groups->sums.squared_errors + at))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!all_finite)
            clipped += add_finite(common, group + i, x + i, restored + i, 1);
        else if (quant_may_be_clipped(&common->unclipped, groups->params.scales[at + i],
                                      groups->params.zero_points[at + i], x[i]))
            clipped += count_clipped(common, group + i, x + i, restored + i, 1);
    }
    return clipped;
}

uint64_t quant_group_sums_add(const struct quant_params *common,
                              const struct quant_group_part *groups, uint64_t at, const float *x,
                              const float *restored, size_t n, bool all_finite)
{
    const struct common shared = common_of(common, groups);
    struct quant_stretch stretch = quant_stretch_at(groups->grouping, groups->first + at);
    uint64_t clipped = 0;
    while (n > 0) {
        size_t done = 0;
        if (groups->grouping->repeat == 1) {
            const uint64_t left = quant_stretch_row_left(&stretch);
            done = left < n ? (size_t)left : n;
            clipped += add_row(&shared, stretch.group, x, restored, done, all_finite);
            quant_stretch_advance_row(&stretch, done);
        } else if (all_finite) {
            const struct runs runs = next_runs(&stretch, n);
            done = runs.count * runs.run;
            clipped += add_runs(&shared, &runs, x, restored);
            if (done < n)
                advance_runs(&stretch, &runs);
        } else {
            done = stretch.left < n ? (size_t)stretch.left : n;
            clipped += add_finite(&shared, stretch.group, x, restored, done);
            quant_stretch_advance(&stretch, done);
        }
        x += done;
        restored += done;
        n -= done;
    }
    return clipped;
}

unsigned quant_group_workers(const struct quant_grouping *grouping, unsigned workers)
{
    const uint64_t sums = (64 << 20) / (sizeof(double) + sizeof(uint64_t));
    const uint64_t max = grouping->count > 0 ? sums / grouping->count : workers;
    if (max < 1)
        return 1;
    return max < workers ? (unsigned)max : workers;
}
