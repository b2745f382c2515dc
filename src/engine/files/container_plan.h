/* SPDX-License-Identifier: MIT */
/*
 * What becomes of each tensor of a container, and where everything in the output lies: known from
 * headers and options alone, before any element is read.
 *
 * When quantizing, a tensor of floats with enough dimensions becomes up to three tensors of the
 * output: its integers under its own name, NAME_scale and NAME_zero_point. Any other is copied.
 * When dequantizing, those three become one tensor of floats again.
 *
 * In the layout of an engine (layout_write.h) the tensors have other names, types and shapes, and
 * there may be more of them, whose bytes are known by now.
 */
#ifndef QUANT_ENGINE_FILES_CONTAINER_PLAN_H
#define QUANT_ENGINE_FILES_CONTAINER_PLAN_H

#include "base/arena.h"
#include "base/grouping.h"
#include "engine/files/layout_write.h"
#include "engine/files/mappings.h"
#include "formats/container.h"
#include "formats/tensor_file.h"

#define QUANT_NO_TENSOR UINT32_MAX

/* How a tensor is stored in the layout of an engine. */
struct quant_planned_layout {
    struct quant_layout_weight weight; /* its params and dimensions live as long as the plan */
    struct quant_layout_stored stored;
    uint32_t fixed; /* the first of those with known bytes, in the order of `stored` */
};

/* A tensor of the input that has a place in the output. Indices are into the layout's tensors. */
struct quant_planned_tensor {
    uint32_t source; /* index in the catalogue of the input */
    uint32_t data;
    uint32_t scales;      /* QUANT_NO_TENSOR: none */
    uint32_t zero_points; /* the same; or biases */
    bool is_copied;
    const struct quant_mapping *mapping;       /* if it is not copied */
    const struct quant_plan *plan;             /* the same: its own, or the mapping's */
    const struct quant_planned_layout *stored; /* NULL: not in the layout of an engine */
};

struct quant_container_plan {
    struct quant_planned_tensor *tensors; /* owned: n of them, in the order of the catalogue */
    size_t n;
    size_t ncopied;
    struct quant_container_layout layout; /* its arrays are owned */
    struct quant_arena arena;             /* names and dimensions that the input does not have */
};

/* For planning step by step. begin allocates room for ntensors tensors of the input and noutputs
 * of the output. add adds one to the output; its name and dimensions must outlive the plan. finish
 * lays them out. */
enum quant_status quant_container_plan_begin(struct quant_container_plan *plan, size_t ntensors,
                                             size_t noutputs, struct quant_error *error);
uint32_t quant_container_plan_add(struct quant_container_plan *plan, const char *name,
                                  const struct quant_stored_type *type, const uint64_t *dims,
                                  uint32_t ndim, enum quant_order order);

/* The order that an array has in a container: C, as NumPy says, if its elements lie in both orders
 * alike. */
enum quant_order quant_container_order(const uint64_t *dims, uint32_t ndim, enum quant_order order);

/* Whether a tensor of file can be in a file of format: *copied is the type that it has there if it
 * is copied. QUANT_UNSUPPORTED: the format has no such type, or not that order. */
enum quant_status quant_container_plan_check(const struct quant_tensor_file *file,
                                             const struct quant_tensor_info *info, bool is_copied,
                                             enum quant_order order,
                                             const struct quant_format *format,
                                             const struct quant_stored_type **copied,
                                             struct quant_error *error);

/* That the file has no tensor of a name that the output is to have for `what` of the tensor at
 * info. QUANT_EXISTS. */
enum quant_status quant_container_plan_check_name(const struct quant_tensor_file *file,
                                                  const struct quant_tensor_info *info,
                                                  const char *name, const char *what,
                                                  struct quant_error *error);

/* How the elements of a tensor share scales, and the shape of these. */
struct quant_planned_scales {
    struct quant_grouping grouping; /* axis -1: there is one */
    const uint64_t *dims;           /* in the plan's arena, or constant */
    uint32_t ndim;
};

/* Groups the tensor at info as `how` says. QUANT_UNSUPPORTED: it has too many dimensions;
 * QUANT_INVALID: it cannot be grouped so, or the engine does not know such groups;
 * QUANT_NO_MEMORY. */
enum quant_status
quant_container_plan_group(struct quant_container_plan *plan, const struct quant_tensor_file *file,
                           const struct quant_tensor_info *info, const struct quant_plan *how,
                           struct quant_planned_scales *scales, struct quant_error *error);

enum quant_status quant_container_plan_lay_out(struct quant_container_plan *plan,
                                               const struct quant_container *format,
                                               const struct quant_metadata_pair *metadata,
                                               size_t nmetadata, struct quant_error *error);

/* Fine on a zeroed one. */
void quant_container_plan_release(struct quant_container_plan *plan);

#endif
