/* SPDX-License-Identifier: MIT */
#include "engine/tensor/group_walk.h"

#include "base/endian.h"

enum { GROUPS_AT_A_TIME = 2048 };

/* Two tensors of a container. */
static enum quant_status read_columns(const struct quant_group_source *source, uint64_t first,
                                      size_t n, struct quant_group_params *groups,
                                      struct quant_error *error)
{
    unsigned char bytes[QUANT_SCALE_RECORD_MOST * GROUPS_AT_A_TIME];
    const struct quant_scale_records alone = {source->layout.dtype, false};
    const size_t size = quant_scale_record_size(&alone);
    enum quant_status status =
        quant_source_read_exactly(source->source, size * first, bytes, size * n, error);
    if (status == QUANT_OK)
        quant_scale_records_decode(&alone, bytes, n, groups->scales, groups->zero_points);
    if (status != QUANT_OK || !source->zero_points)
        return status;
    status = quant_source_read_exactly(source->zero_points, 4 * first, bytes, 4 * n, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        groups->zero_points[i] = (int32_t)quant_load_32(bytes + 4 * i, false);
    return status;
}

static enum quant_status read_records(const struct quant_group_source *source, uint64_t first,
                                      size_t n, struct quant_group_params *groups,
                                      struct quant_error *error)
{
    unsigned char bytes[QUANT_SCALE_RECORD_MOST * GROUPS_AT_A_TIME];
    const size_t size = quant_scale_record_size(&source->layout);
    const enum quant_status status =
        quant_source_read_exactly(source->source, size * first, bytes, size * n, error);
    if (status == QUANT_OK)
        quant_scale_records_decode(&source->layout, bytes, n, groups->scales, groups->zero_points);
    return status;
}

enum quant_status quant_group_source_walk(const struct quant_group_source *groups,
                                          quant_group_fn *each, void *context,
                                          struct quant_error *error)
{
    float scales[GROUPS_AT_A_TIME];
    int32_t zero_points[GROUPS_AT_A_TIME];
    const uint64_t count = groups->grouping.count;
    for (uint64_t first = 0; first < count; first += GROUPS_AT_A_TIME) {
        const uint64_t left = count - first;
        const size_t n = left < GROUPS_AT_A_TIME ? (size_t)left : GROUPS_AT_A_TIME;
        struct quant_group_params some = {first, scales, zero_points, NULL};
        enum quant_status status = QUANT_OK;
        if (groups->all.scales)
            some = (struct quant_group_params){first, groups->all.scales + first,
                                               groups->all.zero_points + first, NULL};
        else if (groups->is_container)
            status = read_columns(groups, first, n, &some, error);
        else
            status = read_records(groups, first, n, &some, error);
        if (status != QUANT_OK)
            return status;
        if (!each(context, &some, n))
            break;
    }
    return QUANT_OK;
}
