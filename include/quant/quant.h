/* SPDX-License-Identifier: MIT */
/*
 * Quantization of numbers in memory: from float32 elements to small integers with a scale and a
 * zero point, or to small floats; back again; and the error between the two.
 *
 * The mapping, for a scale s and a zero point z:
 *
 *     q  = clamp(rne(x / s) + z, qmin, qmax)        quantize
 *     x' = (float)(q - z) * s                       dequantize
 *
 * x / s is the correctly rounded IEEE 754 float32 quotient and rne rounds to the nearest integer,
 * ties to even; that is ONNX QuantizeLinear, element for element. The sum, the clamp and q - z are
 * exact, also for int32 (a float32 holds no 2^31 - 1, and an x / s from there on gives qmax); q - z
 * is rounded once, to float32. To a float type instead:
 *
 *     q  = clamp(RN(x / s), -m, m)                  8 bits; m is the type's largest finite number
 *     x' = value(q) * s
 *     q  = clamp(RN(x), -m, m), x' = value(q)       16 bits, which have the range: unscaled
 *
 * RN rounds to the nearest number of the type, subnormals among them, ties to even; x / s is
 * rounded to float32 first, as above. q is the number's bit pattern. A zero is always +0. All
 * results depend on the elements and the parameters alone: not on the processor, on how an array is
 * cut into calls, or on the thread that makes them.
 *
 * 4-bit integers are packed two to a byte, the first of the two in the lower half; after an odd
 * last one the upper half is written as 0, and not looked at. Where an array of them is cut into
 * calls, every cut is at an even element.
 *
 * Nor do they depend on the floating-point environment of the caller: the way of rounding, flushing
 * subnormals to zero, traps. Every function of the library that computes does so in the default
 * environment, and when it returns the caller's is as it was, its exception flags too. It takes a
 * few nanoseconds. Functions of the caller that the library calls run in the default environment;
 * one that sets another puts the default back before it returns.
 *
 * Every function here may be called from any number of threads at once, as long as no two of them
 * are given the same object to change. Nothing is printed, no signal or locale is touched, and
 * nothing is allocated, but by quant_calibrate and quant_measure_new. Arrays are contiguous,
 * aligned as their element type asks, and may be NULL where their length is 0. Unless a function
 * says otherwise, source and destination do not overlap.
 *
 * Reading and writing tensor files is in <quant/file.h>.
 */
#ifndef QUANT_QUANT_H
#define QUANT_QUANT_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define QUANT_API __attribute__((visibility("default")))
#define QUANT_PRINTF(format_index, first_argument)                                                 \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define QUANT_API
#define QUANT_PRINTF(format_index, first_argument)
#endif

#define QUANT_VERSION_MAJOR 0
#define QUANT_VERSION_MINOR 1
#define QUANT_VERSION_PATCH 0
#define QUANT_VERSION "0.1.0"

/* The version of the library that runs, which a shared library may have changed since the caller
 * was compiled; QUANT_VERSION is the one that the caller was compiled with. */
QUANT_API const char *quant_version(void);

/* ---- Errors -------------------------------------------------------------------------------- */

/* What went wrong: one value for each case in which a caller would act differently. */
enum quant_status {
    QUANT_OK = 0,
    QUANT_UNRECOGNIZED, /* not one of the known formats */
    QUANT_UNSUPPORTED,  /* a known format that uses something this library does not read */
    QUANT_CORRUPT,      /* the content contradicts its format */
    QUANT_TRUNCATED,    /* the content ends too early */
    QUANT_OUT_OF_RANGE, /* a number or a size that the target cannot hold */
    QUANT_NONFINITE,    /* NaN or infinity where only finite elements are allowed */
    QUANT_IO,           /* the system refused to open, read, write or rename */
    QUANT_NO_MEMORY,
    QUANT_INVALID,   /* the call itself is wrong: the arguments contradict each other */
    QUANT_EXISTS,    /* an output is already there, or is one of the inputs */
    QUANT_CANCELLED, /* the caller's quant_cancel flag was raised */
    QUANT_CLOSED     /* the reader of an output pipe has gone */
};

