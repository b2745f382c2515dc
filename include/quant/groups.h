/* SPDX-License-Identifier: MIT */
/*
 * Scales that hold for a part of a tensor only: one for each slice of an axis (per channel), or one
 * for each block of some elements along an axis. The elements that share a scale and a zero point
 * are a group. The mapping of each is that of <quant/quant.h>, and the parameters of a group are
 * those of quantizing it alone.
 *
 * Groups are numbered as their first elements lie in the file. For an axis that is the index along
 * it. For blocks, group numbers fill a tensor of the same shape, but for the axis, which has
 * ceil(extent / block_size) entries, in the tensor's own order (C or Fortran): NumPy's
 * scales.reshape(shape, order=order). The same holds for blocks of rows and columns of a matrix,
 * whose numbers fill (ceil(rows / block_rows), ceil(columns / block_size)).
 *
 * As in <quant/quant.h>, every function may be called from any number of threads at once as long as
 * no two of them write to the same memory, nothing is owned, and only quant_calibrate_groups
 * allocates.
 */
#ifndef QUANT_GROUPS_H
#define QUANT_GROUPS_H

#include <quant/quant.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Shapes -------------------------------------------------------------------------------- */

#define QUANT_MAX_DIMS 64

/* The dimensions of a tensor. ndim 0 is a scalar: one element. Their product fits 63 bits. */
struct quant_shape {
    int ndim;
    uint64_t dims[QUANT_MAX_DIMS];
};

/* In which order the elements lie: the last index fastest (C), or the first (Fortran). */
enum quant_order { QUANT_ORDER_C = 0, QUANT_ORDER_FORTRAN };

/* The index along each dimension of the flat-th element in file order, which the shape holds: what
 * NumPy calls unravel_index. A shape of too many dimensions leaves index as it is. */
QUANT_API void quant_shape_unravel(const struct quant_shape *shape, enum quant_order order,
                                   uint64_t flat, uint64_t index[QUANT_MAX_DIMS]);

/* ---- Groups -------------------------------------------------------------------------------- */

/* Which elements share a scale. All zeros: all of them. */
struct quant_granularity {
    bool has_axis;
    int axis;            /* 0 is the first; negative: from the end, -1 the last */
    uint64_t block_size; /* 0: each slice of the axis is a group. Else a group is a block of
                          * block_size consecutive elements along the axis, without has_axis along
                          * the last one; the last block may be shorter */
    uint64_t block_rows; /* not 0: a group is a block of block_rows rows and block_size columns of a
                          * matrix, without has_axis; the last blocks of either may be smaller */
};

/* How the elements of one tensor fall into groups; made by quant_grouping_make. A panel is the
 * shortest stretch of elements that consists of whole groups. Inside of it element e belongs to
 * group (e % row) / repeat. */
struct quant_grouping {
    uint64_t nelems;     /* of the tensor */
    uint64_t count;      /* of all groups */
    uint64_t stride;     /* elements after which the cutting into panels begins anew */
    uint64_t panel;      /* elements of a panel; the last of a stride may have fewer */
    uint64_t ngroups;    /* of a panel */
    uint64_t repeat;     /* consecutive elements of one group */
    int axis;            /* counted from the first, 0; -1: the whole tensor is one group; 1 for
                          * blocks of rows and columns */
    uint64_t block_size; /* 0: none */
    uint64_t row;        /* elements after which the groups of a panel repeat: ngroups * repeat, or
                          * fewer for blocks of rows and columns, whose last one is then narrower */
    uint64_t block_rows; /* of blocks of block_rows rows and block_size columns; else 0 */
};

/* QUANT_INVALID for an order that is neither, where the shape has no such axis, as a scalar has no
 * axis, where blocks of rows and columns meet a shape that is not a matrix, an axis, or no
 * block_size, and where the shape has more elements than 63 bits count. A tensor without elements
 * has the groups of its shape all the same: shape (0, 5) has five on axis 1, and no block.
 * QUANT_UNSUPPORTED: it has no elements, and more than 2^20 groups.
 */
QUANT_API enum quant_status quant_grouping_make(const struct quant_granularity *granularity,
                                                const struct quant_shape *shape,
                                                enum quant_order order,
                                                struct quant_grouping *grouping,
                                                struct quant_error *error);

/* The group of an element, in file order, and the first element of a group: both are there. */
QUANT_API uint64_t quant_grouping_group_of(const struct quant_grouping *grouping, uint64_t element);
QUANT_API uint64_t quant_grouping_first_of(const struct quant_grouping *grouping, uint64_t group);

/* How many groups each note of enum quant_note is about, and the first of them: those of note 1 <<
 * i are count[i] and first[i]. */
enum { QUANT_NOTE_KINDS = 8 };
struct quant_group_notes {
    uint64_t count[QUANT_NOTE_KINDS];
    uint64_t first[QUANT_NOTE_KINDS]; /* only if count is not 0 */
};

/* ---- Parameters by group ------------------------------------------------------------------- */

/* What groups have of their own, for those from first on. Each scale is a number of the common
 * scale_dtype. To report what the groups take, pass the count of the grouping to
 * quant_measure_report. */
struct quant_group_params {
    uint64_t first;
    float *scales;
    int32_t *zero_points;
    float *factors; /* of struct quant_params, with QUANT_MAP_FACTOR and QUANT_MAP_BIAS; NULL: those
                     * that follow from the scales */
    float *biases;  /* NULL: none, unless quant_params_have_biases says that there are some */
};

/*
 * Finds the parameters of every group from all elements at x, as quant_calibrate does from the
 * group alone. *common gets what all groups have in common: its scale is 1, its zero point the one
 * that groups without a finite element have, or without any. groups has room for all of them, and
 * first 0. *notes, of enum quant_note, are of any group.
 *
 * Errors: those of quant_calibrate, QUANT_NO_MEMORY among them, QUANT_INVALID without room for
 * scales and zero points, and where the spec gives a scale or a clipping range, or the type is
 * unscaled: there is nothing to be found then.
 */
QUANT_API enum quant_status quant_calibrate_groups(const struct quant_spec *spec,
                                                   const struct quant_grouping *grouping,
                                                   const float *x, struct quant_params *common,
                                                   const struct quant_group_params *groups,
                                                   unsigned *notes, struct quant_error *error);

/* As quant_quantize and quant_dequantize, of n elements that are the first-th and those after it
 * of the tensor; groups has the parameters of all groups among them. For 4-bit types, first is
 * even.
 */
QUANT_API void quant_quantize_groups(const struct quant_params *common,
                                     const struct quant_grouping *grouping,
                                     const struct quant_group_params *groups, uint64_t first,
                                     const float *x, size_t n, void *q);
QUANT_API void quant_dequantize_groups(const struct quant_params *common,
                                       const struct quant_grouping *grouping,
                                       const struct quant_group_params *groups, uint64_t first,
                                       const void *q, size_t n, float *x);

/* ---- The error by group ---------------------------------------------------------------------- */

struct quant_group_error {
    uint64_t group;
    uint64_t n;               /* its finite elements */
    double mse;               /* as of <quant/quant.h>, of these */
    double sum_squared_error; /* their part of the report's */
    float scale;
    int32_t zero_point;
    float bias; /* 0 without biases */
};

/* The groups that lost most: by falling mse, of equals by number. Groups without a finite element
 * are left out, and so are those without an error. */
enum { QUANT_WORST_MOST = 8 };
struct quant_worst_groups {
    size_t n;
    struct quant_group_error groups[QUANT_WORST_MOST];
};

#ifdef __cplusplus
}
#endif

#endif
