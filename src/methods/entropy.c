/* SPDX-License-Identifier: MIT */
/*
 * The threshold that loses the least information, by the algorithm of NVIDIA's TensorRT (Migacz
 * 2017, "8-bit Inference with TensorRT", GTC), which ONNX Runtime has too:
 *
 * A histogram with BINS bins on each side of 0 is taken over [-T, T]; for absmax one of |x|, over
 * [0, T]. For each width i from the number of levels L on, the i bins next to 0 (on each side) are
 * compared with the same bins in only L levels:
 *
 *     P = these bins; the outermost ones also have all that lies outside, since clipping puts it
 *         there
 *     Q = these bins in L groups. Group g is the bins floor(g * m / L) to
 *         floor((g + 1) * m / L) - 1 of the m bins; its elements are spread evenly over those of
 * its bins where P is not empty KL(P || Q) = sum over the bins of P of p ln(p / q), both scaled to
 * a sum of 1
 *
 * The width with the smallest divergence, the widest if some are equal, gives the threshold i * T /
 * BINS, the outer edge of its bins. With 16 bits there are more levels than bins, and the threshold
 * is the largest magnitude. For absmax L is half the integers of the target, rounded up: 128 for
 * int8. For the zero-point scheme it is all of them, on both sides together. The threshold t is
 * symmetric all the same, as in ONNX Runtime, and the range is the part of [-t, t] that was
 * observed.
 *
 * Where this differs:
 *
 * - Elements that round to zero when [-T, T] is mapped (|x| at most half of that step) are not
 *   counted. No threshold loses much of them, but there are often very many: zeros after a ReLU,
 *   numbers near 0 after a GELU, noise of 1e-9. They would fill the bin at 0, and the divergence
 *   would be smallest where that bin has a level of its own, however much is clipped for it.
 * - A width is skipped if its squared error is larger than that of all BINS bins. Divergence alone
 *   clips too much: on half of the weights and activations of real networks it loses more than 1.25
 *   times the squared error of minmax in int8, and up to thousands of times as much. The error is
 *   computed from the histogram (entropy_error.c).
 * - TensorRT and ONNX Runtime take T to be the largest magnitude. So does this, except for
 *   outliers: if the largest magnitude is more than REACH times the 0.9999 quantile of |x| > 0, T
 *   is ROOM times the 0.99 quantile, or the largest magnitude within REACH if that is more.
 *   Elements beyond T count as clipped, and are left out of the squared error. REACH is ten times
 *   what those tensors have. Quantile q is the element of rank floor(q (n - 1)), never the largest
 *   of several. All of these are upper edges of bins of float_keys.h.
 * - ONNX Runtime puts m / L bins, rounded down, into each group, and all that remain into the last,
 *   and adds 0.0001 to empty bins. Here an empty bin of Q under one of P that is not makes the
 *   divergence infinite. It is also infinite if all elements of the width are in its outermost bins
 *   and others are clipped to them: one bin is the same as itself, however many elements are in it.
 *   For few values, on a grid, and 4 bits, that would be by far the smallest divergence, with all
 *   but the smallest values clipped.
 * - The logarithm is computed here, since the last bit of the library's depends on the processor.
 *
 * docs/entropy.md compares it with ONNX Runtime.
 */
#include <math.h>
#include <string.h>

#include "core/range_params.h"
#include "methods/calibrator.h"
#include "methods/entropy_search.h"
#include "methods/filled_bins.h"
#include "methods/float_keys.h"

enum { BINS = QUANT_ENTROPY_BINS, BEYOND = QUANT_ENTROPY_BEYOND, REACH = 256, ROOM = 16 };

struct state {
    double limit; /* T */
    double width; /* of a bin */
    double zero;  /* magnitudes up to this are not counted */
    struct quant_entropy_mapping mapping;
    struct quant_entropy_search search;
    uint64_t counts[QUANT_ENTROPY_COUNTS];      /* of a small tensor */
    uint32_t keys[2 * QUANT_CALIBRATION_SMALL]; /* of the same, and room to sort them */
};

static bool is_symmetric(const struct quant_calibrator *calibrator)
{
    return calibrator->target.scheme == QUANT_ABSMAX;
}

static void begin(struct quant_calibrator *calibrator)
{
    calibrator->ncounts = QUANT_KEY_BINS;
}

/* T / BINS is exact, since BINS is a power of two. T itself is at place BINS, in the last bin. */
static void count_bins(const struct quant_calibrator *calibrator, const float *x, size_t n,
                       uint64_t *counts)
{
    const struct state *state = calibrator->state;
    const bool symmetric = is_symmetric(calibrator);
    for (size_t i = 0; i < n; i++) {
        const double magnitude = fabs((double)x[i]);
        const bool left = x[i] < 0 && !symmetric;
        if (!(magnitude > state->zero && isfinite(x[i])))
            continue;
        if (magnitude > state->limit) {
            counts[BEYOND + !left]++;
            continue;
        }
        const double place = magnitude / state->width;
        const int bin = place < BINS ? (int)place : BINS - 1;
        counts[left ? BINS - 1 - bin : BINS + bin]++;
    }
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums) /* NOLINT: other methods write there */
{
    (void)sums;
    if (calibrator->passes == 0)
        quant_keys_count_magnitudes(x, n, tally->counts);
    else
        count_bins(calibrator, x, n, tally->counts);
}

