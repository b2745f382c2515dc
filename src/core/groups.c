/* SPDX-License-Identifier: MIT */
/*
 * Maps elements whose parameters change along the way. There are four ways, all with the same
 * result: a long stretch of one group is mapped like any array; runs of 32, 64 .. elements have a
 * kernel of their own, and so have whole rows of channels; for everything else the parameters of
 * each element are laid out beside it, a piece at a time.
 */
#include "base/float_environment.h"
#include "base/grouping.h"
#include "core/biased_elements.h"
#include "core/elements.h"
#include "core/group_params.h"
#include "core/mapped_elements.h"
#include "kernels/kernels.h"

/* Elements that are laid out at a time, on the stack: their parameters stay in the first-level
 * cache. The number is even, so 4-bit elements are cut between bytes. */
enum { PIECE = 1024 };

/* From this many elements of one group on, the cost of setting up a plain kernel is small. */
enum { LONG_STRETCH = 256 };

/* Rows of fewer channels are laid out each time: calls of a kernel for each row would be too short.
 */
enum { SHORT_ROW = 64 };

struct layout {
    float scales[PIECE];
    int32_t zero_points[PIECE];
};

/* The parameters of n elements, one by one. */
struct each {
    const float *scales;
    const int32_t *zero_points;
    size_t n;
};

static void lay_out(struct quant_stretch *stretch, const struct quant_group_params *groups,
                    size_t n, struct layout *layout)
{
    size_t i = 0;
    while (i < n) {
        const size_t m = stretch->left < n - i ? (size_t)stretch->left : n - i;
        const float scale = groups->scales[stretch->group - groups->first];
        const int32_t zero_point = groups->zero_points[stretch->group - groups->first];
        for (size_t end = i + m; i < end; i++) {
            layout->scales[i] = scale;
            layout->zero_points[i] = zero_point;
        }
        quant_stretch_advance(stretch, m);
    }
}

/* Channels that are side by side have their parameters side by side too, up to the end of the row.
 * Returns how many of the next n elements can be mapped with these, or 0 if they are too few. */
static size_t row_left(const struct quant_stretch *stretch, size_t n)
{
    if (stretch->grouping->repeat != 1)
        return 0;
    const uint64_t left = quant_stretch_row_left(stretch);
    const size_t m = left < n ? (size_t)left & ~(size_t)1 : n;
    return m < SHORT_ROW ? 0 : m;
}

/* The parameters of at most n next elements, one by one. Advances the stretch past these elements.
 */
static struct each take_each(struct quant_stretch *stretch, const struct quant_group_params *groups,
                             size_t n, struct layout *layout)
{
    const size_t row = row_left(stretch, n);
    if (row > 0) {
        const uint64_t at = stretch->group - groups->first;
        const struct each each = {groups->scales + at, groups->zero_points + at, row};
        quant_stretch_advance_row(stretch, row);
        return each;
    }
    const size_t m = n < PIECE ? n : PIECE;
    lay_out(stretch, groups, m, layout);
    return (struct each){layout->scales, layout->zero_points, m};
}

/* How many of the next n elements one call of a plain kernel maps; 0 if they are too few for that.
 */
static size_t long_stretch(const struct quant_stretch *stretch, size_t n)
{
    if (stretch->left >= n)
        return n;
    return stretch->left < LONG_STRETCH ? 0 : (size_t)stretch->left & ~(size_t)1;
}

/* How many of the next n elements are runs of one length, except the last run. A group begins here.
 */
static size_t runs_left(const struct quant_stretch *stretch, size_t n)
{
    const struct quant_grouping *grouping = stretch->grouping;
    if (grouping->stride % grouping->panel == 0)
        return n;
    const uint64_t left = grouping->stride - stretch->panel.first % grouping->stride;
    return left < n ? (size_t)left : n;
}

static unsigned char *advance_bytes(const struct quant_params *common, void *q, size_t nelems)
{
    return (unsigned char *)q + quant_dtype_bytes(common->dtype, nelems);
}

/* How many of the next n elements the kernel for runs maps in one call: whole runs of groups side
 * by side in a row of the panel, as blocks of rows and columns are. 0 if there is no such run. */
static size_t side_by_side(const struct quant_params *common, const struct quant_stretch *stretch,
                           size_t n)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const uint64_t run = grouping->repeat;
    if (!quant_kernels()->quantize_runs[common->dtype] || grouping->ngroups == 1 || run % 32 != 0 ||
        run >= LONG_STRETCH || stretch->left != run)
        return 0;
    const uint64_t column = stretch->group - stretch->panel.first_group;
    const uint64_t whole = (grouping->row / run - column) * run; /* the last may be narrower */
    return (size_t)(whole < n ? whole : n / run * run);
}

