/* SPDX-License-Identifier: MIT */
/* AVX2 for int8 and uint8 with a scale and a zero point for each run of elements. It does not
 * divide (see fixed_point.h): each group has a factor and a bias, computed for eight groups at a
 * time. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* Runs planned together: enough to make the cost of a plan small. */
enum { MAX_RUNS = 64 };

/* count runs of nsteps * 32 elements each. */
struct runs {
    const struct quant_params *common;
    const float *scales;
    const int32_t *zero_points;
    size_t count; /* at most MAX_RUNS */
    size_t nsteps;
    const float *x;
    uint8_t *q;
    bool is_unsigned; /* these two serve rare cases, which have no loops of their own */
    bool streams;
};

/* The quant_fixed_point_plan of each run. */
struct plan {
    float factors[MAX_RUNS];
    float biases[MAX_RUNS];
    struct byte_limits limits;
};

AVX2 static int32_t max_integer(__m256i v)
{
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    half = _mm_max_epi32(half, _mm_unpackhi_epi64(half, half));
    return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

/* The guard for all of count >= 8 zero points: the largest that any of them needs, which is that of
 * the smallest or the largest zero point. If one of them needs a multiple of 4, the result is one,
 * since zero points that do not need it have a guard of at most 4. For a run that needs less, the
 * guard only means that more elements are divided. 0: the fixed-point method cannot be used.
 * Sets whether the zero points are all the same. */
AVX2 static int32_t find_guard(const struct quant_params *common, const int32_t *zero_points,
                               size_t count, bool *are_same)
{
    __m256i max = _mm256_set1_epi32(INT32_MIN);
    __m256i min = _mm256_set1_epi32(INT32_MAX);
    for (size_t i = 0; i < count; i += LANES) {
        const size_t at = count - i < LANES ? count - LANES : i; /* the last vector may overlap */
        const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + at));
        max = _mm256_max_epi32(max, z);
        min = _mm256_min_epi32(min, z);
    }
    const int32_t last = max_integer(max);
    const int32_t first = ~max_integer(_mm256_xor_si256(min, _mm256_set1_epi32(-1)));
    *are_same = first == last;
    const int32_t a = quant_fixed_point_guard(common->qmin, common->qmax, first);
    const int32_t b = quant_fixed_point_guard(common->qmin, common->qmax, last);
    return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

AVX2 enum plan_kind quant_avx2_plan_many(const struct quant_params *common, const float *scales,
                                         const int32_t *zero_points, size_t count, float *factors,
                                         float *biases, struct byte_limits *limits)
{
    bool are_same = false;
    const int32_t guard = find_guard(common, zero_points, count, &are_same);
    if (guard == 0)
        return PLAN_NONE;
    *limits = make_limits(common, (uint16_t)(2 * guard));
    const __m256i half = _mm256_set1_epi32(32768 + guard);
    __m256 all = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (size_t i = 0; i < count; i += LANES) {
        const size_t at = count - i < LANES ? count - LANES : i;
        const __m256 s = _mm256_loadu_ps(scales + at);
        const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + at));
        const __m256i bias = _mm256_add_epi32(_mm256_slli_epi32(z, 16), half);
        all = _mm256_and_ps(all, _mm256_cmp_ps(s, _mm256_set1_ps(0x1p-100F), _CMP_GE_OQ));
        _mm256_storeu_ps(factors + at, _mm256_div_ps(_mm256_set1_ps(0x1p16F), s));
        _mm256_storeu_ps(biases + at, _mm256_cvtepi32_ps(bias));
    }
    return _mm256_movemask_ps(all) != 0xFF ? PLAN_NONE : are_same ? PLAN_ONE_BIAS : PLAN_EACH;
}

