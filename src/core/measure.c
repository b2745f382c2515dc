/* SPDX-License-Identifier: MIT */
/* The error report as a stream: six sums at the same time, in the order of core/sums.h. */
#include "core/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/float_environment.h"
#include "base/nibble.h"
#include "base/small_float.h"
#include "core/elements.h"
#include "core/report_totals.h"
#include "core/sums.h"
#include "kernels/ggml_blocks.h"
#include "kernels/kernels.h"

/* Elements that are restored at a time, on the stack. */
enum { PIECE = 1024 };

_Static_assert(QUANT_MEASURE_BLOCK % PIECE == 0, "a piece must not straddle two blocks");
_Static_assert(PIECE % QUANT_MEASURE_LANES == 0, "a full piece begins at lane 0");

void quant_measure_init(struct quant_measure *measure, const struct quant_params *params)
{
    memset(measure, 0, sizeof *measure);
    measure->params = *params;
    measure->report.max_abs_error = -1;
    quant_unclipped_range(params, &measure->unclipped[0], &measure->unclipped[1]);
}

struct quant_measure *quant_measure_new(const struct quant_params *params)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_measure *measure = quant_elements_can_map(params) ? malloc(sizeof *measure) : NULL;
    if (measure)
        quant_measure_init(measure, params);
    return measure;
}

void quant_measure_free(struct quant_measure *measure)
{
    free(measure);
}

/* Whether an element is clipped depends on its group, so it is counted group by group. */
void quant_measure_init_groups(struct quant_measure *measure, const struct quant_params *common)
{
    quant_measure_init(measure, common);
    measure->unclipped[0] = -INFINITY;
    measure->unclipped[1] = INFINITY;
}

/* The sums of a full block are added to the compensated ones, or kept in the part, since they are
 * added after those of earlier parts. */
static void close_block(struct quant_measure *measure, struct quant_measure_part *part)
{
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++) {
        const double sum = quant_sum_lanes(measure->lanes[i]);
        if (part)
            part->sums[part->nblocks][i] = sum;
        else
            quant_sum_add(&measure->sums[i], &measure->carries[i], sum);
    }
    if (part)
        part->nblocks++;
    memset(measure->lanes, 0, sizeof measure->lanes);
}

/* Finite elements only, as for every figure. The levels of int32 are not counted: a bit for each
 * would take 512 MiB. */
static void mark_levels(struct quant_measure *measure, const float *x, const unsigned char *q,
                        size_t n, bool all_finite)
{
    quant_mark_levels_fn *mark = quant_kernels()->mark_levels[measure->params.dtype];
    const struct quant_block_type *block = quant_ggml_block(measure->params.dtype);
    if (block)
        block->mark_levels(q, n / block->nelems, measure->levels);
    if (!mark)
        return;
    if (all_finite) {
        mark(q, n, measure->levels);
        return;
    }
    const enum quant_dtype dtype = measure->params.dtype;
    const bool packed = quant_dtype_info(dtype)->bits == 4;
    const size_t size = (size_t)quant_dtype_bytes(dtype, 1);
    for (size_t i = 0; i < n; i++) {
        const unsigned char nibble = packed ? (unsigned char)quant_nibble_get(q, i) : 0;
        if (isfinite(x[i]))
            mark(packed ? &nibble : q + size * i, 1, measure->levels);
    }
}

/* Whether a finite element was restored as a NaN, which can only happen with a float target. Such
 * elements do not count in any figure: kept becomes x without them. */
static bool leave_out_nans(const struct quant_params *params, const float *x, const float *restored,
                           size_t n, float *kept)
{
    bool found = false;
    for (size_t i = 0; i < n && !quant_dtype_info(params->dtype)->is_integer; i++)
        found |= isnan(restored[i]) && isfinite(x[i]);
    for (size_t i = 0; found && i < n; i++)
        kept[i] = isnan(restored[i]) ? (float)NAN : x[i];
    return found;
}

/* groups may be NULL, here and below. */
static void restore(const struct quant_measure *measure, const struct quant_group_part *groups,
                    const unsigned char *q, size_t n, float *restored)
{
    if (groups)
        quant_dequantize_groups(&measure->params, groups->grouping, &groups->params,
                                groups->first + measure->seen, q, n, restored);
    else
        quant_dequantize(&measure->params, q, n, restored);
}

static void add_piece(struct quant_measure *measure, struct quant_measure_part *part,
                      const struct quant_group_part *groups, const float *x, const unsigned char *q,
                      size_t n)
{
    float restored[PIECE];
    float kept[PIECE];
    restore(measure, groups, q, n, restored);
    if (leave_out_nans(&measure->params, x, restored, n, kept))
        x = kept;
    struct quant_report *report = &measure->report;
    struct quant_measure_block block = {
        .lanes = measure->lanes,
        .min_unclipped = measure->unclipped[0],
        .max_unclipped = measure->unclipped[1],
        .max_abs_error = report->max_abs_error,
    };
    quant_kernels()->measure(x, restored, n, (size_t)(measure->seen % QUANT_MEASURE_LANES), &block);

    mark_levels(measure, x, q, n, block.nonfinite == 0);
    if (groups)
        block.clipped = quant_group_sums_add(&measure->params, groups, measure->seen, x, restored,
                                             n, block.nonfinite == 0);
    report->nonfinite += block.nonfinite;
    report->clipped += block.clipped;
    report->zeroed += block.zeroed;
    report->sign_flipped += block.sign_flipped;
    if (block.max_abs_error > report->max_abs_error) {
        const size_t i = block.max_abs_error_index;
        report->max_abs_error = block.max_abs_error;
        report->max_abs_error_index = measure->seen + i;
        report->max_abs_error_x = (double)x[i];
        report->max_abs_error_restored = (double)restored[i];
    }
    measure->seen += n;
    if (measure->seen % QUANT_MEASURE_BLOCK == 0)
        close_block(measure, part);
}

