/* SPDX-License-Identifier: MIT */
/* The scales and zero points of all groups in order, a few thousand at a time, from wherever they
 * are stored. */
#ifndef QUANT_ENGINE_TENSOR_GROUP_WALK_H
#define QUANT_ENGINE_TENSOR_GROUP_WALK_H

#include "engine/tensor/group_source.h"

/* The next n groups, from groups->first on. Returns false to stop. */
typedef bool quant_group_fn(void *context, const struct quant_group_params *groups, size_t n);

/* Errors: those of reading. */
enum quant_status quant_group_source_walk(const struct quant_group_source *groups,
                                          quant_group_fn *each, void *context,
                                          struct quant_error *error);

#endif