/*
 * QUANT_INVALID is what every function with a status gives, before any work, for a call that is
 * wrong by itself:
 *
 *     - a pointer that is NULL, unless the function says what NULL stands for. Elements may be NULL
 *       if their number is 0, error always;
 *     - a value outside of its enumeration, in an argument or a structure;
 *     - a list of more than 0 entries that is NULL, or has an entry that is NULL;
 *     - a shape with fewer than 0 or more than QUANT_MAX_DIMS dimensions, or with 2^63 elements or
 *       more.
 *
 * Functions without a status give for such arguments what stands for nothing: NULL, false, 0, a
 * NaN, or QUANT_DTYPE_NONE; those that fill arrays leave them as they are. What a pointer leads to
 * must be there: nobody can check that.
 */

/* Three or four words for a status, in English, without capital or full stop; "unknown status" for
 * a value outside of the enumeration; never NULL. */
QUANT_API const char *quant_status_text(enum quant_status status);

/*
 * The caller's room for one error. Nothing in it is allocated, so that running out of memory can
 * still be reported. A function that takes one accepts NULL and leaves it alone on success. The
 * text is one line without capital or full stop. It quotes file and tensor names as they are: mask
 * control characters before showing it on a terminal.
 */
struct quant_error {
    enum quant_status status;
    char text[1024];
};

/* ---- Types --------------------------------------------------------------------------------- */

enum quant_dtype {
    QUANT_DTYPE_NONE = 0,
    QUANT_INT8,
    QUANT_UINT8,
    QUANT_INT4,
    QUANT_UINT4,
    QUANT_INT16,
    QUANT_UINT16,
    QUANT_FLOAT8_E4M3FN,
    QUANT_FLOAT8_E5M2,
    QUANT_FLOAT16,
    QUANT_BFLOAT16,
    QUANT_FLOAT32,
    QUANT_FLOAT64,
    QUANT_INT32,
    QUANT_Q8_0, /* the block types of ggml: each block of 32 elements has a scale of its own */
    QUANT_Q4_0,
    QUANT_Q4_1,
    QUANT_Q5_0,
    QUANT_Q5_1,
    QUANT_DTYPE_COUNT
};

/* What a number format is. For integers min and max are the ends of the type, epsilon is
 * 1; for floats they are the finite ends and epsilon is the step from 1 to the next number. */
struct quant_dtype_info {
    const char *name;       /* "int8" */
    const char *short_name; /* "i8", accepted wherever the name is */
    unsigned bits;
    bool is_integer;
    bool quantizes;   /* can be the result of quant_quantize */
    bool is_source;   /* can be the type of elements to quantize */
    bool is_unscaled; /* elements are rounded to it as they are: no scale, no range */
    bool is_scale;    /* scales can be stored as it */
    double min;
    double max;
    double epsilon;
    bool needs_scale;      /* can be quantized to with a given scale only, not with one that is
                            * found from a range */
    unsigned block_nelems; /* of a block type, which is not one of those above: GGUF files have it,
                            * and quantizing to it needs such a file; bits is what an element takes
                            * with its part of the scales, rounded up. 0: elements have no blocks */
    unsigned block_nbytes;
};

/* NULL if dtype is not in the enumeration, or QUANT_DTYPE_NONE. */
QUANT_API const struct quant_dtype_info *quant_dtype_info(enum quant_dtype dtype);

/* The type of that name or short name, QUANT_DTYPE_NONE if there is not one, or name is NULL. */
QUANT_API enum quant_dtype quant_dtype_from_name(const char *name);

/* Bytes that nelems elements of this type take, 4-bit ones packed two to a byte, those of a block
 * type in whole blocks.
 * SIZE_MAX-safe: returns UINT64_MAX where the product does not fit. */
QUANT_API uint64_t quant_dtype_bytes(enum quant_dtype dtype, uint64_t nelems);

/* x rounded to the nearest number of a float type (ties to even, beyond the type to infinity, also
 * if the type itself has no infinity), or to the nearest integer clamped to an integer type; NaN
 * gives NaN, or 0 for an integer type. */
QUANT_API double quant_dtype_round(enum quant_dtype dtype, double x);

/* ---- From elements to parameters ------------------------------------------------------------ */

