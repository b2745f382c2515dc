/* SPDX-License-Identifier: MIT */
/* AVX-512 for int8 and uint8 with a scale and a zero point for each run of elements, or for each
 * column of a matrix, in fixed point as avx2_runs.c does it. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_types.h"
#include "kernels/avx512_integers.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

enum { HALF = STEP / 2 };

/* Runs or columns planned together. */
enum { MAX_RUNS = 256, MAX_COLUMNS = 1024 };

struct groups {
    const struct quant_params *common;
    const float *scales;
    const int32_t *zero_points;
};

/* The lanes of the last vector that have one of n elements. */
AVX512 ALWAYS_INLINE __mmask16 lanes_of(size_t n)
{
    return n < LANES ? (__mmask16)((1U << n) - 1) : (__mmask16)0xFFFF;
}

/* The guard for all zero points: see find_guard in avx2_runs.c. */
AVX512 static int32_t find_guard(const struct groups *groups, size_t count)
{
    __m512i max = _mm512_set1_epi32(groups->zero_points[0]);
    __m512i min = max;
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask16 lanes = lanes_of(count - i);
        const __m512i z = _mm512_mask_loadu_epi32(max, lanes, groups->zero_points + i);
        max = _mm512_max_epi32(max, z);
        min = _mm512_min_epi32(min, z);
    }
    const struct quant_params *common = groups->common;
    const int32_t a =
        quant_fixed_point_guard(common->qmin, common->qmax, _mm512_reduce_min_epi32(min));
    const int32_t b =
        quant_fixed_point_guard(common->qmin, common->qmax, _mm512_reduce_max_epi32(max));
    return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

/* Sets the factor and the bias of count groups. Lanes after them, up to a whole vector, are far
 * from a tie for x = 0. Returns false if the fixed-point method cannot be used. */
AVX512 static bool make_plan(const struct groups *groups, size_t count, float *factors,
                             float *biases, struct byte_limits *limits)
{
    const int32_t guard = find_guard(groups, count);
    if (guard == 0)
        return false;
    *limits = make_limits(groups->common, (uint16_t)(2 * guard));
    const __m512i half = _mm512_set1_epi32(32768 + guard);
    const __m512 least = _mm512_set1_ps(0x1p-100F);
    __mmask16 small = 0;
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask16 lanes = lanes_of(count - i);
        const __m512 s = _mm512_mask_loadu_ps(least, lanes, groups->scales + i);
        const __m512i z = _mm512_maskz_loadu_epi32(lanes, groups->zero_points + i);
        const __m512i bias = _mm512_add_epi32(_mm512_slli_epi32(z, 16), half);
        small |= _mm512_cmp_ps_mask(s, least, _CMP_NGE_UQ);
        _mm512_storeu_ps(factors + i, _mm512_div_ps(_mm512_set1_ps(0x1p16F), s));
        _mm512_storeu_ps(biases + i, _mm512_cvtepi32_ps(bias));
    }
    return small == 0;
}

static struct quant_params params_of(const struct groups *groups, size_t k)
{
    struct quant_params params = *groups->common;
    params.scale = groups->scales[k];
    params.zero_point = groups->zero_points[k];
    return params;
}

/* ---- Runs ---- */

/* Divides n elements of the k-th run, a multiple of HALF. Ties are rare. */
AVX512 __attribute__((noinline)) static void divide_run(const struct groups *groups, size_t k,
                                                        const float *x, size_t n, uint8_t *q)
{
    const struct quant_params params = params_of(groups, k);
    if (!quant_zero_point_is_near(&params)) {
        quant_kernels_scalar.quantize[params.dtype](&params, x, n, q);
        return;
    }
    const struct division by = make_division(&params);
    for (size_t i = 0; i < n; i += LANES) {
        const __m512i integers = divide(&by, _mm512_loadu_ps(x + i));
        _mm_storeu_si128((__m128i *)(q + i), _mm512_cvtepi32_epi8(integers));
    }
}

/* What one call needs besides the groups. */
struct planned {
    float factors[MAX_RUNS + LANES];
    float biases[MAX_RUNS + LANES];
    struct byte_limits limits;
    bool streams; /* stores bypass the caches; q is aligned */
};

/* Two halves of a step: of the runs k and k + next, where next is 0 or 1. Returns false, with
 * nothing done, near a tie. */
