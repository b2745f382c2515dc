/* SPDX-License-Identifier: MIT */
/*
 * The contract of the inner loops, and the table of their implementations.
 *
 * To add an instruction set: write one file here that ends in one `const struct quant_kernels`,
 * declare it below and give it a row in kernel_table.c, fastest first. For a function that the
 * instruction set cannot do faster, name the one of scalar.c. To add a function: give it a member
 * below and a row in tests/kernels/check_kernels.c. That program checks and times every function of
 * every row.
 *
 * scalar.c is the definition: every other row gives the same bytes for every input, length,
 * alignment and floating-point value. Functions read and write exactly n elements and nothing
 * around them. n may be 0; observe, quantize, dequantize and widen then also take NULL. The
 * floating-point environment is the default one.
 */
#ifndef QUANT_KERNELS_KERNELS_H
#define QUANT_KERNELS_KERNELS_H

#include <quant/quant.h>

#include "base/sum_order.h"

/* The six sums of the error report, in this order, over the elements with finite x. */
enum quant_sum {
    QUANT_SUM_SQUARED_ERROR,
    QUANT_SUM_ABS_ERROR,
    QUANT_SUM_ERROR,
    QUANT_SUM_SQUARED_X,
    QUANT_SUM_SQUARED_RESTORED,
    QUANT_SUM_PRODUCT
};

/* measure adds to these. It adds element i of a call to lane (first_lane + i) % QUANT_MEASURE_LANES
 * of each sum, in order of i. e^2 is multiplied and added with one rounding, as by fma. The
 * products of x and x' are exact in double, so for them this makes no difference. */
struct quant_measure_block {
    double (*lanes)[QUANT_MEASURE_LANES]; /* QUANT_MEASURE_SUMS rows */
    float min_unclipped; /* set by the caller: finite elements between these two are not */
    float max_unclipped; /* clipped, see quant_unclipped_range */
    uint64_t nonfinite;
    uint64_t clipped;           /* outside the two above */
    uint64_t zeroed;            /* x != 0 and x' == 0 */
    uint64_t sign_flipped;      /* one < 0, the other > 0 */
    double max_abs_error;       /* -1 before the first finite element */
    size_t max_abs_error_index; /* set if the call raises the maximum: its first element */
};

/* The squared errors of a group are added in this many lanes. */
enum { QUANT_GROUP_LANES = 8 };

/* The clamp changes no x from (lowest - zero point) * scale to (highest - zero point) * scale, for
 * a scale of at least FLT_MIN and a zero point of at most QUANT_NEAR_ZERO_POINT. */
struct quant_unclipped {
    float lowest;
    float highest;
};

#define QUANT_NEAR_ZERO_POINT 0x1p20F

/* The number of points in a call is a multiple of this. */
enum { QUANT_POINT_LANES = 8 };

/* The integers from first to last (far below 2^51) as multiples of a scale. In these units, the
 * point x is at x * steps - phase. */
struct quant_grid {
    double steps; /* 1 / scale */
    double phase;
    double first;
    double last;
};

/* The samples and rows of a call of multiply. Four rows of eight samples are the sums that
 * the registers of AVX2 hold while two products are added at a time, each after the one before. */
enum { QUANT_MULTIPLY_SAMPLES = 8, QUANT_MULTIPLY_ROWS = 4 };

typedef void quant_observe_fn(const float *x, size_t n, struct quant_observed *observed);
typedef void quant_quantize_fn(const struct quant_params *params, const float *x, size_t n,
                               void *q);
typedef void quant_dequantize_fn(const struct quant_params *params, const void *q, size_t n,
                                 float *x);
typedef void quant_widen_fn(const void *bytes, size_t n, bool big, float *x);
typedef void quant_measure_fn(const float *x, const float *restored, size_t n, size_t first_lane,
                              struct quant_measure_block *block);
