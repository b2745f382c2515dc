/* SPDX-License-Identifier: MIT */
/* Iterating over the elements of a tensor panel by panel, or group by group. */
#ifndef QUANT_BASE_GROUPING_H
#define QUANT_BASE_GROUPING_H

#include <quant/groups.h>

/* Whether each channel or block has a scale of its own. */
bool quant_granularity_has_groups(const struct quant_granularity *granularity);

/* The granularity that makes such a grouping again: quant_grouping.axis, block_size, block_rows. */
struct quant_granularity quant_granularity_again(int axis, uint64_t block_size,
                                                 uint64_t block_rows);

/* The shape of the scales where they are an array of their own: [1] for one scale; for an axis ones
 * but for the axis; for blocks the tensor's own shape, with an entry for each block along the axis,
 * or along both. shape is the one that the grouping was made for. */
void quant_grouping_scale_shape(const struct quant_grouping *grouping,
                                const struct quant_shape *shape, struct quant_shape *scales);

/* The maximum number of elements of a group. */
uint64_t quant_group_most(const struct quant_grouping *grouping);

struct quant_panel {
    uint64_t index;
    uint64_t first; /* element */
    uint64_t nelems;
    uint64_t first_group;
};

/* The number of panels, the index of the panel of an element, and the i-th panel. */
uint64_t quant_panel_count(const struct quant_grouping *grouping);
uint64_t quant_panel_of(const struct quant_grouping *grouping, uint64_t element);
struct quant_panel quant_panel_at(const struct quant_grouping *grouping, uint64_t i);

/* The next panel. After the last panel, the result has no elements in the tensor. */
struct quant_panel quant_panel_next(const struct quant_grouping *grouping,
                                    const struct quant_panel *panel);

/* The maximum number of groups that nelems consecutive elements can belong to. */
uint64_t quant_groups_most(const struct quant_grouping *grouping, uint64_t nelems);

/* A position among the elements, and the distance to the next element of another group. */
struct quant_stretch {
    const struct quant_grouping *grouping;
    uint64_t group;
    uint64_t left; /* consecutive elements of the group from here on, at least 1 */
    /* Internal. */
    struct quant_panel panel;
    uint64_t panel_left; /* elements of the panel from here on */
};

/* The position of an element. The tensor must have this element. */
struct quant_stretch quant_stretch_at(const struct quant_grouping *grouping, uint64_t element);

/* Advances by n <= left elements. If n is left, this is the start of the next stretch; after the
 * last element of the tensor, left is 0. */
void quant_stretch_advance(struct quant_stretch *stretch, uint64_t n);

/* For groups side by side, one element each: the groups from here to the end of the row. */
uint64_t quant_stretch_row_left(const struct quant_stretch *stretch);

/* Advances by n >= 1 of these groups, at most to the end of the row. */
void quant_stretch_advance_row(struct quant_stretch *stretch, uint64_t n);

#endif
