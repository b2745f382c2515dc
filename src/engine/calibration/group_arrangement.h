/* SPDX-License-Identifier: MIT */
/* Whether two tensors have the same groups: as many, and each at the same place, though the tensors
 * themselves may differ in size. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUP_ARRANGEMENT_H
#define QUANT_ENGINE_CALIBRATION_GROUP_ARRANGEMENT_H

#include <quant/file.h>

struct quant_group_arrangement {
    struct quant_granularity granularity; /* its axis counted from the first, 0 */
    struct quant_shape scale_shape; /* for blocks that of quant_grouping_scale_shape; for slices of
                                     * an axis one dimension, their number, because the tensors may
                                     * differ in all others */
    enum quant_order
        order; /* of the groups in that shape; QUANT_ORDER_C where it does not matter */
    uint64_t count;
};

/* The arrangement of the groups of a tensor. grouping was made for shape and order, and has groups.
 */
struct quant_group_arrangement quant_group_arrangement_of(const struct quant_grouping *grouping,
                                                          const struct quant_shape *shape,
                                                          enum quant_order order);

bool quant_group_arrangement_equal(const struct quant_group_arrangement *a,
                                   const struct quant_group_arrangement *b);

/* "4096 groups on axis 0", or "groups of shape (4, 32) on axis 1" with the order if it is not C. */
enum { QUANT_ARRANGEMENT_TEXT = 192 };
const char *quant_group_arrangement_text(const struct quant_group_arrangement *arrangement,
                                         char text[QUANT_ARRANGEMENT_TEXT]);

/* The options that make such groups: "--axis 1 --block-size 32". */
enum { QUANT_GRANULARITY_TEXT = 80 };
const char *quant_granularity_text(const struct quant_granularity *granularity,
                                   char text[QUANT_GRANULARITY_TEXT]);

#endif
