/* SPDX-License-Identifier: MIT */
/* Going through the elements of a tensor panel by panel, or group by group. */
#ifndef QUANT_BASE_GROUPING_H
#define QUANT_BASE_GROUPING_H

#include <quant/groups.h>

/* Whether each channel or block has a scale of its own. */
bool quant_granularity_has_groups(const struct quant_granularity *granularity);

struct quant_panel {
    uint64_t index;
    uint64_t first; /* element */
    uint64_t nelems;
    uint64_t first_group;
};

/* The number of panels, the one that an element lies in, and where the i-th is. */
uint64_t quant_panel_count(const struct quant_grouping *grouping);
uint64_t quant_panel_of(const struct quant_grouping *grouping, uint64_t element);
struct quant_panel quant_panel_at(const struct quant_grouping *grouping, uint64_t i);

/* The one behind it, of which there may be no elements in the tensor. */
struct quant_panel quant_panel_next(const struct quant_grouping *grouping,
                                    const struct quant_panel *panel);

/* The most groups that nelems elements one behind the other have a part of. */
uint64_t quant_groups_most(const struct quant_grouping *grouping, uint64_t nelems);

/* A place among the elements, and how far it is from there to the next element of another group. */
struct quant_stretch {
    const struct quant_grouping *grouping;
    uint64_t group;
    uint64_t left; /* elements of the group that follow without a gap, at least 1 */
    /* For the functions below. */
    struct quant_panel panel;
    uint64_t panel_left; /* elements of the panel from this place on */
};

/* At an element that the tensor has. */
struct quant_stretch quant_stretch_at(const struct quant_grouping *grouping, uint64_t element);

/* Goes n elements on, at most left: to the next stretch where n is left. Behind the last element
 * there is none, and left is 0. */
void quant_stretch_advance(struct quant_stretch *stretch, uint64_t n);

/* Where groups lie side by side, an element each: those from this place to the end of the row. */
uint64_t quant_stretch_row_left(const struct quant_stretch *stretch);

/* There: goes n >= 1 of them on, which the row has. */
void quant_stretch_advance_row(struct quant_stretch *stretch, uint64_t n);

#endif