enum quant_scheme {
    QUANT_ABSMAX = 0, /* symmetric: the zero point is the middle of the target range */
    QUANT_ZERO_POINT  /* affine: the range is mapped onto the whole target range */
};

enum quant_rounding {
    QUANT_HALF_EVEN = 0, /* ties to the even integer, as IEEE 754 and ONNX do */
    QUANT_HALF_AWAY      /* ties away from zero, as C's round() does */
};

enum quant_nonfinite {
    QUANT_NONFINITE_ERROR = 0, /* NaN and infinities are refused */
    QUANT_NONFINITE_SATURATE   /* +Inf gives qmax, -Inf qmin, NaN the clamped zero point; of a float
                                * type the largest finite number, the smallest, and a NaN */
};

/* What has been seen of the elements so far. Start from QUANT_OBSERVED_INIT. */
struct quant_observed {
    uint64_t count;           /* elements seen, finite or not */
    uint64_t nonfinite;       /* of these, NaN and infinities */
    uint64_t first_nonfinite; /* index of the first of them; meaningless if all are finite */
    float nonfinite_value;    /* its value */
    float min;                /* smallest finite element; +Inf if there is not one */
    float max;                /* largest finite element; -Inf if there is not one */
};

#define QUANT_OBSERVED_INIT                                                                        \
    {                                                                                              \
        0, 0, 0, 0.0F, INFINITY, -INFINITY                                                         \
    }

/* Adds n elements to what was seen. Cutting an array into calls makes no difference. */
QUANT_API void quant_observe(struct quant_observed *observed, const float *x, size_t n);

/* How to quantize. All zeros is the default: absmax, and dtype QUANT_DTYPE_NONE stands for int8. */
struct quant_spec {
    enum quant_scheme scheme;
    enum quant_dtype dtype; /* one whose quant_dtype_info has quantizes. A float type takes absmax
                             * only, half even only, and nothing of zero points and targets; an
                             * unscaled one no scale, clip and calibration either */
    enum quant_rounding rounding;
    enum quant_nonfinite nonfinite;
    bool include_zero; /* extend the range to hold 0, so that z lies inside the type */
    bool has_clip;  /* clip[0] < clip[1], finite in float32: the range, instead of the observed */
    bool has_scale; /* scale and zero_point are used as they are: no range is needed */
    bool has_zero_point;
    bool has_qmin;
    bool has_qmax;
    double clip[2];
    float scale;        /* finite and > 0 */
    int32_t zero_point; /* with has_scale; where not given: 0, the middle for unsigned absmax */
    int32_t qmin;       /* narrow the target range; inside the type, qmin < qmax */
    int32_t qmax;
    const char *calibration;       /* method, NULL for "minmax"; see quant_calibration_at */
    bool has_calibration_argument; /* else the method's own, where it has one */
    double calibration_argument;   /* P of percentile:P, K of sigma:K */
    bool clip_is_calibrated;      /* with has_clip: the calibration found it, as the sidecar says. A
                                   * clip of 0 and 0 is then one of zeros, or of nothing finite */
    enum quant_dtype scale_dtype; /* what scales are stored as: QUANT_FLOAT32, which
                                   * QUANT_DTYPE_NONE stands for, QUANT_FLOAT16 or QUANT_BFLOAT16.
                                   * A given scale must be a number of the type; an unscaled dtype
                                   * takes QUANT_DTYPE_NONE only */
    const char *like; /* the engine whose rules to follow, a name of <quant/profiles.h>; NULL: the
                       * rules of this page */
    enum quant_dtype input_dtype; /* with like: the type that the elements had before they were
                                   * float32, in which some engines compute. Jobs on files take the
                                   * type in the file */
    bool exact; /* with like: the engine's integers and types of scales, but mapped by the
                 * rules of this page, and by the method mse where none is named */
};

/* Whether the spec makes sense by itself: QUANT_OK, QUANT_INVALID (the arguments contradict each
 * other, or one is outside its range or enumeration) or QUANT_UNSUPPORTED (a dtype or method that
 * this version cannot quantize with). */
QUANT_API enum quant_status quant_spec_check(const struct quant_spec *spec,
                                             struct quant_error *error);