AVX512 ALWAYS_INLINE bool quantize_two(const struct planned *plan, size_t k, size_t next,
                                       const float *x, const struct byte_kind kind, uint8_t *q)
{
    const __m512 factor[2] = {_mm512_set1_ps(plan->factors[k]),
                              _mm512_set1_ps(plan->factors[k + next])};
    const __m512 bias[2] = {_mm512_set1_ps(plan->biases[k]),
                            _mm512_set1_ps(plan->biases[k + next])};
    const __m512i v[4] = {
        fix_point(x, factor[0], bias[0]), fix_point(x + LANES, factor[0], bias[0]),
        fix_point(x + HALF, factor[1], bias[1]), fix_point(x + HALF + LANES, factor[1], bias[1])};
    if (is_near_tie(&plan->limits, v))
        return false;
    const __m512i integers = narrow(&plan->limits, v, kind);
    if (plan->streams)
        _mm512_stream_si512((__m512i *)q, integers);
    else
        _mm512_storeu_si512(q, integers);
    return true;
}

/* The last half of a run with an odd number of them. */
AVX512 ALWAYS_INLINE void quantize_half(const struct planned *plan, const struct groups *groups,
                                        size_t k, const float *x, const struct byte_kind kind,
                                        uint8_t *q)
{
    const __m512 factor = _mm512_set1_ps(plan->factors[k]);
    const __m512 bias = _mm512_set1_ps(plan->biases[k]);
    const __m512i low = fix_point(x, factor, bias);
    const __m512i high = fix_point(x + LANES, factor, bias);
    const __m512i v[4] = {low, high, low, high};
    if (is_near_tie(&plan->limits, v))
        divide_run(groups, k, x, HALF, q);
    else
        _mm256_storeu_si256((__m256i *)q, _mm512_castsi512_si256(narrow(&plan->limits, v, kind)));
}

AVX512 ALWAYS_INLINE void quantize_planned(const struct planned *plan, const struct groups *groups,
                                           size_t count, size_t run, const float *x,
                                           const struct byte_kind kind, uint8_t *q)
{
    size_t k = 0;
    for (; run == HALF && k + 2 <= count; k += 2, x += STEP, q += STEP)
        if (!quantize_two(plan, k, 1, x, kind, q)) {
            divide_run(groups, k, x, HALF, q);
            divide_run(groups, k + 1, x + HALF, HALF, q + HALF);
        }
    for (; k < count; k++, x += run % STEP, q += run % STEP) {
        for (size_t left = run / STEP; left > 0; left--, x += STEP, q += STEP)
            if (!quantize_two(plan, k, 0, x, kind, q))
                divide_run(groups, k, x, STEP, q);
        if (run % STEP != 0)
            quantize_half(plan, groups, k, x, kind, q);
    }
}

static void advance(struct groups *groups, size_t count)
{
    groups->scales += count;
    groups->zero_points += count;
}

/* Up to MAX_RUNS runs at a time; if the last run is cut short, its whole halves only. */
AVX512 ALWAYS_INLINE void quantize_runs(struct groups groups, size_t run, const float *x, size_t n,
                                        uint8_t *q, const struct byte_kind kind)
{
    struct planned plan;
    const bool is_even = run == HALF || run % STEP == 0;
    plan.streams = n >= QUANT_STREAM_FROM && is_even && quant_bytes_to_alignment(q, STEP) == 0;
    while (n >= HALF) {
        const bool is_cut = n < run;
        const size_t length = is_cut ? n / HALF * HALF : run;
        const size_t count = is_cut ? 1 : n / MAX_RUNS >= run ? MAX_RUNS : n / run;
        if (make_plan(&groups, count, plan.factors, plan.biases, &plan.limits))
            quantize_planned(&plan, &groups, count, length, x, kind, q);
        else
            for (size_t k = 0; k < count; k++)
                divide_run(&groups, k, x + k * length, length, q + k * length);
        x += count * length;
        q += count * length;
        n -= count * length;
        if (!is_cut)
            advance(&groups, count);
    }
    if (plan.streams)
        _mm_sfence(); /* streamed stores become visible before any later store */
    if (n == 0)
        return;
    const struct quant_params params = params_of(&groups, 0);
    quant_kernels_scalar.quantize[params.dtype](&params, x, n, q);
}

AVX512 void quant_avx512_quantize_runs_int8(const struct quant_params *common, const float *scales,
                                            const int32_t *zero_points, size_t run, const float *x,
                                            size_t n, void *q)
{
    const struct groups groups = {common, scales, zero_points};
    if (common->qmax == INT8_MAX)
        quantize_runs(groups, run, x, n, q, (struct byte_kind){false, false});
    else
        quantize_runs(groups, run, x, n, q, (struct byte_kind){false, true});
}

AVX512 void quant_avx512_quantize_runs_uint8(const struct quant_params *common, const float *scales,
                                             const int32_t *zero_points, size_t run, const float *x,
                                             size_t n, void *q)
{
    const struct groups groups = {common, scales, zero_points};
    if (common->qmax == UINT8_MAX)
        quantize_runs(groups, run, x, n, q, (struct byte_kind){true, false});
    else
        quantize_runs(groups, run, x, n, q, (struct byte_kind){true, true});
}

