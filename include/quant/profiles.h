/* SPDX-License-Identifier: MIT */
/*
 * The engines whose rules can be followed to the bit: the `like` of a struct quant_spec. A profile
 * says which types, schemes and granularities an engine knows, how it gets from a range to a scale
 * and a zero point, and how from an element to an integer. Restoring is
 *
 *     x' = (float)(q - zero_point) * scale + bias
 *
 * where only profiles with biases add any; also where the engine itself stores the inverse of the
 * scale, or only the largest magnitude. A scale may then be 0 or negative. Block types, which hold
 * their scales, are restored by their own formulas.
 *
 * Profiles are constants: they are never freed, and any thread may read them.
 */
#ifndef QUANT_PROFILES_H
#define QUANT_PROFILES_H

#include <quant/groups.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What each step from a range to a scale is rounded to. */
enum quant_steps {
    QUANT_STEPS_OWN_RULES = 0, /* quant_choose decides, not the profile */
    QUANT_STEPS_DOUBLE,        /* once, at the end */
    QUANT_STEPS_FLOAT32,
    QUANT_STEPS_INPUT /* float16 or bfloat16 for elements of these types, else float32 */
};

/* What an engine does about a scale that is too small. */
enum quant_floor {
    QUANT_FLOOR_NONE = 0,
    QUANT_FLOOR_MAGNITUDE, /* the largest magnitude is raised to `least` */
    QUANT_FLOOR_SCALE,     /* the scale is raised to `least` */
    QUANT_FLOOR_ONE,       /* below `least` the scale is 1 and the zero point 0 */
    QUANT_FLOOR_EPSILON    /* instead of 0 it is the distance from 1 to the next number of the type
                            * that steps are rounded to */
};

/* Which groups an engine knows, or-ed. */
enum quant_granularity_kind {
    QUANT_PER_TENSOR = 1,
    QUANT_PER_CHANNEL = 2, /* a scale for each index of an axis */
    QUANT_PER_BLOCK = 4,   /* for each block along an axis */
    QUANT_PER_TILE = 8     /* for each block of rows and columns */
};

/* A type that an engine quantizes to in a scheme. */
struct quant_profile_type {
    enum quant_scheme scheme;
    enum quant_dtype dtype;
    int32_t qmin; /* elements are clipped to this range */
    int32_t qmax;
    double divisor;     /* the largest magnitude, or the length of the range, is divided by it. 0:
                         * the engine knows the type with a given scale only */
    int32_t zero_point; /* of absmax */
};

struct quant_profile {
    const char *name;    /* "pytorch" */
    const char *engine;  /* what it was checked against: "PyTorch 2.15" */
    const char *summary; /* what of that engine it follows, in one line */

    const struct quant_profile_type *types; /* the first is the default */
    size_t ntypes;
    unsigned granularities; /* of enum quant_granularity_kind */

    enum quant_steps steps;
    bool is_signed; /* absmax divides the minimum's magnitude, or the negative maximum if that is
                     * greater: the scale may be negative, also if exact */
    enum quant_floor floor;
    double least;
    bool blocks_by_stored; /* with a scale for each block: the range's length is rounded to float32
                            * first, and the zero point is computed from the stored scale */
    bool blocks_float16;   /* with a scale for each block: rounded to bfloat16, then to float16 */
    bool zero_point_first; /* the zero point is computed before the floor: by a scale of 0 that is
                            * 0, or qmax if any element is negative */
    bool rounds_sum;       /* z = rne(clip(qmin - lo / s)), not clip(qmin - rne(lo / s)) */

    enum quant_mapping_kind mapping;       /* of elements, where the scale is found */
    enum quant_mapping_kind given_mapping; /* where it is given */
    enum quant_rounding rounding;          /* of QUANT_MAP_PLAIN */
    bool input_scale; /* scales are stored in the type of the input, not in float32 */
    bool has_biases;  /* float biases in place of zero points, in the type of the scales */
    const uint64_t *block_sizes; /* NULL: any. Else those that the engine knows, along the last axis
                                  * of at least two, in whole blocks; 0 ends them */

    /* The rules in words. */
    const char *scale_rule;
    const char *zero_point_rule; /* NULL: symmetric only, with zero point 0 */
    const char *element_rule;
    const char *floor_rule; /* NULL: none */
};

/* The i-th profile, NULL past the last. */
QUANT_API const struct quant_profile *quant_profile_at(size_t i);

/* The profile of that name; NULL if there is not one, or name is NULL. */
QUANT_API const struct quant_profile *quant_profile_from_name(const char *name);

/* What the profile has for the scheme and the type; NULL: the engine does not know them. */
QUANT_API const struct quant_profile_type *
quant_profile_type_of(const struct quant_profile *profile, enum quant_scheme scheme,
                      enum quant_dtype dtype);

/* Whether the scale may be 0 or negative: by a profile, but where exact is set only by one that has
 * signed scales. */
QUANT_API bool quant_params_take_any_scale(const struct quant_params *params);

/* Sets mapping, arithmetic and rounding of params for elements that had the type `input` in their
 * file, by its profile, scheme and exact; all of them plain where profile is NULL or exact is set,
 * but for a profile with signed scales, whose elements are divided by them also where exact is set.
 * is_given: the scale was given, not found. */
QUANT_API void quant_params_follow(struct quant_params *params, enum quant_dtype input,
                                   bool is_given);

#ifdef __cplusplus
}
#endif

#endif
