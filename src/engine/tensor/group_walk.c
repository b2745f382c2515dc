/* SPDX-License-Identifier: MIT */
#include "engine/tensor/group_walk.h"

#include "core/group_params.h"

enum { GROUPS_AT_A_TIME = 2048 };

enum quant_status quant_group_source_walk(const struct quant_group_source *groups,
                                          quant_group_fn *each, void *context,
                                          struct quant_error *error)
{
    unsigned char records[QUANT_SCALE_RECORD_MOST * GROUPS_AT_A_TIME];
    float scales[GROUPS_AT_A_TIME];
    int32_t zero_points[GROUPS_AT_A_TIME];
    float biases[GROUPS_AT_A_TIME];
    const uint64_t count = groups->grouping.count;
    for (uint64_t first = 0; first < count; first += GROUPS_AT_A_TIME) {
        const uint64_t left = count - first;
        const size_t n = left < GROUPS_AT_A_TIME ? (size_t)left : GROUPS_AT_A_TIME;
        struct quant_group_params some = {first, scales, zero_points, NULL,
                                          groups->layout.has_biases ? biases : NULL};
        enum quant_status status = QUANT_OK;
        if (groups->all.scales)
            some = quant_group_params_from(&groups->all, first);
        else
            status = quant_group_source_read(groups, n, records, &some, error);
        if (status != QUANT_OK)
            return status;
        if (!each(context, &some, n))
            break;
    }
    return QUANT_OK;
}