AVX2 static bool make_plan(const struct runs *runs, struct plan *plan)
{
    if (runs->count >= LANES)
        return quant_avx2_plan_many(runs->common, runs->scales, runs->zero_points, runs->count,
                                    plan->factors, plan->biases, &plan->limits) != PLAN_NONE;
    float scales[LANES];
    int32_t zero_points[LANES];
    for (size_t k = 0; k < LANES; k++) {
        scales[k] = runs->scales[k < runs->count ? k : 0];
        zero_points[k] = runs->zero_points[k < runs->count ? k : 0];
    }
    return quant_avx2_plan_many(runs->common, scales, zero_points, LANES, plan->factors,
                                plan->biases, &plan->limits) != PLAN_NONE;
}

static struct quant_params params_of(const struct runs *runs, size_t k)
{
    struct quant_params params = *runs->common;
    params.scale = runs->scales[k];
    params.zero_point = runs->zero_points[k];
    return params;
}

/* Divides nsteps steps of the k-th run. first is counted from the start of all runs. */
AVX2 __attribute__((noinline)) static void divide_steps(const struct runs *runs, size_t k,
                                                        size_t first, size_t nsteps)
{
    const struct quant_params params = params_of(runs, k);
    const struct division by = make_division(&params);
    for (size_t i = first * STEP; i < (first + nsteps) * STEP; i += STEP)
        put(divide_bytes(&by, runs->x + i, runs->is_unsigned), runs->streams, runs->q + i);
}

/* For runs without a usable plan. */
static void quantize_unplanned(const struct runs *runs)
{
    const size_t run = runs->nsteps * STEP;
    for (size_t k = 0; k < runs->count; k++) {
        const struct quant_params params = params_of(runs, k);
        if (quant_zero_point_is_near(&params))
            divide_steps(runs, k, k * runs->nsteps, runs->nsteps);
        else
            quant_kernels_scalar.quantize[params.dtype](&params, runs->x + k * run, run,
                                                        runs->q + k * run);
    }
}

struct factor {
    __m256 factor, bias;
};

AVX2 ALWAYS_INLINE struct factor factor_of(const struct plan *plan, size_t k)
{
    return (struct factor){_mm256_broadcast_ss(&plan->factors[k]),
                           _mm256_broadcast_ss(&plan->biases[k])};
}

/* One step, of any kind. Single steps are rare, so all kinds share this function. */
AVX2 __attribute__((noinline)) static void
quantize_one(const struct plan *plan, const struct runs *runs, size_t k, size_t step)
{
    const struct quantize_kind kind = {runs->is_unsigned, CLAMP_BOTH, runs->streams};
    const struct factor by = factor_of(plan, k);
    const float *x = runs->x + step * STEP;
    __m256i v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = fix_point(x + LANES * i, by.factor, by.bias);
    if (is_near_tie(&plan->limits, min_halves(v)))
        divide_steps(runs, k, step, 1);
    else
        put(narrow(&plan->limits, v, kind), kind.streams, runs->q + step * STEP);
}

/* Two steps with one check for ties, as in avx2.c. Returns false, with nothing done, if one is
 * near. */
AVX2 ALWAYS_INLINE bool quantize_two(const struct byte_limits *limits, struct factor first,
                                     struct factor second, const float *x,
                                     const struct quantize_kind kind, uint8_t *q)
{
    __m256i v[8];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        v[i] = fix_point(x + LANES * i, first.factor, first.bias);
        v[i + 4] = fix_point(x + LANES * i + STEP, second.factor, second.bias);
    }
    if (is_near_tie(limits, _mm256_min_epu16(min_halves(v), min_halves(v + 4))))
        return false;
    put(narrow(limits, v, kind), kind.streams, q);
    put(narrow(limits, v + 4, kind), kind.streams, q + STEP);
    return true;
}

AVX2 ALWAYS_INLINE void quantize_short_runs(const struct plan *plan, const struct runs *runs,
                                            const struct quantize_kind kind)
{
    size_t k = 0;
    for (; k + 2 <= runs->count; k += 2)
        if (!quantize_two(&plan->limits, factor_of(plan, k), factor_of(plan, k + 1),
                          runs->x + k * STEP, kind, runs->q + k * STEP)) {
            divide_steps(runs, k, k, 1);
            divide_steps(runs, k + 1, k + 1, 1);
        }
    if (k < runs->count)
        quantize_one(plan, runs, k, k);
}

