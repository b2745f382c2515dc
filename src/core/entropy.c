/* SPDX-License-Identifier: MIT */
/*
 * The threshold that loses least information, by the algorithm of NVIDIA's TensorRT (Migacz 2017,
 * "8-bit Inference with TensorRT", GTC), which ONNX Runtime has too:
 *
 * A histogram of BINS bins to either side of 0 is taken over [-T, T]; for absmax one of |x|, over
 * [0, T]. For each width i from the number of levels L on, the i bins next to 0 (on either side)
 * are compared with themselves seen through L levels:
 *
 *     P = these bins, and in the outermost also all that lies beyond them: clipping puts it there
 *     Q = these bins, gathered into L groups, group g being bins floor(g * m / L) up to below
 *         floor((g + 1) * m / L) of their number m; a group's elements are spread evenly over those
 *         of its bins where P is not empty
 *     KL(P || Q) = sum over P's bins of p ln(p / q), both scaled to a sum of 1
 *
 * The width of the least divergence gives the threshold i * T / BINS, the outer edge of its bins;
 * of equals, the widest; of 16 bits, with more levels than bins, it is the greatest magnitude. For
 * absmax L is half the integers of the target, rounded up: 128 for int8;
 * with the zero-point scheme it is all of them on both sides together, the threshold is symmetric
 * all the same, as in ONNX Runtime, and the range is what of [-t, t] was observed.
 *
 * Where this differs: zeros are not counted. They come back as zeros by any threshold, but where
 * they are half of all, as behind a ReLU, their one bin would outweigh the rest. TensorRT and ONNX
 * Runtime take T to be the greatest magnitude, so one outlier leaves all else in one bin. Here T is
 * at most REACH times the upper edge of the bin of keys.h that holds the 99th percentile of |x| > 0
 * (the element of rank floor(0.99 (n - 1)), so never the greatest of several); what lies beyond
 * counts as clipped. ONNX Runtime gathers m / L bins, rounded down, and all that remain in the last
 * group, and adds 0.0001 to empty bins; here an empty bin of Q under one of P makes the divergence
 * infinite. So it is where all elements of P lie in outermost bins, others having been clipped to
 * them: one bin is the same as itself, however many were. Of few values, on a grid, and to 4 bits,
 * that would be the least divergence by far, with all but the smallest clipped. And ln is this
 * file's own: the last bit of the library's depends on the processor.
 */
#include <math.h>

#include "core/calibrator.h"
#include "core/keys.h"
#include "core/spec.h"

enum {
    BINS = 2048,
    ALL_BINS = 2 * BINS,
    REACH = 16,
    BEYOND = ALL_BINS, /* counts[BEYOND]: below -T; counts[BEYOND + 1]: above T */
};

/* Divergences so near are rounding errors of one: of data on a coarse grid many are 0. */
static const double SAME = 1e-12;

struct state {
    double limit; /* T */
    double width; /* of a bin */
    /* Of the histogram's bins before the i-th. */
    double elements[ALL_BINS + 1];
    double filled[ALL_BINS + 1];
    double information[ALL_BINS + 1]; /* sum of c ln(c) over their counts */
    double logarithms[ALL_BINS + 1];  /* of small integers: most counts of short tensors are */
};

static bool is_symmetric(const struct quant_calibrator *calibrator)
{
    return calibrator->spec.scheme == QUANT_ABSMAX;
}

static void begin(struct quant_calibrator *calibrator)
{
    calibrator->ncounts = QUANT_KEY_BINS;
}

