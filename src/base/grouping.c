/* SPDX-License-Identifier: MIT */
/*
 * How a tensor is divided into groups. With respect to an axis, the elements are an array of outer
 * x length x inner, and element (o, c, i) has index (o * length + c) * inner + i:
 *
 *     per channel   group c. If outer is 1, the slices are contiguous and each is a panel. If not,
 *                   every group extends over the whole tensor, which is one panel.
 *     blocks of b   group (o * ceil(length / b) + c / b) * inner + i. A panel is b x inner.
 *
 * A matrix in file order is an array of length x inner, and blocks of b x d of it:
 *
 *     group (c / b) * ceil(inner / d) + i / d. A panel is b x inner, too: a row of blocks. Where d
 *     does not divide inner, the last block of the row is narrower.
 */
#include "base/grouping.h"

#include "base/error.h"
#include "base/shape.h"

/* The limit for a tensor without elements: else a tiny header could request any number of them. */
#define EMPTY_GROUPS_MAX (UINT64_C(1) << 20)

bool quant_granularity_has_groups(const struct quant_granularity *granularity)
{
    return granularity->has_axis || granularity->block_size > 0 || granularity->block_rows > 0;
}

struct quant_granularity quant_granularity_again(int axis, uint64_t block_size, uint64_t block_rows)
{
    return (struct quant_granularity){.has_axis = block_rows == 0,
                                      .axis = block_rows == 0 ? axis : 0,
                                      .block_size = block_size,
                                      .block_rows = block_rows};
}

/* The axis, counted from the first; -1 if there is no such axis. */
static int settle_axis(const struct quant_granularity *granularity, int ndim)
{
    const int given = granularity->has_axis ? granularity->axis : -1;
    if (given < -ndim || given >= ndim)
        return -1;
    return given < 0 ? given + ndim : given;
}

static enum quant_status no_such_axis(const struct quant_granularity *granularity,
                                      const struct quant_shape *shape, struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    if (shape->ndim == 0)
        return quant_error_set(error, QUANT_INVALID, "a scalar has no axis");
    return quant_error_set(error, QUANT_INVALID, "no axis %d: the shape %s has axes 0 to %d",
                           granularity->axis, quant_shape_text(shape, text), shape->ndim - 1);
}

static bool is_matrix(const struct quant_granularity *granularity, const struct quant_shape *shape,
                      struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    const char *wrong = granularity->has_axis          ? "do not take an axis"
                        : granularity->block_size == 0 ? "need a number of columns"
                                                       : NULL;
    if (wrong)
        quant_error_set(error, QUANT_INVALID, "blocks of rows and columns %s", wrong);
    else if (shape->ndim != 2)
        quant_error_set(error, QUANT_INVALID,
                        "blocks of rows and columns need a matrix, found the shape %s",
                        quant_shape_text(shape, text));
    return !wrong && shape->ndim == 2;
}

static void group_slices(struct quant_grouping *grouping, uint64_t outer, uint64_t length,
                         uint64_t inner)
{
    const bool is_apart = outer == 1;
    grouping->count = length;
    grouping->stride = grouping->panel = is_apart ? inner : grouping->nelems;
    grouping->ngroups = is_apart ? 1 : length;
    grouping->repeat = inner;
    grouping->row = grouping->ngroups * inner;
}

static void group_blocks(struct quant_grouping *grouping, uint64_t outer, uint64_t length,
                         uint64_t inner)
{
    const uint64_t size = grouping->block_size < length ? grouping->block_size : length;
    const uint64_t nblocks = length / size + (length % size != 0);
    grouping->count = outer * nblocks * inner;
    grouping->stride = length * inner;
    grouping->panel = size * inner;
    grouping->ngroups = inner;
    grouping->repeat = inner == 1 ? grouping->panel : 1;
    grouping->row = grouping->ngroups * grouping->repeat;
}

static uint64_t blocks_of(uint64_t length, uint64_t size)
{
    return length / size + (length % size != 0);
}

/* length x inner as above; high and wide are the size of a block along them. */
static void group_matrix(struct quant_grouping *grouping, uint64_t length, uint64_t inner,
                         uint64_t high, uint64_t wide)
{
    const uint64_t nrows = high < length ? high : length;
    grouping->ngroups = blocks_of(inner, wide);
    grouping->count = blocks_of(length, nrows) * grouping->ngroups;
    grouping->stride = grouping->nelems;
    grouping->panel = nrows * inner;
    grouping->repeat = grouping->ngroups == 1 ? grouping->panel : wide;
    grouping->row = grouping->ngroups == 1 ? grouping->panel : inner;
}