/* Maps n elements of that kind. */
static void quantize_side_by_side(const struct quant_params *common, struct quant_stretch *stretch,
                                  const struct quant_group_params *groups, const float *x, size_t n,
                                  void *q)
{
    const uint64_t at = stretch->group - groups->first;
    const size_t run = (size_t)stretch->grouping->repeat;
    quant_kernels()->quantize_runs[common->dtype](common, groups->scales + at,
                                                  groups->zero_points + at, run, x, n, q);
    for (size_t i = 0; i < n; i += run)
        quant_stretch_advance(stretch, run);
}

/* How many whole rows of channels the next n elements have. 0: their kernel is of no use here. */
static size_t whole_rows(const struct quant_params *common, const struct quant_stretch *stretch,
                         size_t n)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const uint64_t row = grouping->row;
    if (!quant_kernels()->quantize_rows[common->dtype] || grouping->repeat != 1 ||
        row < SHORT_ROW || row > n || quant_stretch_row_left(stretch) != row)
        return 0;
    const uint64_t in_panel = stretch->panel_left / row;
    const size_t rows = (size_t)(in_panel < n / row ? in_panel : n / row);
    return rows > 1 ? rows : 0;
}

/* Maps that many rows. Returns the number of elements. */
static size_t quantize_rows(const struct quant_params *common, struct quant_stretch *stretch,
                            const struct quant_group_params *groups, const float *x, size_t rows,
                            void *q)
{
    const uint64_t at = stretch->group - groups->first;
    const size_t row = (size_t)stretch->grouping->row;
    quant_kernels()->quantize_rows[common->dtype](common, groups->scales + at,
                                                  groups->zero_points + at, row, rows, x, q);
    for (size_t i = 0; i < rows; i++)
        quant_stretch_advance_row(stretch, row);
    return rows * row;
}

/* Maps at most n elements, and advances past them. Returns their number. */
static size_t quantize_some(const struct quant_params *common, struct quant_stretch *stretch,
                            const struct quant_group_params *groups, const float *x, size_t n,
                            void *q)
{
    const size_t m = long_stretch(stretch, n);
    if (m > 0) {
        const struct quant_params params = quant_group_params_of(common, groups, stretch->group);
        quant_elements_quantize(&params, x, m, q);
        quant_stretch_advance(stretch, m);
        return m;
    }
    const size_t runs = side_by_side(common, stretch, n);
    if (runs > 0) {
        quantize_side_by_side(common, stretch, groups, x, runs, q);
        return runs;
    }
    const size_t rows = whole_rows(common, stretch, n);
    if (rows > 0)
        return quantize_rows(common, stretch, groups, x, rows, q);
    struct layout layout;
    const struct each each = take_each(stretch, groups, n, &layout);
    quant_kernels()->quantize_each[common->dtype](common, each.scales, each.zero_points, x, each.n,
                                                  q);
    return each.n;
}

/* Whether a kernel for runs maps everything, but the ends: blocks along the last axis. A run must
 * not begin within a byte of two 4-bit elements. */
static bool are_runs(const struct quant_params *common, const struct quant_grouping *grouping)
{
    const bool halves = quant_dtype_info(common->dtype)->bits == 4;
    return grouping->ngroups == 1 && grouping->panel % 32 == 0 && grouping->panel < LONG_STRETCH &&
           !(halves && grouping->stride % 2 != 0);
}

/* Elements of one group, inside a run, or whole runs from the given group on. */
struct piece {
    bool is_inside;
    uint64_t group;
    size_t n;
};

static struct piece next_piece(const struct quant_grouping *grouping, uint64_t first, size_t n)
{
    const struct quant_stretch stretch = quant_stretch_at(grouping, first);
    const bool is_inside = stretch.left < stretch.panel.nelems;
    const size_t left = stretch.left < n ? (size_t)stretch.left : n;
    return (struct piece){is_inside, stretch.group, is_inside ? left : runs_left(&stretch, n)};
}

static void quantize_runs(quant_quantize_runs_fn *kernel, const struct quant_params *common,
                          const struct quant_grouping *grouping,
                          const struct quant_group_params *groups, uint64_t first, const float *x,
                          size_t n, unsigned char *q)
{
    while (n > 0) {
        const struct piece piece = next_piece(grouping, first, n);
        const uint64_t at = piece.group - groups->first;
        if (piece.is_inside) {
            const struct quant_params params = quant_group_params_of(common, groups, piece.group);
            quant_elements_quantize(&params, x, piece.n, q);
        } else {
            kernel(common, groups->scales + at, groups->zero_points + at, (size_t)grouping->panel,
                   x, piece.n, q);
        }
        first += piece.n;
        x += piece.n;
        q += piece.n;
        n -= piece.n;
    }
}

