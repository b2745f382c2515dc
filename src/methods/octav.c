/* SPDX-License-Identifier: MIT */
/*
 * OCTAV (Sakr, Dai, Venkatesan, Zimmer, Dally, Khailany 2022, "Optimal Clipping and Magnitude-aware
 * Differentiation for Improved Quantization-aware Training", ICML) takes the squared error of
 * clipping at s, and rounding to steps of D(s) below it, to be
 *
 *     J(s) = D(s)^2 / 12 * P(0 < |x| <= s)  +  E[(|x| - s)^2; |x| > s]
 *
 * With the probabilities held constant, the derivative, which has to be 0, is 2 / n times
 *
 *     d(s) = D(s) D'(s) / 12 * count of 0 < |x| <= s  -  sum of (|x| - s) over |x| > s
 *
 * The paper has D = 2s / 2^B for data of both signs, which is a noise of 4^-B / 3 * s^2, and s /
 * 2^B, 4^-B / 12 * s^2, for data on one side of 0. Here D is the step that the range really gets.
 * That is not a power of two, and not proportional to s if one end of the range is that of the
 * elements:
 *
 *     absmax      D = s / qmax, or half of the target's steps for an unsigned type
 *     zero-point  D = (hi - lo) / (qmax - qmin), lo = max(-s, min), hi = min(s, max), both
 *                 extended to 0 if that is to be included
 *
 * The paper finds the zero of d by Newton's iteration from s = 0. Between neighboring magnitudes d
 * is linear, so once these are known no iteration is needed. One pass over the elements counts and
 * adds them up by the bins of float_keys.h, which shows in which bin the zero is; another one
 * counts the floats of that bin. All sums are of integers, the lower bits, so the order of
 * additions does not matter. The zero is the smallest s at which d is no longer negative, which is
 * where the iteration ends too. (Only at the end of the elements' shorter side can d fall again,
 * and have another zero.) For a small tensor, magnitudes are sorted instead, and bins and floats
 * are found among them.
 */
#include <math.h>

#include "core/range_params.h"
#include "methods/calibrator.h"
#include "methods/filled_bins.h"
#include "methods/float_keys.h"

enum {
    BINS = QUANT_KEY_BINS / 2, /* of magnitudes */
    LOWER = BINS, /* counts[LOWER + bin]: the sum of the lower halves of its elements */
    LOWER_HALVES = 1 << 16,
    LAST = QUANT_KEY_LAST - QUANT_KEY_ZERO,
    ZEROS = BINS - 1 /* zeros are counted in a bin that only NaNs have */
};

/* The elements above some s. */
struct above {
    double count;
    double sum; /* of their magnitudes */
};

struct state {
    double steps; /* of the target, over the range */
    double nonzero;
    uint32_t bin;    /* that has the zero of d */
    uint64_t inside; /* elements of that bin */
    struct above above_bin;
    uint32_t magnitudes[2 * QUANT_CALIBRATION_SMALL]; /* of a small tensor, and room to sort them */
};

static uint32_t magnitude_bits(float x)
{
    return quant_key(fabsf(x)) & 0x7FFFFFFF;
}

static double magnitude_of(uint32_t bits)
{
    return (double)quant_key_value(bits | 0x80000000);
}

static void begin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const struct quant_target *target = &calibrator->target;
    state->nonzero = 0;
    state->bin = 0;
    state->inside = 0;
    state->above_bin = (struct above){0, 0};
    state->steps = target->scheme == QUANT_ABSMAX ? quant_target_max_step(target)
                                                  : (double)target->qmax - (double)target->qmin;
    calibrator->ncounts = QUANT_KEY_BINS;
}

static void count_bins(const float *x, size_t n, uint64_t *counts)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = magnitude_bits(x[i]);
        const uint32_t bin = bits >> 16;
        counts[bits == 0 ? (uint32_t)ZEROS : bin]++;
        counts[LOWER + bin] += bits & 0xFFFF;
    }
}

static void count_floats(const float *x, size_t n, uint32_t bin, uint64_t *counts)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = magnitude_bits(x[i]);
        if (bits >> 16 == bin)
            counts[bits & 0xFFFF]++;
    }
}

