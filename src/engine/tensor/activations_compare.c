/* SPDX-License-Identifier: MIT */
/* The error of activations, as a report: its sums in the order of core/sums.h over the numbers as
 * they are in memory. Those that fill up the last group are 0 in both, and add nothing. */
#include <math.h>
#include <string.h>

#include "core/report_totals.h"
#include "core/sums.h"
#include "engine/tensor/activations.h"

struct comparing {
    struct quant_report *report;
    double sums[QUANT_MEASURE_SUMS];
    double carries[QUANT_MEASURE_SUMS];
};

/* A block of numbers from x on, which is the first-th. */
static void measure(struct comparing *comparing, const float *x, const float *restored, size_t n,
                    uint64_t first)
{
    double lanes[QUANT_MEASURE_SUMS][QUANT_MEASURE_LANES] = {{0}};
    struct quant_report *report = comparing->report;
    struct quant_measure_block block = {.lanes = lanes,
                                        .min_unclipped = -INFINITY,
                                        .max_unclipped = INFINITY,
                                        .max_abs_error = report->max_abs_error};
    quant_kernels()->measure(x, restored, n, 0, &block);
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
        quant_sum_add(&comparing->sums[i], &comparing->carries[i], quant_sum_lanes(lanes[i]));
    report->zeroed += block.zeroed;
    report->sign_flipped += block.sign_flipped;
    if (block.max_abs_error > report->max_abs_error) {
        report->max_abs_error = block.max_abs_error;
        report->max_abs_error_index = first + block.max_abs_error_index;
        report->max_abs_error_x = (double)x[block.max_abs_error_index];
        report->max_abs_error_restored = (double)restored[block.max_abs_error_index];
    }
}

static void set_sums(struct comparing *comparing)
{
    struct quant_report *report = comparing->report;
    double totals[QUANT_MEASURE_SUMS];
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++)
        totals[i] = quant_sum_total(comparing->sums[i], comparing->carries[i]);
    quant_report_set_sums(report, totals);
    quant_report_derive(report);
}

/* From a place in memory to the index in the matrix of samples and units, in C order. */
static uint64_t index_of(const struct quant_activations *activations, uint64_t place)
{
    const uint64_t group = place / QUANT_MULTIPLY_SAMPLES / activations->nunits;
    const uint64_t unit = place / QUANT_MULTIPLY_SAMPLES % activations->nunits;
    const uint64_t sample = group * QUANT_MULTIPLY_SAMPLES + place % QUANT_MULTIPLY_SAMPLES;
    return sample * activations->nunits + unit;
}

static bool count_units(const float *x, const float *restored, uint64_t n,
                        struct quant_drift_layer *layer)
{
    bool are_finite = true;
    for (uint64_t i = 0; i < n; i++) {
        are_finite &= isfinite(x[i]) && isfinite(restored[i]);
        layer->active += x[i] > 0;
        layer->switched_off += x[i] > 0 && !(restored[i] > 0);
        layer->switched_on += !(x[i] > 0) && restored[i] > 0;
    }
    return are_finite;
}

bool quant_activations_compare(const struct quant_activations *original,
                               const struct quant_activations *restored,
                               struct quant_drift_layer *layer)
{
    const uint64_t n =
        quant_activations_groups(original) * original->nunits * QUANT_MULTIPLY_SAMPLES;
    struct comparing comparing = {.report = &layer->outputs};
    layer->outputs =
        (struct quant_report){.n = original->nsamples * original->nunits, .max_abs_error = -1};
    for (uint64_t first = 0; first < n; first += QUANT_MEASURE_BLOCK) {
        const size_t count =
            n - first < QUANT_MEASURE_BLOCK ? (size_t)(n - first) : (size_t)QUANT_MEASURE_BLOCK;
        measure(&comparing, original->x + first, restored->x + first, count, first);
    }
    set_sums(&comparing);
    layer->outputs.max_abs_error_index = index_of(original, layer->outputs.max_abs_error_index);
    layer->active = layer->switched_off = layer->switched_on = 0;
    const bool are_finite = count_units(original->x, restored->x, n, layer);
    if (!layer->has_relu)
        layer->active = layer->switched_off = layer->switched_on = 0;
    return are_finite;
}