static void add(struct quant_measure *measure, struct quant_measure_part *part,
                const struct quant_group_part *groups, const float *x, const unsigned char *q,
                size_t n)
{
    while (n > 0) {
        const size_t to_boundary = PIECE - (size_t)(measure->seen % PIECE);
        const size_t piece = n < to_boundary ? n : to_boundary;
        add_piece(measure, part, groups, x, q, piece);
        x += piece;
        q += quant_dtype_bytes(measure->params.dtype, piece);
        n -= piece;
    }
}

void quant_measure_add(struct quant_measure *measure, const float *x, const void *q, size_t n)
{
    QUANT_DEFAULT_FLOATS(caller);
    add(measure, NULL, NULL, x, q, n);
}

void quant_measure_part_take_groups(struct quant_measure_part *part,
                                    const struct quant_measure *whole,
                                    const struct quant_group_part *groups, const float *x,
                                    const void *q, size_t n)
{
    struct quant_measure *measure = &part->measure;
    measure->params = whole->params;
    measure->report = (struct quant_report){.max_abs_error = -1};
    measure->unclipped[0] = whole->unclipped[0];
    measure->unclipped[1] = whole->unclipped[1];
    measure->seen = 0;
    memset(measure->lanes, 0, sizeof measure->lanes);
    part->nblocks = 0;
    add(measure, part, groups, x, q, n);
}

void quant_measure_part_take(struct quant_measure_part *part, const struct quant_measure *whole,
                             const float *x, const void *q, size_t n)
{
    quant_measure_part_take_groups(part, whole, NULL, x, q, n);
}

void quant_measure_join(struct quant_measure *whole, const struct quant_measure_part *part)
{
    const struct quant_measure *measure = &part->measure;
    const struct quant_report *from = &measure->report;
    struct quant_report *to = &whole->report;
    for (size_t block = 0; block < part->nblocks; block++)
        for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
            quant_sum_add(&whole->sums[i], &whole->carries[i], part->sums[block][i]);
    memcpy(whole->lanes, measure->lanes, sizeof whole->lanes);
    to->nonfinite += from->nonfinite;
    to->clipped += from->clipped;
    to->zeroed += from->zeroed;
    to->sign_flipped += from->sign_flipped;
    if (from->max_abs_error > to->max_abs_error) {
        to->max_abs_error = from->max_abs_error;
        to->max_abs_error_index = whole->seen + from->max_abs_error_index;
        to->max_abs_error_x = from->max_abs_error_x;
        to->max_abs_error_restored = from->max_abs_error_restored;
    }
    for (size_t i = 0; i < sizeof whole->levels / sizeof whole->levels[0]; i++)
        whole->levels[i] |= measure->levels[i];
    whole->seen += measure->seen;
}

/* The number of integers of the type, or of its finite numbers: as many below zero as above, and
 * zero. */
static uint64_t levels_of(enum quant_dtype dtype)
{
    const struct quant_small_float *type = quant_small_float(dtype);
    const struct quant_block_type *block = quant_ggml_block(dtype);
    if (block)
        return block->levels;
    return type ? UINT64_C(2) * type->max + 1 : UINT64_C(1) << quant_dtype_info(dtype)->bits;
}

static uint64_t count_levels(const struct quant_measure *measure)
{
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof measure->levels / sizeof measure->levels[0]; i++)
        count += (uint64_t)__builtin_popcountll(measure->levels[i]);
    return count;
}

void quant_measure_report(const struct quant_measure *measure, enum quant_dtype source,
                          uint64_t nscales, struct quant_report *report)
{
    QUANT_DEFAULT_FLOATS(caller);
    double sums[QUANT_MEASURE_SUMS];
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++) {
        double carry = measure->carries[i];
        sums[i] = measure->sums[i];
        quant_sum_add(&sums[i], &carry, quant_sum_lanes(measure->lanes[i])); /* the last block */
        sums[i] = quant_sum_total(sums[i], carry);
    }
    *report = measure->report;
    report->n = measure->seen - report->nonfinite;
    quant_report_set_sums(report, sums);
    report->levels_used = count_levels(measure);
    report->levels = levels_of(measure->params.dtype);
    report->bytes_in = quant_dtype_bytes(source, measure->seen);
    report->bytes_out = quant_dtype_bytes(measure->params.dtype, measure->seen) +
                        quant_scale_bytes(&measure->params, nscales);
    quant_report_derive(report);
}
