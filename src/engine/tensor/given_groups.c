/* SPDX-License-Identifier: MIT */
#include "engine/tensor/given_groups.h"

#include <stdlib.h>

#include "base/error.h"

enum quant_status quant_given_groups_init(struct quant_given_groups *given,
                                          const struct quant_grouping *grouping,
                                          struct quant_error *error)
{
    const uint64_t count = grouping->count;
    struct quant_group_params *all = &given->groups.all;
    *given = (struct quant_given_groups){.groups = {.grouping = *grouping, .owns_all = true}};
    if (count < SIZE_MAX / sizeof *all->scales) {
        all->scales = malloc(((size_t)count + 1) * sizeof *all->scales);
        all->zero_points = calloc((size_t)count + 1, sizeof *all->zero_points);
    }
    return all->scales && all->zero_points
               ? QUANT_OK
               : quant_error_no_memory(error, (size_t)count * sizeof *all->scales, "scales");
}

void quant_given_groups_release(struct quant_given_groups *given)
{
    quant_group_source_release(&given->groups);
    *given = (struct quant_given_groups){.groups = {.owns_all = false}};
}
