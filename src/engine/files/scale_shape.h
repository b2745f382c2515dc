/* SPDX-License-Identifier: MIT */
/* The shapes of what a quantized tensor of a container has beside it. */
#ifndef QUANT_ENGINE_FILES_SCALE_SHAPE_H
#define QUANT_ENGINE_FILES_SCALE_SHAPE_H

#include "formats/tensor_file.h"

/* The shape of the tensors of scales and of zero points: [1] for one scale, else as
 * quant_grouping_scale_shape says. axis is -1 for one scale, block_size 0 for no blocks. */
struct quant_shape quant_scale_shape(const uint64_t *dims, uint32_t ndim, int axis,
                                     uint64_t block_size, uint64_t block_rows);

/* Whether a tensor has this shape. */
bool quant_tensor_has_shape(const struct quant_tensor_info *info, const struct quant_shape *shape);

/* Whether the metadata of the file, if it has any on this tensor of 4-bit integers, which is stored
 * as bytes, gives it the same shape: "quant.shape.NAME". */
enum quant_status quant_metadata_has_shape(const struct quant_tensor_file *file,
                                           const struct quant_tensor_info *info,
                                           const struct quant_shape *shape, bool *agrees,
                                           struct quant_error *error);

#endif