static uint64_t rank_of(double quantile, uint64_t n)
{
    return (uint64_t)(quantile * (double)(n - 1));
}

static double upper_edge(uint32_t bin)
{
    return (double)quant_key_value(bin << 16 | 0xFFFF);
}

/* Finds T from the elements by magnitude. Zeros are in one bin with the smallest numbers there are,
 * and are left out with it. */
static double find_limit(const struct quant_calibrator *calibrator, struct quant_filled_bins bins)
{
    const double absmax = quant_calibrator_absmax(calibrator);
    const uint64_t n = quant_bins_total(&bins);
    if (n == 0)
        return absmax;
    uint64_t bulk = rank_of(0.99, n);
    uint64_t nearly_all = rank_of(0.9999, n);
    const double bulk_edge = upper_edge(quant_bins_at_rank(&bins, &bulk));
    const double reach = REACH * upper_edge(quant_bins_at_rank(&bins, &nearly_all));
    if (absmax <= reach)
        return absmax;
    struct quant_bin last = {.count = 0};
    while (quant_bins_last(&bins, &last) && upper_edge(last.number) > reach)
        continue;
    return fmin(absmax, fmax(ROOM * bulk_edge, upper_edge(last.number)));
}

static struct quant_filled_bins bins_of_counts(const struct quant_calibrator *calibrator)
{
    return quant_bins_of_counts(calibrator->counts, NULL, QUANT_KEY_ZERO + 1, QUANT_KEY_LAST + 1);
}

/* The bins of a small tensor. */
static struct quant_filled_bins bins_of_elements(const struct quant_calibrator *calibrator,
                                                 const float *x, size_t n)
{
    struct state *state = calibrator->state;
    size_t nkeys = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bin = quant_key(fabsf(x[i])) >> 16;
        state->keys[nkeys] = bin;
        nkeys += (bin > QUANT_KEY_ZERO) & (bin <= QUANT_KEY_LAST);
    }
    const uint32_t *sorted = quant_keys_sort(state->keys, nkeys, state->keys + nkeys);
    return quant_bins_of_keys(sorted, nkeys, 0);
}

/* How widths are mapped, with lengths in bins. */
static struct quant_entropy_mapping find_mapping(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    const struct quant_target *target = &calibrator->target;
    if (is_symmetric(calibrator))
        return (struct quant_entropy_mapping){
            .steps = quant_target_max_step(target), .min = 0, .max = BINS};
    double min = (double)calibrator->observed.min;
    double max = (double)calibrator->observed.max;
    if (target->include_zero) {
        min = fmin(min, 0);
        max = fmax(max, 0);
    }
    return (struct quant_entropy_mapping){
        .steps = (double)target->qmax - (double)target->qmin,
        .min = min / state->width,
        .max = max / state->width,
    };
}

static void set_limit(const struct quant_calibrator *calibrator, double limit)
{
    struct state *state = calibrator->state;
    state->limit = limit;
    state->width = limit / BINS;
    state->mapping = find_mapping(calibrator);
    state->zero = quant_entropy_step(&state->mapping, BINS) * state->width / 2;
}

static void settle(struct quant_calibrator *calibrator, const uint64_t *counts)
{
    struct state *state = calibrator->state;
    const bool symmetric = is_symmetric(calibrator);
    const struct quant_target *target = &calibrator->target;
    const size_t integers = (size_t)((int64_t)target->qmax - target->qmin + 1);
    const size_t width =
        quant_entropy_search(&state->search, counts, integers, symmetric, &state->mapping);
    double reach = (double)width * state->width;
    if (width == 0)
        reach = quant_calibrator_absmax(calibrator); /* nothing is clipped */
    else if (width == BINS)
        reach = state->limit;
    quant_calibrator_settle_around_zero(calibrator, reach);
}

/* The second pass does not count all elements. */
static bool adds_up(const struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 0)
        return quant_calibrator_has_all(calibrator);
    return quant_calibrator_total(calibrator->counts, QUANT_ENTROPY_COUNTS) <= calibrator->nfinite;
}

static void next(struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 1)
        set_limit(calibrator, find_limit(calibrator, bins_of_counts(calibrator)));
    else
        settle(calibrator, calibrator->counts);
}

static void small(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    set_limit(calibrator, find_limit(calibrator, bins_of_elements(calibrator, x, n)));
    memset(state->counts, 0, sizeof state->counts);
    count_bins(calibrator, x, n, state->counts);
    settle(calibrator, state->counts);
}

const struct quant_calibration quant_calibration_entropy = {
    .name = "entropy",
    .summary = "smallest Kullback-Leibler divergence, as in TensorRT and ONNX Runtime",
    .for_integers = true,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .small = small,
};