/* Whether the parameters depend on the elements: neither a scale nor a clipping range is given, and
 * the type is not unscaled. */
QUANT_API bool quant_spec_needs_range(const struct quant_spec *spec);

struct quant_profile; /* <quant/profiles.h> */

/* How elements become integers, where z is the zero point and clip limits to qmin..qmax. All but
 * the first are for integers of at most 16 bits, under the rules of an engine. NaN gives clip(z),
 * whether it is an element or made by the mapping. Each step is rounded to float32; where it is
 * rounded to the arithmetic, and that is float16 or bfloat16, then to that. */
enum quant_mapping_kind {
    QUANT_MAP_PLAIN = 0,  /* clip(rne(x / s) + z): the rule at the top; s > 0 */
    QUANT_MAP_RECIPROCAL, /* clip(rne(x * (1 / s)) + z) */
    QUANT_MAP_DIVIDE,     /* rne(clip(x / s + z)) in float32; s may be 0 or negative */
    QUANT_MAP_SUM,        /* the same, each step rounded to the arithmetic */
    QUANT_MAP_SCALE_TOO,  /* the same by the scale rounded to the arithmetic, or to its smallest
                           * normal number where that gives 0 */
    QUANT_MAP_FACTOR,     /* clip(x * factor, ties away from zero); qmin for an infinite factor */
    QUANT_MAP_FLOAT16,    /* clip(rne(x as float16 * ((1 / m) * 127))), where m is the float16
                           * nearest to 127 * s; all 0 if it is 0 or infinite */
    QUANT_MAP_BIAS        /* clip(rne((x - bias) / factor)); the factor is the scale before it was
                           * rounded to what it is stored as */
};

/* Everything one element's mapping depends on. */
struct quant_params {
    enum quant_scheme scheme;
    enum quant_dtype dtype;
    enum quant_rounding rounding; /* half even for a float type */
    int32_t qmin;                 /* with qmax and zero_point 0 for a float type */
    int32_t qmax;
    float scale; /* finite, > 0; 1 for an unscaled type. By a profile also 0 or negative */
    int32_t zero_point;
    enum quant_dtype scale_dtype; /* what the scale is stored as, of which it is a number; the
                                   * mapping does not depend on it. QUANT_DTYPE_NONE: float32 */
    const struct quant_profile *profile; /* the engine that is followed; NULL: none */
    uint32_t exact; /* 1: as of the spec; the mapping is then plain. No bool, which would leave
                     * bytes that have no value: parameters may be compared as bytes */
    enum quant_mapping_kind mapping;
    enum quant_dtype arithmetic; /* QUANT_FLOAT16 or QUANT_BFLOAT16 by a profile for elements that
                                  * were of that type, else QUANT_DTYPE_NONE: float32 */
    float factor; /* of QUANT_MAP_FACTOR and QUANT_MAP_BIAS. 0: the one that follows from the scale,
                   * as where it was read from a file */
    float bias;   /* by a profile with biases: x' = (float)q * scale + bias, each step rounded to
                   * float32. It is a number of the scale_dtype. Else 0 */
    uint32_t reserved; /* 0 */
};

/* Whether zero points are stored beside the scales: in the scheme zero-point, for an unsigned type,
 * if [qmin, qmax] does not hold 0 (all zeros then have another), and if the zero point is not 0.
 * With a scale for each group params is what all of them have in common. */
QUANT_API bool quant_params_have_zero_points(const struct quant_params *params);

/* Whether biases are stored beside the scales, as by some profiles. There are no zero points then:
 * all are 0. */
QUANT_API bool quant_params_have_biases(const struct quant_params *params);

/* The bytes that `count` scales take: each is of params->scale_dtype, with a 32-bit zero point if
 * quant_params_have_zero_points says so, or a bias of the same type as the scale. 0 for an unscaled
 * type, UINT64_MAX if the product does not fit. */
QUANT_API uint64_t quant_scale_bytes(const struct quant_params *params, uint64_t count);

