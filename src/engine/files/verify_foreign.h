/* SPDX-License-Identifier: MIT */
/* Tensors that another program has quantized: integers, and scales beside them by their name. */
#ifndef QUANT_ENGINE_FILES_VERIFY_FOREIGN_H
#define QUANT_ENGINE_FILES_VERIFY_FOREIGN_H

#include "engine/files/restored_tensors.h"

/* Describes the tensor at index of file as if it had an entry in a sidecar, from NAME_scale and
 * NAME_zero_point, whose shapes say which elements share a scale. Its dimensions are those of the
 * file. own: the tensor that it is compared with; 4-bit integers, which are stored as bytes, are
 * taken for those of the same type and shape. QUANT_UNSUPPORTED: it has no scales, or none that are
 * known here. */
enum quant_status quant_foreign_describe(const struct quant_tensor_file *file, size_t index,
                                         const struct quant_restored_tensor *own,
                                         struct quant_restored_tensor *foreign,
                                         struct quant_error *error);

#endif