/* T / BINS is exact, BINS being a power of two: T itself has the place BINS, in the last bin. */
static void count_bins(const struct quant_calibrator *calibrator, const float *x, size_t n,
                       uint64_t *counts)
{
    const struct state *state = calibrator->state;
    const bool symmetric = is_symmetric(calibrator);
    for (size_t i = 0; i < n; i++) {
        const double magnitude = fabs((double)x[i]);
        const bool left = x[i] < 0 && !symmetric;
        if (!isfinite(x[i]) || x[i] == 0)
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

/* Zeros lie in one bin with the least numbers there are, and are left out with it. */
static double find_limit(const struct quant_calibrator *calibrator)
{
    const double absmax = quant_calibrator_absmax(calibrator);
    uint64_t n = 0;
    for (uint32_t bin = QUANT_KEY_ZERO + 1; bin <= QUANT_KEY_LAST; bin++)
        n += calibrator->counts[bin];
    if (n == 0)
        return absmax;
    uint64_t rank = (uint64_t)(0.99 * (double)(n - 1));
    uint32_t bin = QUANT_KEY_ZERO + 1;
    for (; rank >= calibrator->counts[bin]; bin++)
        rank -= calibrator->counts[bin];
    return fmin(absmax, REACH * (double)quant_key_value(bin << 16 | 0xFFFF));
}

/* By ln((1 + t) / (1 - t)) = 2 (t + t^3 / 3 + t^5 / 5 + ...) with |t| < 0.172; x > 0, normal. */
static double natural_log(double x)
{
    int exponent;
    double mantissa = frexp(x, &exponent);
    if (mantissa < 0.70710678118654752) {
        mantissa *= 2;
        exponent--;
    }
    const double t = (mantissa - 1) / (mantissa + 1);
    double sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * t * t + 1.0 / k;
    return 0.69314718055994531 * exponent + 2 * t * sum;
}

/* Of an integer. */
static double log_of(const struct state *state, double count)
{
    return count <= ALL_BINS ? state->logarithms[(size_t)count] : natural_log(count);
}

static double information_of(const struct state *state, double count)
{
    return count > 0 ? count * log_of(state, count) : 0;
}

/* KL(P || Q) of the bins from first up to below last, with what lies beyond in the outermost two.
 * With n elements in P, n' in Q, and a group's e elements over f filled bins:
 *
 *     n KL = sum of p ln(p) over bins - sum of p ln(e / f) over groups + n ln(n' / n)
 */
static double divergence(const struct state *state, size_t first, size_t last, size_t levels,
                         double below, double above)
{
    const double in_first = state->elements[first + 1] - state->elements[first];
    const double in_last = state->elements[last] - state->elements[last - 1];
    const double inside = state->elements[last] - state->elements[first];
    const double n = inside + below + above;
    const double kept = inside - (below > 0 ? in_first : 0) - (above > 0 ? in_last : 0);
    if (kept == 0 && inside < n)
        return (double)INFINITY;
    double sum = state->information[last] - state->information[first];
    sum += information_of(state, in_first + below) - information_of(state, in_first);
    sum += information_of(state, in_last + above) - information_of(state, in_last);
    for (size_t group = 0; group < levels; group++) {
        const size_t from = first + group * (last - first) / levels;
        const size_t to = first + (group + 1) * (last - first) / levels;
        const double elements = state->elements[to] - state->elements[from];
        double filled = state->filled[to] - state->filled[from];
        double clipped = 0;
        if (from == first && below > 0) {
            filled += in_first == 0;
            clipped += below;
        }
        if (to == last && above > 0) {
            filled += in_last == 0;
            clipped += above;
        }
        if (elements + clipped == 0)
            continue;
        if (elements == 0)
            return (double)INFINITY;
        sum -= (elements + clipped) * (log_of(state, elements) - log_of(state, filled));
    }
    return (sum + n * natural_log(inside / n)) / n;
}

static void sum_up(struct state *state, const uint64_t *counts)
{
    for (size_t i = 1; i <= ALL_BINS; i++)
        state->logarithms[i] = natural_log((double)i);
    for (size_t i = 0; i < ALL_BINS; i++) {
        const double count = (double)counts[i];
        state->elements[i + 1] = state->elements[i] + count;
        state->filled[i + 1] = state->filled[i] + (count > 0);
        state->information[i + 1] = state->information[i] + information_of(state, count);
    }
}

/* The number of bins next to 0 whose divergence is least; 0 where there are fewer than levels, as
 * for 16 bits: then no width can be compared. */
static size_t find_width(const struct quant_calibrator *calibrator)
{
    const struct state *state = calibrator->state;
    const bool symmetric = is_symmetric(calibrator);
    int32_t qmin;
    int32_t qmax;
    quant_spec_target(&calibrator->spec, &qmin, &qmax);
    const size_t integers = (size_t)((int64_t)qmax - qmin + 1);
    const size_t half = (integers + 1) / 2;
    size_t best = half > BINS ? 0 : BINS;
    double least = (double)INFINITY;
    for (size_t i = BINS; i >= half && i > 0; i--) {
        const size_t first = symmetric ? BINS : BINS - i;
        const size_t last = BINS + i;
        const double below = (double)calibrator->counts[BEYOND] + state->elements[first];
        const double above = (double)calibrator->counts[BEYOND + 1] + state->elements[ALL_BINS] -
                             state->elements[last];
        const double found =
            divergence(state, first, last, symmetric ? half : integers, below, above);
        if (found < least - SAME) {
            least = found;
            best = i;
        }
    }
    return best;
}

/* The second pass leaves zeros out. */
static bool adds_up(const struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 0)
        return quant_calibrator_has_all(calibrator);
    return quant_calibrator_total(calibrator->counts, BEYOND + 2) <= calibrator->nfinite;
}

static void next(struct quant_calibrator *calibrator)
{
    struct state *state = calibrator->state;
    if (calibrator->passes == 1) {
        state->limit = find_limit(calibrator);
        state->width = state->limit / BINS;
        return;
    }
    sum_up(state, calibrator->counts);
    const size_t width = find_width(calibrator);
    double reach = (double)width * state->width;
    if (width == 0)
        reach = quant_calibrator_absmax(calibrator); /* all there is */
    else if (width == BINS)
        reach = state->limit;
    quant_calibrator_settle_around_zero(calibrator, reach);
}

const struct quant_calibration quant_calibration_entropy = {
    .name = "entropy",
    .summary = "least Kullback-Leibler divergence, as in TensorRT and ONNX Runtime",
    .for_integers = true,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
};
