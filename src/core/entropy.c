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
#include "core/entropy_search.h"
#include "core/keys.h"
#include "core/spec.h"

enum { BINS = QUANT_ENTROPY_BINS, BEYOND = QUANT_ENTROPY_BEYOND, REACH = 16 };

struct state {
    double limit; /* T */
    double width; /* of a bin */
    struct quant_entropy_search search;
    uint64_t counts[QUANT_ENTROPY_COUNTS];    /* of few elements */
    uint32_t keys[2 * QUANT_CALIBRATION_FEW]; /* of the same, and room to sort them */
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

static uint64_t rank_of_limit(uint64_t n)
{
    return (uint64_t)(0.99 * (double)(n - 1));
}

static double limit_above(const struct quant_calibrator *calibrator, uint32_t bin)
{
    return fmin(quant_calibrator_absmax(calibrator),
                REACH * (double)quant_key_value(bin << 16 | 0xFFFF));
}

/* Zeros lie in one bin with the least numbers there are, and are left out with it. */
static double find_limit(const struct quant_calibrator *calibrator)
{
    uint64_t n = 0;
    for (uint32_t bin = QUANT_KEY_ZERO + 1; bin <= QUANT_KEY_LAST; bin++)
        n += calibrator->counts[bin];
    if (n == 0)
        return quant_calibrator_absmax(calibrator);
    uint64_t rank = rank_of_limit(n);
    uint32_t bin = QUANT_KEY_ZERO + 1;
    for (; rank >= calibrator->counts[bin]; bin++)
        rank -= calibrator->counts[bin];
    return limit_above(calibrator, bin);
}

/* Of keys, what find_limit finds of counts. */
static double find_limit_of_few(const struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    size_t nkeys = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t key = quant_key(fabsf(x[i]));
        state->keys[nkeys] = key >> 16;
        nkeys += (key >> 16 > QUANT_KEY_ZERO) & (key >> 16 <= QUANT_KEY_LAST);
    }
    if (nkeys == 0)
        return quant_calibrator_absmax(calibrator);
    const uint32_t *sorted = quant_keys_sort(state->keys, nkeys, state->keys + nkeys);
    return limit_above(calibrator, sorted[rank_of_limit(nkeys)]);
}

static void set_limit(struct state *state, double limit)
{
    state->limit = limit;
    state->width = limit / BINS;
}

static void settle(struct quant_calibrator *calibrator, const uint64_t *counts)
{
    struct state *state = calibrator->state;
    const bool symmetric = is_symmetric(calibrator);
    int32_t qmin;
    int32_t qmax;
    quant_spec_target(&calibrator->spec, &qmin, &qmax);
    const size_t integers = (size_t)((int64_t)qmax - qmin + 1);
    const size_t width = quant_entropy_search(&state->search, counts, integers, symmetric);
    double reach = (double)width * state->width;
    if (width == 0)
        reach = quant_calibrator_absmax(calibrator); /* all there is */
    else if (width == BINS)
        reach = state->limit;
    quant_calibrator_settle_around_zero(calibrator, reach);
}

/* The second pass leaves zeros out. */
static bool adds_up(const struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 0)
        return quant_calibrator_has_all(calibrator);
    return quant_calibrator_total(calibrator->counts, QUANT_ENTROPY_COUNTS) <= calibrator->nfinite;
}

static void next(struct quant_calibrator *calibrator)
{
    if (calibrator->passes == 1)
        set_limit(calibrator->state, find_limit(calibrator));
    else
        settle(calibrator, calibrator->counts);
}

static void few(struct quant_calibrator *calibrator, const float *x, size_t n)
{
    struct state *state = calibrator->state;
    set_limit(state, find_limit_of_few(calibrator, x, n));
    memset(state->counts, 0, sizeof state->counts);
    count_bins(calibrator, x, n, state->counts);
    settle(calibrator, state->counts);
}

const struct quant_calibration quant_calibration_entropy = {
    .name = "entropy",
    .summary = "least Kullback-Leibler divergence, as in TensorRT and ONNX Runtime",
    .for_integers = true,
    .passes = 2,
    .state_bytes = sizeof(struct state),
    .begin = begin,
    .block = block,
    .next = next,
    .adds_up = adds_up,
    .few = few,
};
