/* SPDX-License-Identifier: MIT */
#include "engine/tensor/given_groups.h"

#include "base/error.h"
#include "core/group_params.h"

enum quant_status quant_given_groups_init(struct quant_given_groups *given,
                                          const struct quant_grouping *grouping, bool has_factors,
                                          bool has_biases, struct quant_error *error)
{
    *given = (struct quant_given_groups){.groups = {.grouping = *grouping, .owns_all = true}};
    return quant_group_params_init(&given->groups.all, grouping->count, has_factors, has_biases)
               ? QUANT_OK
               : quant_error_no_memory(error, (size_t)grouping->count * sizeof(float), "scales");
}

void quant_given_groups_release(struct quant_given_groups *given)
{
    quant_group_source_release(&given->groups);
    *given = (struct quant_given_groups){.groups = {.owns_all = false}};
}