/* ---- Rows ---- */

/* The plan of a tile of columns. */
struct tile {
    _Alignas(64) float factors[MAX_COLUMNS]; /* loads that cross cache lines take twice as long */
    _Alignas(64) float biases[MAX_COLUMNS];
    struct byte_limits limits;
};

/* A step of n <= STEP elements of a row, beginning at column c of the tile. */
AVX512 ALWAYS_INLINE bool quantize_columns(const struct tile *tile, size_t c, const float *x,
                                           size_t n, uint8_t *q, const struct byte_kind kind)
{
    __m512i v[4];
    for (size_t k = 0; k < 4; k++) {
        const size_t at = LANES * k;
        if (n <= at) {
            v[k] = _mm512_set1_epi32(32768);
            continue;
        }
        const __m512 elements =
            n == STEP ? _mm512_loadu_ps(x + at) : _mm512_maskz_loadu_ps(lanes_of(n - at), x + at);
        v[k] = _mm512_cvtps_epi32(_mm512_fmadd_ps(elements, _mm512_loadu_ps(tile->factors + c + at),
                                                  _mm512_loadu_ps(tile->biases + c + at)));
    }
    if (is_near_tie(&tile->limits, v))
        return false;
    const __m512i integers = narrow(&tile->limits, v, kind);
    if (n == STEP)
        _mm512_storeu_si512(q, integers);
    else
        _mm512_mask_storeu_epi8(q, ((__mmask64)1 << n) - 1, integers);
    return true;
}

/* The columns of a tile in all rows, in fixed point. */
AVX512 ALWAYS_INLINE void quantize_tile(const struct tile *tile, const struct groups *groups,
                                        size_t width, size_t ncolumns, size_t nrows, const float *x,
                                        uint8_t *q, const struct byte_kind kind,
                                        quant_quantize_each_fn *each)
{
    for (; nrows > 0; nrows--, x += ncolumns, q += ncolumns) {
        size_t c = 0;
        for (; width - c >= STEP; c += STEP)
            if (!quantize_columns(tile, c, x + c, STEP, q + c, kind))
                each(groups->common, groups->scales + c, groups->zero_points + c, x + c, STEP,
                     q + c);
        if (c < width && !quantize_columns(tile, c, x + c, width - c, q + c, kind))
            each(groups->common, groups->scales + c, groups->zero_points + c, x + c, width - c,
                 q + c);
    }
}

AVX512 ALWAYS_INLINE void quantize_rows(struct groups groups, size_t ncolumns, size_t nrows,
                                        const float *x, uint8_t *q, const struct byte_kind kind,
                                        quant_quantize_each_fn *each)
{
    struct tile tile;
    for (size_t first = 0; first < ncolumns && nrows > 0; first += MAX_COLUMNS) {
        const size_t left = ncolumns - first;
        const size_t width = left < MAX_COLUMNS ? left : MAX_COLUMNS;
        if (make_plan(&groups, width, tile.factors, tile.biases, &tile.limits))
            quantize_tile(&tile, &groups, width, ncolumns, nrows, x + first, q + first, kind, each);
        else
            for (size_t i = 0; i < nrows; i++)
                each(groups.common, groups.scales, groups.zero_points, x + i * ncolumns + first,
                     width, q + i * ncolumns + first);
        advance(&groups, width);
    }
}

AVX512 void quant_avx512_quantize_rows_int8(const struct quant_params *common, const float *scales,
                                            const int32_t *zero_points, size_t ncolumns,
                                            size_t nrows, const float *x, void *q)
{
    const struct groups groups = {common, scales, zero_points};
    if (common->qmax == INT8_MAX)
        quantize_rows(groups, ncolumns, nrows, x, q, (struct byte_kind){false, false},
                      quant_avx2_quantize_each_int8);
    else
        quantize_rows(groups, ncolumns, nrows, x, q, (struct byte_kind){false, true},
                      quant_avx2_quantize_each_int8);
}

AVX512 void quant_avx512_quantize_rows_uint8(const struct quant_params *common, const float *scales,
                                             const int32_t *zero_points, size_t ncolumns,
                                             size_t nrows, const float *x, void *q)
{
    const struct groups groups = {common, scales, zero_points};
    if (common->qmax == UINT8_MAX)
        quantize_rows(groups, ncolumns, nrows, x, q, (struct byte_kind){true, false},
                      quant_avx2_quantize_each_uint8);
    else
        quantize_rows(groups, ncolumns, nrows, x, q, (struct byte_kind){true, true},
                      quant_avx2_quantize_each_uint8);
}

#endif
