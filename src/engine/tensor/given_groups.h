/* SPDX-License-Identifier: MIT */
/* The scales and zero points of all groups of a tensor, known before any of its elements is read.
 */
#ifndef QUANT_ENGINE_TENSOR_GIVEN_GROUPS_H
#define QUANT_ENGINE_TENSOR_GIVEN_GROUPS_H

#include "engine/tensor/group_source.h"

/* All zeros: not given. */
struct quant_given_groups {
    struct quant_group_source groups; /* all are in memory */
    struct quant_group_notes notes;   /* of those that were made from ranges */
};

/* Allocates room for the parameters of all groups of *grouping, which is copied; for factors and
 * biases only if there are any. To be released also after an error. */
enum quant_status quant_given_groups_init(struct quant_given_groups *given,
                                          const struct quant_grouping *grouping, bool has_factors,
                                          bool has_biases, struct quant_error *error);

void quant_given_groups_release(struct quant_given_groups *given);

#endif