/* Channels have scales even if they have no elements. There are no blocks, since they only divide a
 * dimension and the product stays 0. The members that other functions divide by must not be 0. */
static enum quant_status group_nothing(struct quant_grouping *grouping,
                                       const struct quant_shape *shape, struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    grouping->stride = grouping->panel = grouping->repeat = grouping->row = 1;
    if (grouping->axis < 0)
        return QUANT_OK;
    grouping->count = grouping->block_size > 0 ? 0 : shape->dims[grouping->axis];
    return grouping->count <= EMPTY_GROUPS_MAX
               ? QUANT_OK
               : quant_error_set(error, QUANT_UNSUPPORTED,
                                 "the shape %s has no elements, and too many channels: %llu, at "
                                 "most %llu",
                                 quant_shape_text(shape, text), (unsigned long long)grouping->count,
                                 (unsigned long long)EMPTY_GROUPS_MAX);
}

enum quant_status quant_grouping_make(const struct quant_granularity *granularity,
                                      const struct quant_shape *shape, enum quant_order order,
                                      struct quant_grouping *grouping, struct quant_error *error)
{
    uint64_t nelems;
    if (!granularity || !shape || !grouping)
        return quant_error_set(error, QUANT_INVALID,
                               "a granularity, a shape and room for the grouping are needed");
    if (shape->ndim < 0 || shape->ndim > QUANT_MAX_DIMS)
        return quant_error_set(error, QUANT_INVALID, "a shape has 0 to %d dimensions, found %d",
                               QUANT_MAX_DIMS, shape->ndim);
    if ((unsigned)order > QUANT_ORDER_FORTRAN)
        return quant_error_set(error, QUANT_INVALID, "unknown order of elements %d", (int)order);
    if (!quant_shape_count(shape, &nelems))
        return quant_error_set(error, QUANT_INVALID, "the shape has more than 2^63 - 1 elements");
    *grouping = (struct quant_grouping){.nelems = nelems,
                                        .count = 1,
                                        .stride = nelems,
                                        .panel = nelems,
                                        .ngroups = 1,
                                        .repeat = nelems,
                                        .axis = -1,
                                        .block_size = granularity->block_size,
                                        .row = nelems,
                                        .block_rows = granularity->block_rows};
    const bool is_whole = !quant_granularity_has_groups(granularity);
    if (granularity->block_rows > 0 && !is_matrix(granularity, shape, error))
        return QUANT_INVALID;
    grouping->axis = is_whole ? -1 : settle_axis(granularity, shape->ndim);
    if (!is_whole && grouping->axis < 0)
        return no_such_axis(granularity, shape, error);
    if (nelems == 0)
        return group_nothing(grouping, shape, error);
    if (is_whole)
        return QUANT_OK;
    if (granularity->block_rows > 0) {
        const bool by_rows = order == QUANT_ORDER_C;
        group_matrix(grouping, shape->dims[!by_rows], shape->dims[by_rows],
                     by_rows ? granularity->block_rows : granularity->block_size,
                     by_rows ? granularity->block_size : granularity->block_rows);
        return QUANT_OK;
    }
    uint64_t before = 1;
    uint64_t after = 1;
    for (int i = 0; i < shape->ndim; i++) {
        before *= i < grouping->axis ? shape->dims[i] : 1;
        after *= i > grouping->axis ? shape->dims[i] : 1;
    }
    const uint64_t outer = order == QUANT_ORDER_C ? before : after;
    const uint64_t inner = order == QUANT_ORDER_C ? after : before;
    const uint64_t length = shape->dims[grouping->axis];
    if (granularity->block_size > 0)
        group_blocks(grouping, outer, length, inner);
    else
        group_slices(grouping, outer, length, inner);
    return QUANT_OK;
}

void quant_grouping_scale_shape(const struct quant_grouping *grouping,
                                const struct quant_shape *shape, struct quant_shape *scales)
{
    *scales = (struct quant_shape){.ndim = 1, .dims = {1}};
    if (grouping->axis < 0)
        return;
    const uint64_t block = grouping->block_size;
    const uint64_t extent = shape->dims[grouping->axis];
    scales->ndim = shape->ndim;
    for (int i = 0; i < shape->ndim; i++)
        scales->dims[i] = block > 0 ? shape->dims[i] : 1;
    scales->dims[grouping->axis] = block > 0 ? blocks_of(extent, block) : extent;
    if (grouping->block_rows > 0)
        scales->dims[0] = blocks_of(shape->dims[0], grouping->block_rows);
}

uint64_t quant_group_most(const struct quant_grouping *grouping)
{
    return grouping->panel / grouping->row * grouping->repeat;
}

/* ---- Panels ---- */

