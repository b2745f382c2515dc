/* SPDX-License-Identifier: MIT */
/*
 * The contract of the inner loops, and the table of their implementations.
 *
 * To add an instruction set: write one file here that ends in one `const struct quant_kernels`,
 * declare it below and give it a row in kernel_table.c, fastest first. A function an instruction
 * set has no better way for is taken from scalar.c by name. Tests iterate the table.
 *
 * scalar.c is the definition: every other row gives the same bytes for every input, length,
 * alignment and floating-point value. Functions read and write exactly n elements, nothing beside
 * them, and are given n = 0 too, but never a NULL pointer. The floating-point environment is the
 * default one.
 */
#ifndef QUANT_KERNELS_KERNELS_H
#define QUANT_KERNELS_KERNELS_H

#include <quant/quant.h>

/* The six sums of the error report, in this order, over the elements whose x is finite. */
enum quant_sum {
    QUANT_SUM_SQUARED_ERROR,
    QUANT_SUM_ABS_ERROR,
    QUANT_SUM_ERROR,
    QUANT_SUM_SQUARED_X,
    QUANT_SUM_SQUARED_RESTORED,
    QUANT_SUM_PRODUCT
};

/* What measure adds to. Element i of a call goes to lane (first_lane + i) % QUANT_MEASURE_LANES of
 * each sum, in order of i. e^2 is multiplied and added with one rounding, as fma does; the products
 * of x and x' are exact in double, so that it makes no difference for them. */
struct quant_measure_block {
    double (*lanes)[QUANT_MEASURE_LANES]; /* QUANT_MEASURE_SUMS rows */
    float least_unclipped;    /* given: the finite elements that the clamp leaves alone lie */
    float greatest_unclipped; /* between these, see quant_unclipped_range */
    uint64_t nonfinite;
    uint64_t clipped;           /* outside the two above */
    uint64_t zeroed;            /* x != 0 and x' == 0 */
    uint64_t sign_flipped;      /* one < 0, the other > 0 */
    double max_abs_error;       /* raised; -1 before the first finite element */
    size_t max_abs_error_index; /* where it is raised: the first element of the call that has it */
};

/* Points in memory come a multiple of this at a time. */
enum { QUANT_POINT_LANES = 8 };

/* The integers from first to last, far below 2^51, among the multiples of a scale: a point at x is
 * x * steps - phase from 0. */
struct quant_grid {
    double steps; /* 1 / scale */
    double phase;
    double first;
    double last;
};

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
typedef void quant_mark_levels_fn(const void *q, size_t n, uint64_t *levels);
typedef bool quant_observe_each_fn(const float *x, size_t n, float *least, float *greatest);
typedef bool quant_observe_runs_fn(const float *x, size_t nruns, size_t run, float *least,
                                   float *greatest);
typedef void quant_quantize_each_fn(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, const float *x, size_t n, void *q);
typedef void quant_quantize_runs_fn(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, size_t run, const float *x,
                                    size_t n, void *q);
typedef void quant_scale_each_fn(const float *scales, const int32_t *zero_points, size_t n,
                                 float *x);

struct quant_kernels {
    const char *name;        /* as in QUANT_ISA */
    const char *summary;     /* a line for `quant version` */
    bool (*supported)(void); /* by the processor and the operating system */

    /* Adds n elements to *observed: count, least and greatest finite element (of -0 and 0 either),
     * number and first index of the others. */
    quant_observe_fn *observe;

    /* By type; NULL where it is no target in this version. quantize maps non-finite elements as
     * quant_quantize says. */
    quant_quantize_fn *quantize[QUANT_DTYPE_COUNT];
    quant_dequantize_fn *dequantize[QUANT_DTYPE_COUNT];

    /* By float type: n elements at bytes (of any alignment, in the stated byte order) as float32:
     * float16 and bfloat16 exactly, float64 rounded half to even, beyond the range to infinity. */
    quant_widen_fn *widen[QUANT_DTYPE_COUNT];

    /* Adds n elements to *block. */
    quant_measure_fn *measure;

    /* Adds weight * e^2 of each of n points, a multiple of QUANT_POINT_LANES, to the lane of its
     * number. e is the distance from the nearest integer of the grid. Every operation is rounded.
     */
    quant_point_errors_fn *point_errors;

    /* By type: sets bit q - least of the type for each of n integers, or the bit that a float's
     * pattern says, that of +0 for -0 too; bit 0 being the lowest of levels[0]. */
    quant_mark_levels_fn *mark_levels[QUANT_DTYPE_COUNT];

    /* ---- Groups: parameters that change along the elements ---- */

    /* Lowers least[i] and raises greatest[i] to x[i], for each of n elements; what is not finite
     * changes nothing. Returns whether all are finite. Of -0 and 0 either may be kept. */
    quant_observe_each_fn *observe_each;

    /* The same for runs of elements: nruns of them, each of run >= 1 elements, one behind the
     * other, the i-th for least[i] and greatest[i]. */
    quant_observe_runs_fn *observe_runs;

    /* By type, of those with a scale: quantize with scales[i] and zero_points[i], all else as
     * common says. */
    quant_quantize_each_fn *quantize_each[QUANT_DTYPE_COUNT];

    /* By type: the same with scales[i / run] and zero_points[i / run]; run is a multiple of 32.
     * NULL where there is no better way than quantize_each. */
    quant_quantize_runs_fn *quantize_runs[QUANT_DTYPE_COUNT];

    /* x[i] = (float)(x[i] - zero_points[i]) * scales[i] for n integers, as floats, of at most 16
     * bits; or, where the zero point is 0, for any n floats. */
    quant_scale_each_fn *scale_each;
};

extern const struct quant_kernels quant_kernels_scalar;
#if defined(__x86_64__)
extern const struct quant_kernels quant_kernels_avx2;
extern const struct quant_kernels quant_kernels_avx512;
#elif defined(__AARCH64EL__)
extern const struct quant_kernels quant_kernels_neon;
#endif

/* The least and the greatest finite x for which rne(x / s) + z, or half-away, lies inside [qmin,
 * qmax]; of a float target, that round to no more than its greatest number. Quotient and rounding
 * never fall as x grows, so all between them are unclipped too. Where there is none, *least >
 * *greatest. */
void quant_unclipped_range(const struct quant_params *params, float *least, float *greatest);

/* Whether a finite x lies outside of it: the same question of a single element. */
bool quant_is_clipped(const struct quant_params *params, float x);

/* The set in use. */
const struct quant_kernels *quant_kernels(void);

/* The i-th row, NULL past the last. */
const struct quant_kernels *quant_kernels_at(size_t i);

#endif
