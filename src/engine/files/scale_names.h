/* SPDX-License-Identifier: MIT */
/* Tensors that are scales or zero points of another, by their names. */
#ifndef QUANT_ENGINE_FILES_SCALE_NAMES_H
#define QUANT_ENGINE_FILES_SCALE_NAMES_H

#include "formats/tensor_file.h"

/* Whether the name is that of scales or zero points of a tensor that is there, as `has` says.
 * QUANT_NO_MEMORY. */
enum quant_status quant_is_scale_name(const char *tensor,
                                      bool (*has)(const void *context, const char *name),
                                      const void *context, bool *is, struct quant_error *error);

/* Finds the tensor whose name is name followed by suffix. *info NULL: there is no such tensor.
 * QUANT_NO_MEMORY. */
enum quant_status quant_find_beside(const struct quant_tensor_file *file, const char *name,
                                    const char *suffix, const struct quant_tensor_info **info,
                                    struct quant_error *error);

/* Whether the file has biases that belong to the scales of `name`: NAME_bias, with the dimensions
 * of NAME_scale, two or more. The bias of a layer has one. QUANT_NO_MEMORY. */
enum quant_status quant_has_biases_beside(const struct quant_tensor_file *file, const char *name,
                                          bool *has, struct quant_error *error);

#endif