static uint64_t panels_of_stride(const struct quant_grouping *grouping)
{
    return grouping->stride / grouping->panel + (grouping->stride % grouping->panel != 0);
}

uint64_t quant_panel_count(const struct quant_grouping *grouping)
{
    return grouping->nelems > 0 ? grouping->nelems / grouping->stride * panels_of_stride(grouping)
                                : 0;
}

uint64_t quant_panel_of(const struct quant_grouping *grouping, uint64_t element)
{
    return element / grouping->stride * panels_of_stride(grouping) +
           element % grouping->stride / grouping->panel;
}

struct quant_panel quant_panel_at(const struct quant_grouping *grouping, uint64_t i)
{
    const uint64_t of_stride = panels_of_stride(grouping);
    const uint64_t start = i % of_stride * grouping->panel;
    const uint64_t left = grouping->stride - start;
    return (struct quant_panel){
        .index = i,
        .first = i / of_stride * grouping->stride + start,
        .nelems = left < grouping->panel ? left : grouping->panel,
        .first_group = i * grouping->ngroups,
    };
}

struct quant_panel quant_panel_next(const struct quant_grouping *grouping,
                                    const struct quant_panel *panel)
{
    const uint64_t first = panel->first + panel->nelems;
    const uint64_t left = grouping->stride - first % grouping->stride;
    return (struct quant_panel){
        .index = panel->index + 1,
        .first = first,
        .nelems = left < grouping->panel ? left : grouping->panel,
        .first_group = panel->first_group + grouping->ngroups,
    };
}

/* Each stride may add a short panel, and the panels at both ends may be included in part. */
uint64_t quant_groups_most(const struct quant_grouping *grouping, uint64_t nelems)
{
    const uint64_t panels = nelems / grouping->panel + nelems / grouping->stride + 3;
    return panels * grouping->ngroups;
}

uint64_t quant_grouping_group_of(const struct quant_grouping *grouping, uint64_t element)
{
    return quant_stretch_at(grouping, element).group;
}

uint64_t quant_grouping_first_of(const struct quant_grouping *grouping, uint64_t group)
{
    const struct quant_panel panel = quant_panel_at(grouping, group / grouping->ngroups);
    return panel.first + group % grouping->ngroups * grouping->repeat;
}

/* ---- Stretches ---- */

struct quant_stretch quant_stretch_at(const struct quant_grouping *grouping, uint64_t element)
{
    struct quant_stretch stretch = {.grouping = grouping};
    stretch.panel = quant_panel_at(grouping, quant_panel_of(grouping, element));
    const uint64_t inside = element - stretch.panel.first;
    stretch.panel_left = stretch.panel.nelems - inside;
    stretch.group = stretch.panel.first_group;
    stretch.left = stretch.panel_left;
    if (grouping->ngroups > 1) {
        const uint64_t in_row = inside % grouping->row;
        const uint64_t row_left = grouping->row - in_row;
        const uint64_t left = grouping->repeat - in_row % grouping->repeat;
        stretch.group += in_row / grouping->repeat;
        stretch.left = left < row_left ? left : row_left;
    }
    return stretch;
}

static void enter_next_panel(struct quant_stretch *stretch)
{
    const struct quant_grouping *grouping = stretch->grouping;
    if (stretch->panel.first + stretch->panel.nelems >= grouping->nelems) {
        stretch->left = 0;
        return;
    }
    stretch->panel = quant_panel_next(grouping, &stretch->panel);
    stretch->panel_left = stretch->panel.nelems;
    stretch->group = stretch->panel.first_group;
    stretch->left = grouping->ngroups > 1 ? grouping->repeat : stretch->panel_left;
}

void quant_stretch_advance(struct quant_stretch *stretch, uint64_t n)
{
    stretch->panel_left -= n;
    stretch->left -= n;
    if (stretch->left > 0)
        return;
    if (stretch->panel_left == 0) {
        enter_next_panel(stretch);
        return;
    }
    const struct quant_grouping *grouping = stretch->grouping;
    const uint64_t column = stretch->group - stretch->panel.first_group + 1;
    stretch->group = column < grouping->ngroups ? stretch->group + 1 : stretch->panel.first_group;
    stretch->left = column == grouping->ngroups - 1 ? grouping->row - column * grouping->repeat
                                                    : grouping->repeat;
}

uint64_t quant_stretch_row_left(const struct quant_stretch *stretch)
{
    return stretch->grouping->ngroups - (stretch->group - stretch->panel.first_group);
}

void quant_stretch_advance_row(struct quant_stretch *stretch, uint64_t n)
{
    stretch->group += n - 1;
    stretch->panel_left -= n - 1;
    quant_stretch_advance(stretch, 1);
}