static void block(const struct quant_calibrator *calibrator, const float *x, size_t n,
                  struct quant_tally *tally, double *sums) /* NOLINT: other methods write there */
{
    const struct state *state = calibrator->state;
    (void)sums;
    if (calibrator->passes == 0)
        count_bins(x, n, tally->counts);
    else
        count_floats(x, n, state->bin, tally->counts);
}

/* D(s) times the target's steps, and in *rate D'(s) times the same; where D' changes at s, to the
 * right of it. */
static double width_at(const struct quant_calibrator *calibrator, double s, double *rate)
{
    *rate = 1;
    if (calibrator->target.scheme == QUANT_ABSMAX)
        return s;
    const double min = (double)calibrator->observed.min;
    const double max = (double)calibrator->observed.max;
    const bool cuts[2] = {-s > min, s < max};
    double lo = cuts[0] ? -s : min;
    double hi = cuts[1] ? s : max;
    if (calibrator->target.include_zero) {
        lo = fmin(lo, 0);
        hi = fmax(hi, 0);
    }
    *rate = (double)cuts[0] + (double)cuts[1];
    return hi - lo;
}

/* d(s) */
static double slope_at(const struct quant_calibrator *calibrator, double s,
                       const struct above *above)
{
    const struct state *state = calibrator->state;
    double rate;
    const double noise = 1 / (12 * state->steps * state->steps);
    const double width = width_at(calibrator, s, &rate);
    return noise * rate * width * (state->nonzero - above->count) - (above->sum - s * above->count);
}

/* Where d would be 0 if there were no elements between that and s: it is linear there. */
static double zero_beyond(const struct quant_calibrator *calibrator, double s,
                          const struct above *above)
{
    const struct state *state = calibrator->state;
    double rate;
    const double noise = 1 / (12 * state->steps * state->steps);
    width_at(calibrator, s, &rate);
    const double increase = noise * rate * rate * (state->nonzero - above->count) + above->count;
    return s - slope_at(calibrator, s, above) / increase;
}

/* The same with count elements of a bin more, whose lower halves add up to lower. The floats of a
 * bin are evenly spaced. */
static struct above above_with(const struct above *above, uint32_t bin, uint64_t count,
                               uint64_t lower)
{
    const double first = magnitude_of(bin << 16);
    const double spacing = magnitude_of(bin << 16 | 1) - first;
    return (struct above){
        .count = above->count + (double)count,
        .sum = above->sum + ((double)count * first + (double)lower * spacing),
    };
}

/* ---- The bin ---- */

/* Whether d is not negative at the end of the bin, above which these lie. */
static bool is_far_enough(const struct quant_calibrator *calibrator, uint32_t bin,
                          const struct above *above)
{
    return slope_at(calibrator, magnitude_of(bin << 16 | 0xFFFF), above) >= 0;
}

static void take_bin(struct state *state, uint32_t bin, uint64_t count, const struct above *above)
{
    state->bin = bin;
    state->inside = count;
    state->above_bin = *above;
}

/* Takes the first of the empty bins first to end - 1 that is far enough. From each to the next d
 * does not fall, not even by rounding: everything in it is monotone in s, and the ends of the range
 * stop at elements, which are in other bins. */
static void try_empty_bins(struct quant_calibrator *calibrator, uint32_t first, uint32_t end,
                           const struct above *above)
{
    if (first == end || !is_far_enough(calibrator, end - 1, above))
        return;
    uint32_t last = is_far_enough(calibrator, first, above) ? first : end - 1;
    while (first < last) {
        const uint32_t middle = first + (last - first) / 2;
        if (is_far_enough(calibrator, middle, above))
            last = middle;
        else
            first = middle + 1;
    }
    take_bin(calibrator->state, first, 0, above);
}

/* Takes the first bin at whose end d is not negative. At the end of all bins it is not, and below
 * all filled ones it is. */