/* Remarks on the choice of parameters that a person should hear of. */
enum quant_note {
    QUANT_NOTE_ZERO_POINT_OUTSIDE = 1, /* the zero point lies outside the type; include_zero keeps
                                        * it inside */
    QUANT_NOTE_SCALE_RAISED_FAR = 2,  /* the range is narrow and far from zero: the scale was raised
                                       * to bring the zero point near */
    QUANT_NOTE_SCALE_RAISED = 4,      /* the scale was raised to the smallest normal of its type */
    QUANT_NOTE_RESTORES_INFINITE = 8, /* a given scale is so great that one of qmin..qmax, or of the
                                       * float type's finite numbers, is restored as an infinity */
    QUANT_NOTE_SCALE_LOWERED = 16     /* the scale was lowered to the largest finite float16 or
                                       * bfloat16, so elements are clipped */
};

/* The parameters that a spec makes of what was seen, and the range they are made from. */
struct quant_choice {
    struct quant_params params;
    bool has_range; /* false: nothing finite was seen, the scale was given, or the type has no scale
                     */
    double range[2];         /* what is mapped: after clipping, include_zero and the rules below */
    unsigned notes;          /* of enum quant_note, or-ed */
    const char *calibration; /* the method that found the range, of auto the one that was taken;
                              * NULL: the spec needs none */
    bool has_calibration_argument;
    double calibration_argument; /* of that method: as given, or its own */
};

/*
 * Range to scale and zero point:
 *
 *     absmax      a = max(|lo|, |hi|), s = a / qmax, z = 0
 *                 (unsigned: s = a / h and z = qmax - h, with h = (qmax - qmin) / 2 rounded down;
 *                 8-bit floats: s = a / m, the type's largest finite number)
 *     zero-point  s = (hi - lo) / (qmax - qmin), z = qmin - rne(lo / s)
 *
 * computed in double; s is rounded once, to float32, at the end. Zero is not forced into the
 * range, so z may lie outside the type: dequantizing is exact about it. In order:
 *
 *     1. Nothing finite, or all zeros: s = 1, z = 0 clamped to [qmin, qmax] (the middle for
 *        unsigned absmax), so zeros are restored as zeros.
 *     2. A constant other than 0: zero is included in the range.
 *     3. s below FLT_MIN is raised to it, and z = qmin - rne(lo / s) by the raised s.
 *     4. |z| > 2^22: s is raised to the smallest float32 for which |z| <= 2^22, z still from lo,
 *        by the raised s. The range becomes [lo, lo + (qmax - qmin) * s], which is what the raised
 *        s maps onto [qmin, qmax] and holds the range that was asked for. It is computed in
 *        double, and its end is no greater than FLT_MAX.
 *     5. (qmin - z) * s or (qmax - z) * s overflows float32 (an 8-bit float: m * s): s is lowered
 *        to the largest float32 for which both are finite. z and the range stay.
 *
 * With a spec->scale_dtype of float16 or bfloat16, s is rounded once to that type instead, kept
 * within its smallest normal and its largest finite number, and z is computed from the result.
 * What 4 and 5 say of float32 then holds for that type. If its largest number is too small for 4,
 * z is clamped to -2^22 or 2^22.
 *
 * observed may be NULL where quant_spec_needs_range says no, else that is QUANT_INVALID. Errors:
 * those of quant_spec_check, QUANT_NONFINITE where observed counts non-finite elements and the spec
 * does not saturate them, and QUANT_INVALID where the range is to be found by a method that has to
 * see more of the elements than observed has: any but minmax.
 */
QUANT_API enum quant_status quant_choose(const struct quant_spec *spec,
                                         const struct quant_observed *observed,
                                         struct quant_choice *choice, struct quant_error *error);

