/* SPDX-License-Identifier: MIT */
/* AVX2 for int8 and uint8 with a scale and a zero point for each column of a matrix. It does not
 * divide: see avx2_runs.c. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"

/* Columns planned together. */
enum { MAX_COLUMNS = 1024 };

/* A tile of columns, all rows of it. */
struct tile {
    const struct quant_params *common;
    const float *scales;
    const int32_t *zero_points;
    quant_quantize_each_fn *each; /* by division, for what is left and near ties */
    size_t width;
    _Alignas(32) float factors[MAX_COLUMNS]; /* loads that cross cache lines take twice as long */
    _Alignas(32) float biases[MAX_COLUMNS];
    struct byte_limits limits;
};

static void divide_columns(const struct tile *tile, size_t c, const float *x, size_t n, uint8_t *q)
{
    tile->each(tile->common, tile->scales + c, tile->zero_points + c, x, n, q);
}

/* The constants of one loop. */
struct row_kind {
    struct quantize_kind of_step;
    bool one_bias;
};

/* Columns c to c + STEP - 1 of one row. */
AVX2 ALWAYS_INLINE void quantize_columns(const struct tile *tile, const struct byte_limits *limits,
                                         size_t c, const float *x, uint8_t *q,
                                         const struct quantize_kind kind)
{
    __m256i v[4];
    for (size_t k = 0; k < 4; k++) {
        const size_t at = c + LANES * k;
        v[k] = fix_point(x + at, _mm256_load_ps(tile->factors + at),
                         _mm256_load_ps(tile->biases + at));
    }
    if (is_near_tie(limits, min_halves(v)))
        divide_columns(tile, c, x + c, STEP, q + c);
    else
        put(narrow(limits, v, kind), false, q + c);
}

/* Copies of what is in the tile, since q might be there too. */
struct copied {
    struct byte_limits limits;
    __m256 bias; /* the first */
};

/* The same of two rows, whose elements are ncolumns apart: each factor and bias is loaded once, and
 * one check finds ties of both. If all zero points are the same, so are the biases, and one stays
 * in a register: then a row takes a fourteenth less time. */
AVX2 ALWAYS_INLINE void quantize_both(const struct tile *tile, const struct copied *common,
                                      size_t c, size_t ncolumns, const float *x, uint8_t *q,
                                      const struct row_kind kind)
{
    __m256i v[8];
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) {
        const size_t at = c + LANES * k;
        __m256 factor = _mm256_load_ps(tile->factors + at);
        __m256 bias = kind.one_bias ? common->bias : _mm256_load_ps(tile->biases + at);
        KEEP_IN_REGISTER(factor);
        KEEP_IN_REGISTER(bias);
        v[k] = fix_point(x + at, factor, bias);
        v[k + 4] = fix_point(x + ncolumns + at, factor, bias);
    }
    if (is_near_tie(&common->limits, _mm256_min_epu16(min_halves(v), min_halves(v + 4)))) {
        divide_columns(tile, c, x + c, STEP, q + c);
        divide_columns(tile, c, x + ncolumns + c, STEP, q + ncolumns + c);
        return;
    }
    put(narrow(&common->limits, v, kind.of_step), false, q + c);
    put(narrow(&common->limits, v + 4, kind.of_step), false, q + ncolumns + c);
}

/* One row of the tile, or two. */
AVX2 ALWAYS_INLINE void quantize_some_rows(const struct tile *tile, size_t nrows, size_t ncolumns,
                                           const float *x, uint8_t *q, const struct row_kind kind)
{
    const struct copied common = {tile->limits, _mm256_load_ps(tile->biases)};
    const size_t width = tile->width;
    size_t c = 0;
    for (; width - c >= STEP; c += STEP)
        if (nrows == 2)
            quantize_both(tile, &common, c, ncolumns, x, q, kind);
        else
            quantize_columns(tile, &common.limits, c, x, q, kind.of_step);
    for (size_t i = 0; i < nrows * ncolumns; i += ncolumns)
        divide_columns(tile, c, x + i + c, width - c, q + i + c);
}

