/* SPDX-License-Identifier: MIT */
/* From a range to a scale and a zero point by the rules of an engine, as its row in profiles.c has
 * them. */
#ifndef QUANT_CORE_PROFILE_PARAMS_H
#define QUANT_CORE_PROFILE_PARAMS_H

#include <quant/profiles.h>

#include "core/plan.h"

/* Whether scales are positive or negative, whichever is the smaller that covers the range: exact,
 * for an engine with such scales. Its target range reaches one farther below zero than above. */
static inline bool quant_target_is_signed(const struct quant_target *target)
{
    return target->exact && target->scheme == QUANT_ABSMAX && target->profile->is_signed;
}

/* Whether scales are made from ranges by the rules of an engine. */
static inline bool quant_target_follows(const struct quant_target *target)
{
    return target->profile && !target->exact && !target->is_given &&
           target->profile->steps != QUANT_STEPS_OWN_RULES;
}

/* Sets what depends on the type that the elements have in their file: the mapping, and the type of
 * scales where that is the input's own. quant_plan_make calls it for the spec's input_dtype; jobs
 * on files call it again for the type in the file. Does nothing without a profile. */
void quant_plan_settle(struct quant_plan *plan, enum quant_dtype input);

/* Sets scale, zero point and, of QUANT_MAP_FACTOR, factor in *params for the range [low, high],
 * where low <= high and both are finite. The target follows a profile. Returns notes of enum
 * quant_note. */
unsigned quant_profile_set_params(struct quant_params *params, const struct quant_target *target,
                                  double low, double high);

/* Whether groups have factors of their own, which quant_profile_set_params sets. */
bool quant_plan_has_factors(const struct quant_plan *plan);

/* The same of biases. */
bool quant_plan_has_biases(const struct quant_plan *plan);

#endif