static void find_bin(struct quant_calibrator *calibrator, struct quant_filled_bins bins)
{
    struct state *state = calibrator->state;
    struct above above = {0, 0};
    uint32_t end = LAST + 1;
    struct quant_bin bin;
    state->nonzero = (double)quant_bins_total(&bins);
    while (quant_bins_last(&bins, &bin)) {
        try_empty_bins(calibrator, bin.number + 1, end, &above);
        if (is_far_enough(calibrator, bin.number, &above))
            take_bin(state, bin.number, bin.count, &above);
        above = above_with(&above, bin.number, bin.count, bin.lower);
        end = bin.number;
    }
}

/* ---- The place in the bin: between two of its floats, or at one where d passes 0 in a jump ----
 */

/* floats: those of the bin, as whole floats or as lower halves. */
static double find_zero(const struct quant_calibrator *calibrator, struct quant_filled_bins floats)
{
    const struct state *state = calibrator->state;
    const struct quant_filled_bins all = floats;
    struct quant_bin next;
    uint64_t count = 0; /* of the floats above s */
    uint64_t lower = 0; /* the sum of their lower halves */
    while (quant_bins_next(&floats, &next)) {
        count += next.count;
        lower += next.count * (next.number & 0xFFFF);
    }
    double at = magnitude_of(state->bin << 16);
    struct above above = above_with(&state->above_bin, state->bin, count, lower);
    floats = all;
    while (quant_bins_next(&floats, &next)) {
        const uint32_t half = next.number & 0xFFFF;
        const double magnitude = magnitude_of(state->bin << 16 | half);
        const double zero = zero_beyond(calibrator, at, &above);
        if (zero < magnitude)
            return zero;
        at = magnitude;
        count -= next.count;
        lower -= next.count * half;
        above = above_with(&state->above_bin, state->bin, count, lower);
        if (slope_at(calibrator, at, &above) >= 0)
            return at;
    }
    return zero_beyond(calibrator, at, &above);
}

/* ---- All of it ---- */

/* Zeros share their counter with some NaNs. */
static bool bins_add_up(const struct quant_calibrator *calibrator)
{
    const uint64_t *counts = calibrator->counts;
    for (uint32_t bin = 0; bin <= LAST; bin++)
        if ((double)counts[LOWER + bin] > (double)counts[bin] * (LOWER_HALVES - 1))
            return false;
    const uint64_t nonzero = quant_calibrator_total(counts, LAST + 1);
    return nonzero <= calibrator->nfinite && counts[ZEROS] >= calibrator->nfinite - nonzero;
}

static bool adds_up(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    if (calibrator->passes == 0)
        return bins_add_up(calibrator);
    const uint32_t first = state->bin == 0 ? 1 : 0;
    return quant_calibrator_total(calibrator->counts + first, LOWER_HALVES - first) ==
           state->inside;
}

static void next(struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    const uint64_t *counts = calibrator->counts;
    if (calibrator->passes == 1) {
        find_bin(calibrator, quant_bins_of_counts(counts, counts + LOWER, 0, LAST + 1));
        return;
    }
    const uint32_t first = state->bin == 0 ? 1 : 0; /* not 0 itself */
    quant_calibrator_settle_around_zero(
        calibrator, find_zero(calibrator, quant_bins_of_counts(counts, NULL, first, LOWER_HALVES)));
}

/* Those of the sorted magnitudes that are in the bin that was taken. */
static struct quant_filled_bins floats_of_bin(const struct state *state, const uint32_t *sorted,
                                              size_t n)
{
    size_t first = 0;
    while (first < n && sorted[first] >> 16 < state->bin)
        first++;
    return quant_bins_of_keys(sorted + first, (size_t)state->inside, 0);
}

static void small(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    size_t count = 0;
    begin(calibrator);
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = magnitude_bits(x[i]);
        state->magnitudes[count] = bits;
        count += (bits > 0) & (bits >> 16 <= LAST);
    }
    const uint32_t *sorted = quant_keys_sort(state->magnitudes, count, state->magnitudes + count);
    find_bin(calibrator, quant_bins_of_keys(sorted, count, 16));
    quant_calibrator_settle_around_zero(calibrator,
                                        find_zero(calibrator, floats_of_bin(state, sorted, count)));
}

const struct quant_calibration quant_calibration_octav = {
    .name = "octav",
    .summary = "smallest mean squared error in the model of the OCTAV paper",
    .for_integers = true,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .small = small,
};