AVX2 ALWAYS_INLINE void quantize_tile(const struct tile *tile, size_t ncolumns, size_t nrows,
                                      const float *x, uint8_t *q, bool is_unsigned,
                                      enum clamp clamp, bool one_bias)
{
    const struct row_kind kind = {{is_unsigned, clamp, false}, one_bias};
    size_t row = 0;
    for (; nrows - row >= 2; row += 2)
        quantize_some_rows(tile, 2, ncolumns, x + row * ncolumns, q + row * ncolumns, kind);
    if (row < nrows)
        quantize_some_rows(tile, 1, ncolumns, x + row * ncolumns, q + row * ncolumns, kind);
}

/* Functions of their own: inlined in one, the loops run out of registers. Both clamps are for
 * narrow target ranges only, which have one loop. */
#define DEFINE_TILE(name, is_unsigned, clamp, one_bias)                                            \
    AVX2 __attribute__((noinline)) static void name(const struct tile *tile, size_t ncolumns,      \
                                                    size_t nrows, const float *x, uint8_t *q)      \
    {                                                                                              \
        quantize_tile(tile, ncolumns, nrows, x, q, is_unsigned, clamp, one_bias);                  \
    }

DEFINE_TILE(quantize_int8_narrow, false, CLAMP_BOTH, false)
DEFINE_TILE(quantize_int8_by_each, false, CLAMP_BELOW, false)
DEFINE_TILE(quantize_int8_by_one, false, CLAMP_BELOW, true)
DEFINE_TILE(quantize_uint8_narrow, true, CLAMP_BOTH, false)
DEFINE_TILE(quantize_uint8_by_each, true, CLAMP_BELOW, false)
DEFINE_TILE(quantize_uint8_by_one, true, CLAMP_BELOW, true)

static void quantize_planned(const struct tile *tile, size_t ncolumns, size_t nrows, const float *x,
                             uint8_t *q, bool is_unsigned, bool one_bias)
{
    if (tile->common->qmax < (is_unsigned ? UINT8_MAX : INT8_MAX))
        (is_unsigned ? quantize_uint8_narrow : quantize_int8_narrow)(tile, ncolumns, nrows, x, q);
    else if (one_bias)
        (is_unsigned ? quantize_uint8_by_one : quantize_int8_by_one)(tile, ncolumns, nrows, x, q);
    else
        (is_unsigned ? quantize_uint8_by_each : quantize_int8_by_each)(tile, ncolumns, nrows, x, q);
}

AVX2 static void quantize_rows(struct tile *tile, size_t ncolumns, size_t nrows, const float *x,
                               uint8_t *q, bool is_unsigned)
{
    for (size_t first = 0; first < ncolumns && nrows > 0; first += tile->width) {
        const size_t left = ncolumns - first;
        tile->width = left < MAX_COLUMNS ? left : MAX_COLUMNS;
        const enum plan_kind plan =
            tile->width < LANES
                ? PLAN_NONE
                : quant_avx2_plan_many(tile->common, tile->scales, tile->zero_points, tile->width,
                                       tile->factors, tile->biases, &tile->limits);
        if (plan != PLAN_NONE)
            quantize_planned(tile, ncolumns, nrows, x + first, q + first, is_unsigned,
                             plan == PLAN_ONE_BIAS);
        else
            for (size_t i = first; i < nrows * ncolumns; i += ncolumns)
                divide_columns(tile, 0, x + i, tile->width, q + i);
        tile->scales += tile->width;
        tile->zero_points += tile->width;
    }
}

AVX2 void quant_avx2_quantize_rows_int8(const struct quant_params *common, const float *scales,
                                        const int32_t *zero_points, size_t ncolumns, size_t nrows,
                                        const float *x, void *q)
{
    struct tile tile = {.common = common,
                        .scales = scales,
                        .zero_points = zero_points,
                        .each = quant_avx2_quantize_each_int8};
    quantize_rows(&tile, ncolumns, nrows, x, q, false);
}

AVX2 void quant_avx2_quantize_rows_uint8(const struct quant_params *common, const float *scales,
                                         const int32_t *zero_points, size_t ncolumns, size_t nrows,
                                         const float *x, void *q)
{
    struct tile tile = {.common = common,
                        .scales = scales,
                        .zero_points = zero_points,
                        .each = quant_avx2_quantize_each_uint8};
    quantize_rows(&tile, ncolumns, nrows, x, q, true);
}

#endif