typedef void quant_point_errors_fn(const struct quant_grid *grid, const double *at,
                                   const double *weight, size_t n, double lanes[QUANT_POINT_LANES]);
typedef void quant_multiply_fn(const float *x, const float *w, size_t n,
                               double sums[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES]);
typedef void quant_mark_levels_fn(const void *q, size_t n, uint64_t *levels);
typedef void quant_integer_range_fn(const void *q, size_t n, int32_t ends[2]);
typedef bool quant_observe_each_fn(const float *x, size_t n, float *min, float *max);
typedef bool quant_observe_runs_fn(const float *x, size_t nruns, size_t run, float *min,
                                   float *max);
typedef void quant_quantize_each_fn(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, const float *x, size_t n, void *q);
typedef void quant_quantize_runs_fn(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, size_t run, const float *x,
                                    size_t n, void *q);
typedef void quant_quantize_rows_fn(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, size_t ncolumns, size_t nrows,
                                    const float *x, void *q);
typedef void quant_dequantize_each_fn(const float *scales, const int32_t *zero_points,
                                      const void *q, size_t n, float *x);
typedef void quant_dequantize_runs_fn(const float *scales, const int32_t *zero_points, size_t run,
                                      const void *q, size_t n, float *x);
typedef bool quant_each_errors_fn(const struct quant_unclipped *unclipped, const float *scales,
                                  const int32_t *zero_points, const float *x, const float *restored,
                                  size_t n, double *sums);
typedef bool quant_run_errors_fn(const struct quant_unclipped *unclipped, const float *scales,
                                 const int32_t *zero_points, size_t run, const float *x,
                                 const float *restored, size_t nruns, double *sums);
typedef void quant_scale_each_fn(const float *scales, const int32_t *zero_points, size_t n,
                                 float *x);

struct quant_kernels {
    union { /* the same three members */
        struct {
            const char *name;
            const char *summary;
            bool (*supported)(void);
        };
        struct quant_isa_info info;
    };

    /* Adds n elements to *observed: the count, the smallest and the largest finite element (-0 and
     * 0 are equal: either may be kept), the number of other elements and the index of the first. */
    quant_observe_fn *observe;

    /* By type; NULL if the type is not a target. quantize maps non-finite elements as documented at
     * quant_quantize. */
    quant_quantize_fn *quantize[QUANT_DTYPE_COUNT];
    quant_dequantize_fn *dequantize[QUANT_DTYPE_COUNT];

    /* The same for params with a mapping that is not plain, as int8 or uint8 codes, 4-bit integers
     * too, one to a byte; and as int16 or uint16 codes. */
    quant_quantize_fn *mapped_8;
    quant_quantize_fn *mapped_16;

    /* By float type: converts n elements at bytes (any alignment, big or little endian) to float32.
     * float16 and bfloat16 are exact; float64 is rounded half to even, to infinity on overflow. */
    quant_widen_fn *widen[QUANT_DTYPE_COUNT];

    /* Adds n elements to *block. */
    quant_measure_fn *measure;

    /* Adds weight * e^2 for each of n points (a multiple of QUANT_POINT_LANES) to lane i %
     * QUANT_POINT_LANES. e is the distance from the nearest integer of the grid. Every operation is
     * rounded to double. */
    quant_point_errors_fn *point_errors;

    /* Rows of weights times samples: adds x[QUANT_MULTIPLY_SAMPLES * i + s] * w[n * r + i] to
     * sums[r][s], for each i from 0 to n - 1 in this order. The product of two floats is exact in
     * double, so it makes no difference whether it is rounded before it is added. */
    quant_multiply_fn *multiply;

    /* By type: sets a bit for each of n elements; bit 0 is the lowest bit of levels[0]. For
     * integers it is bit q - min, where min is the smallest integer of the type. For floats the
     * pattern is the number of the bit; -0 sets the bit of +0. NULL for int32, which has 2^32. */
    quant_mark_levels_fn *mark_levels[QUANT_DTYPE_COUNT];

