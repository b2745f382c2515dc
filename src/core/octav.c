/* SPDX-License-Identifier: MIT */
/*
 * OCTAV (Sakr, Dai, Venkatesan, Zimmer, Dally, Khailany 2022, "Optimal Clipping and Magnitude-aware
 * Differentiation for Improved Quantization-aware Training", ICML): the squared error of clipping
 * at s and rounding below it, to steps of D(s), is taken to be
 *
 *     J(s) = D(s)^2 / 12 * P(0 < |x| <= s)  +  E[(|x| - s)^2; |x| > s]
 *
 * and the derivative that is to be 0, the probabilities being held as they are, is 2 / n times
 *
 *     d(s) = D(s) D'(s) / 12 * count of 0 < |x| <= s  -  sum of (|x| - s) over |x| > s
 *
 * The paper has D = 2s / 2^B for data of both signs, thus a noise of 4^-B / 3 * s^2, and s / 2^B,
 * 4^-B / 12 * s^2, for what lies to one side of 0. Here D is the step that the range really gets,
 * which is neither a power of two nor, where one end of the range is that of the elements, in
 * proportion to s:
 *
 *     absmax      D = s / qmax, or half of the target's steps for an unsigned type
 *     zero-point  D = (hi - lo) / (qmax - qmin), lo = max(-s, least), hi = min(s, greatest), and
 *                 both with zero where that is to be included
 *
 * The paper finds the 0 of d by Newton's iteration from s = 0. Between two magnitudes next to each
 * other d is linear, so once they are known no iteration is needed: one pass over the elements
 * counts and adds them up by the bins of keys.h and finds the bin that the 0 is in, another one by
 * the floats of that bin. All sums are of integers, the lower bits, so no order of additions shows.
 * It is the least s at which d is no longer negative: where the iteration ends too. (Only at the
 * end of the elements' shorter side can d fall again, and have another 0.)
 */
#include <math.h>

#include "core/calibrator.h"
#include "core/keys.h"
#include "core/params.h"
#include "core/spec.h"

enum {
    BINS = QUANT_KEY_BINS / 2, /* of magnitudes */
    LOWER = BINS,              /* counts[LOWER + bin]: the sum of its elements' lower halves */
    LOWER_HALVES = 1 << 16,
    LAST = QUANT_KEY_LAST - QUANT_KEY_ZERO,
    ZEROS = BINS - 1 /* a bin of NaNs, where nothing else that matters is counted */
};

/* What lies above some s. */
struct above {
    double count;
    double sum; /* of magnitudes */
};

struct state {
    double steps; /* of the target, over the width of the range */
    double nonzero;
    uint32_t bin; /* that the s looked for is in */
    struct above above_bin;
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
    const struct quant_spec *spec = &calibrator->spec;
    struct quant_params params = {.dtype = quant_spec_dtype(spec)};
    quant_spec_target(spec, &params.qmin, &params.qmax);
    state->nonzero = 0;
    state->bin = 0;
    state->above_bin = (struct above){0, 0};
    state->steps = spec->scheme == QUANT_ABSMAX ? quant_params_greatest_step(&params)
                                                : (double)params.qmax - (double)params.qmin;
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

/* D(s) times the target's steps, and in *rate D'(s) likewise: to the right of s, where it changes
 * there. */
static double width_at(const struct quant_calibrator *calibrator, double s, double *rate)
{
    *rate = 1;
    if (calibrator->spec.scheme == QUANT_ABSMAX)
        return s;
    const double least = (double)calibrator->observed.least;
    const double greatest = (double)calibrator->observed.greatest;
    const bool cuts[2] = {-s > least, s < greatest};
    double lo = cuts[0] ? -s : least;
    double hi = cuts[1] ? s : greatest;
    if (calibrator->spec.include_zero) {
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

/* Where d would be 0 if nothing lay between that and s: it is linear there. */
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

/* Each bin's floats are evenly spaced. */
static void add_bin(struct above *above, const uint64_t *counts, uint32_t bin)
{
    const double first = magnitude_of(bin << 16);
    const double spacing = magnitude_of(bin << 16 | 1) - first;
    above->count += (double)counts[bin];
    above->sum += (double)counts[bin] * first + (double)counts[LOWER + bin] * spacing;
}

/* The first bin at whose end d is not negative: at the end of all of them it is not. */
static void find_bin(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    const uint64_t *counts = calibrator->counts;
    struct above above = {0, 0};
    state->nonzero = 0;
    for (uint32_t bin = 0; bin <= LAST; bin++)
        state->nonzero += (double)counts[bin];
    for (uint32_t bin = LAST + 1; bin-- > 0;) {
        if (slope_at(calibrator, magnitude_of(bin << 16 | 0xFFFF), &above) >= 0) {
            state->bin = bin;
            state->above_bin = above;
        }
        add_bin(&above, counts, bin);
    }
}

/* The elements of the bin that lie above some float of it. */
struct rest {
    uint64_t count;
    uint64_t lower; /* the sum of their lower halves */
};

static struct above above_with(const struct state *state, const struct rest *rest)
{
    const double first = magnitude_of(state->bin << 16);
    const double spacing = magnitude_of(state->bin << 16 | 1) - first;
    const double count = (double)rest->count;
    return (struct above){
        .count = state->above_bin.count + count,
        .sum = state->above_bin.sum + (count * first + (double)rest->lower * spacing),
    };
}

/* Between two floats of the bin that there are, or where d jumps over 0 as one is passed. */
static double find_zero(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    const uint64_t *counts = calibrator->counts;
    const uint32_t first = state->bin == 0 ? 1 : 0; /* not 0 itself */
    struct rest rest = {0, 0};
    for (uint32_t lower = first; lower < LOWER_HALVES; lower++) {
        rest.count += counts[lower];
        rest.lower += counts[lower] * lower;
    }
    double before = magnitude_of(state->bin << 16);
    struct above above = above_with(state, &rest);
    for (uint32_t lower = first; lower < LOWER_HALVES; lower++) {
        if (counts[lower] == 0)
            continue;
        const double magnitude = magnitude_of(state->bin << 16 | lower);
        const double zero = zero_beyond(calibrator, before, &above);
        if (zero < magnitude)
            return zero;
        rest.count -= counts[lower];
        rest.lower -= counts[lower] * lower;
        above = above_with(state, &rest);
        if (slope_at(calibrator, magnitude, &above) >= 0)
            return magnitude;
        before = magnitude;
    }
    return zero_beyond(calibrator, before, &above);
}

static void next(struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 1)
        find_bin(calibrator);
    else
        quant_calibrator_settle_around_zero(calibrator, find_zero(calibrator));
}

const struct quant_calibration quant_calibration_octav = {
    .name = "octav",
    .summary = "the threshold of least squared error in the OCTAV paper's model",
    .for_integers = true,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
};
