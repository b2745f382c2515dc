/* SPDX-License-Identifier: MIT */
#include "engine/calibration/group_arrangement.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/grouping.h"
#include "base/shape.h"

struct quant_group_arrangement quant_group_arrangement_of(const struct quant_grouping *grouping,
                                                          const struct quant_shape *shape,
                                                          enum quant_order order)
{
    struct quant_group_arrangement arrangement = {
        .granularity =
            quant_granularity_again(grouping->axis, grouping->block_size, grouping->block_rows),
        .scale_shape = {.ndim = 1, .dims = {grouping->count}},
        .count = grouping->count,
    };
    if (grouping->block_size > 0) {
        quant_grouping_scale_shape(grouping, shape, &arrangement.scale_shape);
        arrangement.order = quant_shape_has_order(&arrangement.scale_shape) ? order : QUANT_ORDER_C;
    }
    return arrangement;
}

static bool is_same_granularity(const struct quant_granularity *a,
                                const struct quant_granularity *b)
{
    return a->has_axis == b->has_axis && a->axis == b->axis && a->block_size == b->block_size &&
           a->block_rows == b->block_rows;
}

bool quant_group_arrangement_equal(const struct quant_group_arrangement *a,
                                   const struct quant_group_arrangement *b)
{
    return is_same_granularity(&a->granularity, &b->granularity) && a->order == b->order &&
           quant_shape_equal(&a->scale_shape, &b->scale_shape);
}

const char *quant_group_arrangement_text(const struct quant_group_arrangement *arrangement,
                                         char text[QUANT_ARRANGEMENT_TEXT])
{
    char shape[QUANT_SHAPE_TEXT];
    const struct quant_granularity *granularity = &arrangement->granularity;
    const char *order = arrangement->order == QUANT_ORDER_FORTRAN ? " in Fortran order" : "";
    quant_shape_text(&arrangement->scale_shape, shape);
    if (granularity->block_size == 0)
        snprintf(text, QUANT_ARRANGEMENT_TEXT, "%" PRIu64 " channel%s on axis %d",
                 arrangement->count, arrangement->count == 1 ? "" : "s", granularity->axis);
    else if (granularity->block_rows > 0)
        snprintf(text, QUANT_ARRANGEMENT_TEXT, "blocks of shape %s%s", shape, order);
    else
        snprintf(text, QUANT_ARRANGEMENT_TEXT, "blocks of shape %s%s on axis %d", shape, order,
                 granularity->axis);
    return text;
}

const char *quant_granularity_text(const struct quant_granularity *granularity,
                                   char text[QUANT_GRANULARITY_TEXT])
{
    if (granularity->block_rows > 0)
        snprintf(text, QUANT_GRANULARITY_TEXT, "--block-size %" PRIu64 ",%" PRIu64,
                 granularity->block_rows, granularity->block_size);
    else if (granularity->block_size > 0)
        snprintf(text, QUANT_GRANULARITY_TEXT, "--axis %d --block-size %" PRIu64, granularity->axis,
                 granularity->block_size);
    else
        snprintf(text, QUANT_GRANULARITY_TEXT, "--axis %d", granularity->axis);
    return text;
}