    /* By type; NULL if the type is not an integer: lowers ends[0] and raises ends[1] to each of n
     * elements. */
    quant_integer_range_fn *integer_range[QUANT_DTYPE_COUNT];

    /* ---- Groups: parameters that change along the elements ---- */

    /* Lowers min[i] and raises max[i] to x[i], for each of n elements. Elements that are not finite
     * change nothing. Returns whether all are finite. -0 and 0 are equal: either may be kept. */
    quant_observe_each_fn *observe_each;

    /* The same for nruns consecutive runs of run >= 1 elements each; the i-th run updates min[i]
     * and max[i]. */
    quant_observe_runs_fn *observe_runs;

    /* By type, for types with a scale: quantizes element i with scales[i] and zero_points[i];
     * everything else is taken from common. */
    quant_quantize_each_fn *quantize_each[QUANT_DTYPE_COUNT];

    /* By type: the same with scales[i / run] and zero_points[i / run]; run is a multiple of 32.
     * NULL if nothing is faster than quantize_each. */
    quant_quantize_runs_fn *quantize_runs[QUANT_DTYPE_COUNT];

    /* By type: the same for nrows rows of ncolumns elements each, with scales[c] and zero_points[c]
     * in column c. NULL if nothing is faster than quantize_each for each row. */
    quant_quantize_rows_fn *quantize_rows[QUANT_DTYPE_COUNT];

    /* By type: x[i] = (float)(q[i] - zero_points[i]) * scales[i] for n elements; in the second with
     * scales[i / run] and zero_points[i / run], where run is a multiple of 32. NULL if nothing is
     * faster than dequantize and scale_each. */
    quant_dequantize_each_fn *dequantize_each[QUANT_DTYPE_COUNT];
    quant_dequantize_runs_fn *dequantize_runs[QUANT_DTYPE_COUNT];

    /* x[i] = (float)(x[i] - zero_points[i]) * scales[i] for n elements. x[i] is an integer of at
     * most 16 bits, stored as float; if its zero point is 0, x[i] may be any float. */
    quant_scale_each_fn *scale_each;

    /* Adds the squared error of element i, which is finite, to sums[i], for n elements. Every
     * operation is rounded to double. Returns whether the clamp may have changed an element: not
     * all x are within the limits, computed in float32, or not all parameters are as they must be.
     */
    quant_each_errors_fn *each_errors;

    /* The same for nruns consecutive runs of run >= 1 elements each; the i-th run has scales[i] and
     * zero_points[i]. Its squared errors are added in order, that of element k to lane k %
     * QUANT_GROUP_LANES, then the lanes, halves onto halves, and the result to sums[i]. */
    quant_run_errors_fn *run_errors;
};

extern const struct quant_kernels quant_kernels_scalar;
#if defined(__x86_64__)
extern const struct quant_kernels quant_kernels_avx2;
extern const struct quant_kernels quant_kernels_avx512;
#elif defined(__AARCH64EL__)
extern const struct quant_kernels quant_kernels_neon;
#endif

/* The smallest and the largest finite x that are not clipped: round(x / s) + z is within [qmin,
 * qmax], or, for a float target, x / s rounds to a finite number. Quotient and rounding never fall
 * as x grows, so no x between the two is clipped. If every x is clipped, *min > *max. */
void quant_unclipped_range(const struct quant_params *params, float *min, float *max);

/* Whether a finite x is clipped: outside that range. */
bool quant_is_clipped(const struct quant_params *params, float x);

/* What each_errors returns for one element. */
bool quant_may_be_clipped(const struct quant_unclipped *unclipped, float scale, int32_t zero_point,
                          float x);

/* The set in use. */
const struct quant_kernels *quant_kernels(void);

/* The i-th row, NULL past the last. */
const struct quant_kernels *quant_kernels_at(size_t i);

#endif
