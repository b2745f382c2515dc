/* SPDX-License-Identifier: MIT */
/*
 * A quantization as it will be carried out: a checked struct quant_spec, with every default filled
 * in and the calibration method looked up. quant_plan_make (methods/plan_make.h) makes it once for
 * each call. Nothing is checked or looked up again after that.
 */
#ifndef QUANT_CORE_PLAN_H
#define QUANT_CORE_PLAN_H

#include <quant/groups.h>

struct quant_calibration; /* methods/method.h; opaque here */

/* What elements are mapped to. */
struct quant_target {
    enum quant_scheme scheme;
    enum quant_dtype dtype;       /* of the elements; never QUANT_DTYPE_NONE */
    enum quant_dtype scale_dtype; /* of the scales; never QUANT_DTYPE_NONE */
    enum quant_rounding rounding;
    bool include_zero;
    int32_t qmin; /* with qmax: the target range, narrowed as the spec says; both 0 for a float */
    int32_t qmax;
    const struct quant_profile *profile; /* the engine that is followed; NULL: none */
    bool exact;                          /* with profile: only in the integers and types */
    /* Set by quant_plan_settle, where there is a profile: */
    enum quant_dtype input; /* float16, bfloat16 or float32 for all others */
    bool in_blocks;         /* a scale for each block: an engine may have other rules for them */
    bool is_given;          /* the scale; set by quant_plan_make */
};

/* Where the range comes from. */
enum quant_range_from {
    QUANT_RANGE_FOUND, /* a calibration method finds it */
    QUANT_RANGE_GIVEN, /* range */
    QUANT_SCALE_GIVEN, /* there is no range: scale and zero_point are given */
    QUANT_UNSCALED     /* there is no range: the type is unscaled */
};

struct quant_plan {
    struct quant_target target;
    enum quant_nonfinite nonfinite;
    enum quant_range_from from;
    const struct quant_calibration *method; /* FOUND: the method, NULL for auto, which tries all.
                                             * GIVEN: the method that found the range, or NULL */
    double argument;                        /* of method; 0 if it takes none */
    double range[2];                        /* GIVEN */
    float scale;                            /* SCALE_GIVEN */
    int32_t zero_point;                     /* SCALE_GIVEN */
    struct quant_granularity granularity;
};

#endif