/*
 * The same from n elements at x: observes them, and where the spec leaves the range to a
 * calibration method, goes over them as often as that needs. The methods, over the finite elements:
 *
 *     minmax        the smallest and the largest.
 *     percentile:P  absmax: [-p, p], p the P-th percentile of |x|. zero-point: the central P
 *                   percent, from the (100 - P) / 2-th percentile to the one as far from the other
 *                   end. Exact order statistics, interpolated in double as numpy.percentile does.
 *     mse           the range of smallest squared error, both ends free: found from counts of the
 *                   elements in fine bins, and confirmed by quantizing and restoring all of them.
 *                   Never more than minmax's. In integers of 8 bits or fewer it was within 0.1 %
 *                   of the best range on each of 97 real tensors (docs/mse.md).
 *     entropy       the threshold of smallest Kullback-Leibler divergence between the elements'
 *                   histogram and the same in as many levels as the target has. Elements that
 *                   minmax rounds to zero are not counted. Only thresholds that lose no more
 *                   squared error than minmax, by the histogram, are considered. Elements more
 *                   than 256 times the 99.99th percentile of |x| > 0 are clipped as outliers.
 *     octav         [-s, s], s where Newton's iteration ends for the squared error of a clipped
 *                   uniform quantizer (Sakr et al. 2022) that has the step the range really gets.
 *     sigma:K       mean - K to mean + K standard deviations, S / n and sqrt(n Q - S^2) / n by the
 *                   sums S of the elements and Q of their squares. S and n Q - S^2 are exact, each
 *                   rounded once to double: the order of the elements makes no difference.
 *     auto          of what these find, the one whose mse, as quant_measure_report has it, is
 *                   smallest: of equals, the first in the order of quant_calibration_at. Each by
 * its own argument; of the spec's scheme alone, and of a float type those that it takes.
 *
 * A range by any of them lies inside the observed one, and for absmax, minmax aside, is symmetric:
 * [-a, a], where a is no more than the largest magnitude. Where all elements are equal, or a
 * method's range has no width, the observed range is taken. The result depends on the elements, in
 * their order, and the spec alone. Takes at most 5 MiB while it runs.
 *
 * Errors: those of quant_choose, and QUANT_NO_MEMORY.
 */
QUANT_API enum quant_status quant_calibrate(const struct quant_spec *spec, const float *x, size_t n,
                                            struct quant_choice *choice, struct quant_error *error);

/* A calibration method. */
struct quant_calibration_info {
    const char *name;     /* "percentile" */
    const char *summary;  /* one line */
    const char *argument; /* the name of its argument, "P"; NULL: it takes no argument */
    double initial;       /* the default of the argument */
};

/* The i-th calibration method, NULL past the last; auto is the last. */
QUANT_API const struct quant_calibration_info *quant_calibration_at(size_t i);

/* ---- Elements ------------------------------------------------------------------------------- */

/* Maps n elements of x to integers, or patterns of floats, of params->dtype at q, which has
 * quant_dtype_bytes of room. Non-finite elements saturate: +Inf gives qmax, -Inf qmin, NaN the
 * clamped zero point; of a float type m, -m, and the NaN 0x7E00, 0x7FC0 (bfloat16), 0x7F
 * (float8_e4m3fn), 0x7E. params must come from quant_choose, or satisfy what struct quant_params
 * and its dtype say; a dtype that nothing is quantized to maps nothing. */
QUANT_API void quant_quantize(const struct quant_params *params, const float *x, size_t n, void *q);

/* Maps n integers or patterns of params->dtype back to float32. */
QUANT_API void quant_dequantize(const struct quant_params *params, const void *q, size_t n,
                                float *x);

/* ---- The error report ------------------------------------------------------------------------ */

/*
 * x is the original, x' what came back of it, e = x - x' in double, over the finite elements of x,
 * less those whose x' is a NaN, which a float target can have: they count as not finite.
 * Where a figure has no value (a mean over nothing, a ratio to zero) it is NaN. Sums are in double,
 * in an order that depends on n alone; a product is rounded once, together with its addition.
 */