AVX2 ALWAYS_INLINE void quantize_long_runs(const struct plan *plan, const struct runs *runs,
                                           const struct quantize_kind kind)
{
    size_t step = 0;
    for (size_t k = 0; k < runs->count; k++) {
        const struct factor by = factor_of(plan, k);
        for (size_t left = runs->nsteps / 2; left > 0; left--, step += 2)
            if (!quantize_two(&plan->limits, by, by, runs->x + step * STEP, kind,
                              runs->q + step * STEP))
                divide_steps(runs, k, step, 2);
        if (runs->nsteps % 2)
            quantize_one(plan, runs, k, step++);
    }
}

/* Up to MAX_RUNS runs at a time; if the last run is cut short, its whole steps only. Returns the
 * number of elements done. */
AVX2 ALWAYS_INLINE size_t quantize_steps(struct runs runs, size_t run, size_t n,
                                         const struct quantize_kind kind)
{
    struct plan plan;
    size_t left = n;
    while (left >= STEP) {
        const bool is_cut = left < run;
        runs.nsteps = (is_cut ? left : run) / STEP;
        runs.count = is_cut ? 1 : left / MAX_RUNS >= run ? MAX_RUNS : left / run;
        if (!make_plan(&runs, &plan))
            quantize_unplanned(&runs);
        else if (runs.nsteps == 1)
            quantize_short_runs(&plan, &runs, kind);
        else
            quantize_long_runs(&plan, &runs, kind);
        const size_t done = runs.count * runs.nsteps * STEP;
        runs.x += done;
        runs.q += done;
        runs.scales += runs.count;
        runs.zero_points += runs.count;
        left -= done;
    }
    return n - left;
}

/* Streams only if q is aligned: there can be no scalar head, since runs begin at whole steps. */
AVX2 ALWAYS_INLINE void quantize_runs(struct runs runs, size_t run, size_t n, bool is_unsigned)
{
    const struct quant_params *common = runs.common;
    size_t done = 0;
    runs.is_unsigned = is_unsigned;
    runs.streams = n >= QUANT_STREAM_FROM && quant_bytes_to_alignment(runs.q, STEP) == 0;
    if (common->qmin == (is_unsigned ? 0 : INT8_MIN) &&
        common->qmax == (is_unsigned ? UINT8_MAX : INT8_MAX))
        done = quantize_steps(runs, run, n,
                              (struct quantize_kind){is_unsigned, CLAMP_NEITHER, runs.streams});
    else
        done = quantize_steps(runs, run, n,
                              (struct quantize_kind){is_unsigned, CLAMP_BOTH, runs.streams});
    if (runs.streams)
        _mm_sfence(); /* streamed stores become visible before any later store */
    if (done == n)
        return;
    const struct quant_params params = params_of(&runs, done / run);
    quant_kernels_scalar.quantize[common->dtype](&params, runs.x + done, n - done, runs.q + done);
}

AVX2 void quant_avx2_quantize_runs_int8(const struct quant_params *common, const float *scales,
                                        const int32_t *zero_points, size_t run, const float *x,
                                        size_t n, void *q)
{
    const struct runs runs = {
        .common = common, .scales = scales, .zero_points = zero_points, .x = x, .q = q};
    quantize_runs(runs, run, n, false);
}

AVX2 void quant_avx2_quantize_runs_uint8(const struct quant_params *common, const float *scales,
                                         const int32_t *zero_points, size_t run, const float *x,
                                         size_t n, void *q)
{
    const struct runs runs = {
        .common = common, .scales = scales, .zero_points = zero_points, .x = x, .q = q};
    quantize_runs(runs, run, n, true);
}

#endif