void quant_quantize_groups(const struct quant_params *common, const struct quant_grouping *grouping,
                           const struct quant_group_params *groups, uint64_t first, const float *x,
                           size_t n, void *q)
{
    QUANT_DEFAULT_FLOATS(caller);
    if (n == 0 || !quant_elements_can_map(common))
        return;
    if (common->mapping != QUANT_MAP_PLAIN) {
        quant_mapped_quantize_groups(common, grouping, groups, first, x, n, q);
        return;
    }
    quant_quantize_runs_fn *runs = quant_kernels()->quantize_runs[common->dtype];
    if (runs && are_runs(common, grouping)) {
        quantize_runs(runs, common, grouping, groups, first, x, n, q);
        return;
    }
    struct quant_stretch stretch = quant_stretch_at(grouping, first);
    while (n > 0) {
        const size_t m = quantize_some(common, &stretch, groups, x, n, q);
        x += m;
        q = advance_bytes(common, q, m);
        n -= m;
    }
}

static void dequantize_runs(quant_dequantize_runs_fn *kernel, const struct quant_params *common,
                            const struct quant_grouping *grouping,
                            const struct quant_group_params *groups, uint64_t first,
                            const unsigned char *q, size_t n, float *x)
{
    while (n > 0) {
        const struct piece piece = next_piece(grouping, first, n);
        const uint64_t at = piece.group - groups->first;
        if (piece.is_inside) {
            const struct quant_params params = quant_group_params_of(common, groups, piece.group);
            quant_elements_dequantize(&params, q, piece.n, x);
        } else {
            kernel(groups->scales + at, groups->zero_points + at, (size_t)grouping->panel, q,
                   piece.n, x);
        }
        first += piece.n;
        x += piece.n;
        q += quant_dtype_bytes(common->dtype, piece.n);
        n -= piece.n;
    }
}

/* Types without a kernel for that: first the elements as numbers, then scaled by their parameters.
 */
static void dequantize_each(const struct quant_params *common, const struct each *each,
                            const void *q, float *x)
{
    quant_dequantize_each_fn *kernel = quant_kernels()->dequantize_each[common->dtype];
    if (kernel) {
        kernel(each->scales, each->zero_points, q, each->n, x);
        return;
    }
    struct quant_params plain = *common;
    plain.scale = 1;
    plain.zero_point = 0;
    quant_elements_dequantize(&plain, q, each->n, x);
    quant_kernels()->scale_each(each->scales, each->zero_points, each->n, x);
}

/* The numbers of int32 are not all float32 numbers, and are restored group by group. */
static size_t dequantize_some(const struct quant_params *common, struct quant_stretch *stretch,
                              const struct quant_group_params *groups, const void *q, size_t n,
                              float *x)
{
    const bool is_wide = common->dtype == QUANT_INT32;
    const size_t all = stretch->left < n ? (size_t)stretch->left : n;
    const size_t m = is_wide ? all : long_stretch(stretch, n);
    if (m > 0) {
        const struct quant_params params = quant_group_params_of(common, groups, stretch->group);
        quant_elements_dequantize(&params, q, m, x);
        quant_stretch_advance(stretch, m);
        return m;
    }
    struct layout layout;
    const struct each each = take_each(stretch, groups, n < PIECE ? n : PIECE, &layout);
    dequantize_each(common, &each, q, x);
    return each.n;
}

void quant_dequantize_groups(const struct quant_params *common,
                             const struct quant_grouping *grouping,
                             const struct quant_group_params *groups, uint64_t first, const void *q,
                             size_t n, float *x)
{
    QUANT_DEFAULT_FLOATS(caller);
    if (n == 0 || !quant_elements_can_map(common))
        return;
    if (groups->biases) {
        quant_biased_dequantize_groups(common, grouping, groups, first, q, n, x);
        return;
    }
    quant_dequantize_runs_fn *runs = quant_kernels()->dequantize_runs[common->dtype];
    if (runs && are_runs(common, grouping)) {
        dequantize_runs(runs, common, grouping, groups, first, q, n, x);
        return;
    }
    struct quant_stretch stretch = quant_stretch_at(grouping, first);
    const unsigned char *bytes = q;
    while (n > 0) {
        const size_t m = dequantize_some(common, &stretch, groups, bytes, n, x);
        x += m;
        bytes += quant_dtype_bytes(common->dtype, m);
        n -= m;
    }
}