struct quant_report {
    uint64_t n;         /* finite elements, all figures below are about these */
    uint64_t nonfinite; /* the others */
    double mse;         /* mean e^2 */
    double rmse;        /* its root */
    double mae;         /* mean |e| */
    double sum_squared_error;
    double sum_abs_error;
    double max_abs_error;
    uint64_t max_abs_error_index;  /* the first element where it is reached; 0 where n is 0 */
    double max_abs_error_x;        /* x there */
    double max_abs_error_restored; /* x' there */
    double mean_error;             /* mean e: the bias */
    double sqnr_db;                /* 10 log10(sum x^2 / sum e^2); NaN if either sum is 0 */
    double cosine;                 /* of x and x', from -1 to 1; 1 if sum e^2 = 0, else NaN if
                                    * either is all zeros */
    uint64_t clipped;      /* elements that the clamp changed: rounded, but beyond the ends */
    uint64_t zeroed;       /* x != 0 that came back as 0 */
    uint64_t sign_flipped; /* x and x' of opposite sign */
    uint64_t levels_used;  /* distinct q; 0, and the figure NaN, for int32: not counted */
    uint64_t levels;       /* integers of the type, or finite numbers, 0 being one */
    uint64_t bytes_in;     /* bytes of all elements before, finite or not */
    uint64_t bytes_out;    /* and after, with the scales and zero points: see quant_scale_bytes */
    double ratio;          /* bytes_in / bytes_out; NaN where bytes_out is 0 */
    double
        bits_per_element; /* 8 bytes_out / the number of all elements, n + nonfinite; NaN of none */
    /* The sums from which mean_error, sqnr_db and cosine follow; they are not figures. */
    double sum_error;
    double sum_squared_x;
    double sum_squared_restored;
    double sum_product; /* x * x' */
};

/* Sets total to the report of no elements. */
QUANT_API void quant_report_init(struct quant_report *total);

/* Adds the report of one tensor to the report of several. total then has the figures of all their
 * elements together: counts and sums are added in the order of the calls, the other figures follow
 * from them. max_abs_error_index and levels, which belong to one tensor, stay 0. */
QUANT_API void quant_report_add(struct quant_report *total, const struct quant_report *report);

/* One named figure of the report. */
struct quant_figure {
    const char *key;     /* "mse": the key in JSON and in a threshold */
    const char *summary; /* "mean squared error" */
    bool is_count;       /* an integer */
    bool has_total;      /* quant_report_add gives it for several tensors */
    double (*get)(const struct quant_report *report); /* NaN: null */
};

/* The i-th figure in the order of the report, NULL past the last. */
QUANT_API const struct quant_figure *quant_figure_at(size_t i);

/* The figure of that key, NULL if there is not one, or key is NULL. */
QUANT_API const struct quant_figure *quant_figure_from_key(const char *key);

/* A report in the making: some 9 KiB, 17 KiB for 16-bit types. Use one from one thread at a time.
 */
struct quant_measure;

/* Begins a report for elements that are mapped with params, which is copied. The caller frees it
 * with quant_measure_free. NULL: no memory, no params, or a dtype that nothing is quantized to. */
QUANT_API struct quant_measure *quant_measure_new(const struct quant_params *params);

/* Accepts NULL. */
QUANT_API void quant_measure_free(struct quant_measure *measure);

/* Adds n elements: x the originals, q their integers as quant_quantize made them. Cutting an array
 * into calls makes no difference to any bit of the result. */
QUANT_API void quant_measure_add(struct quant_measure *measure, const float *x, const void *q,
                                 size_t n);

/* The report of what was added. source is the type the elements had in their file, for bytes_in;
 * nscales is the number of scales that restoring them takes, for bytes_out: 1, or the count of a
 * struct quant_grouping. More may be added afterwards. */
QUANT_API void quant_measure_report(const struct quant_measure *measure, enum quant_dtype source,
                                    uint64_t nscales, struct quant_report *report);

/* ---- Instruction sets ------------------------------------------------------------------------ */

/* A kernel set that was compiled in. Any of them gives the same bytes. */
struct quant_isa_info {
    const char *name;           /* "avx2", as in the environment variable QUANT_ISA */
    const char *summary;        /* one line */
    bool (*is_supported)(void); /* whether this processor and operating system can run it */
};

/* The i-th kernel set, the fastest first; NULL past the last. */
QUANT_API const struct quant_isa_info *quant_isa_at(size_t i);

/* The set in use: the fastest supported one, unless quant_isa_select chose. */
QUANT_API const char *quant_isa_current(void);

/* Makes every later call use the set of that name. QUANT_INVALID: NULL, no such set, or not
 * supported here. Call it before other threads use the library. */
QUANT_API enum quant_status quant_isa_select(const char *name, struct quant_error *error);

#ifdef __cplusplus
}
#endif

#endif
