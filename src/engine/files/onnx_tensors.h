/* SPDX-License-Identifier: MIT */
/* Tensors of outputs as parts of a model that restores them: initializers that point to their
 * bytes, the nodes that follow, and an output of the tensor's name. */
#ifndef QUANT_ENGINE_FILES_ONNX_TENSORS_H
#define QUANT_ENGINE_FILES_ONNX_TENSORS_H

#include <quant/file.h>

#include "base/tensor_info.h"
#include "engine/files/onnx_names.h"
#include "records/onnx_model.h"

/* A model in the making, and the file whose tensors are added. */
struct quant_onnx_run {
    struct quant_onnx_model model;
    struct quant_onnx_names names; /* of all values */
    const char *location;          /* of the file, relative to the model */
    struct quant_error *error;
};

/* A tensor that was quantized. */
struct quant_onnx_quantized {
    const char *name;
    struct quant_shape shape;
    enum quant_order order;
    struct quant_params params; /* its scale and zero point are not used */
    uint64_t offset;            /* of its elements in the file */
    int axis;                   /* -1: one scale, or none */
    uint64_t block_size;
    uint64_t block_rows;
    uint64_t count;          /* of scales */
    bool has_scales_in_file; /* of params.scale_dtype, at scales_offset; else they are at scales */
    uint64_t scales_offset;
    const float *scales;
    const int32_t *zero_points; /* NULL: all are 0 */
};

/* The output is float32, as `quant dequant` restores it. Errors: QUANT_UNSUPPORTED for what ONNX
 * cannot say: blocks of rows and columns, a zero point outside the type; QUANT_INVALID for a name
 * that ONNX does not take; QUANT_NO_MEMORY. */
enum quant_status quant_onnx_add_quantized(struct quant_onnx_run *run,
                                           const struct quant_onnx_quantized *tensor);

/* A tensor that was copied. The output is of its own type. Types that ONNX Runtime does not have,
 * and big-endian elements, are left out. Errors: QUANT_INVALID and QUANT_NO_MEMORY, as above. */
enum quant_status quant_onnx_add_copied(struct quant_onnx_run *run,
                                        const struct quant_tensor_info *info);

/* Whether ONNX can keep z as the zero point of dtype. If not, *error says why. */
enum quant_status quant_onnx_check_zero_point(enum quant_dtype dtype, int32_t z,
                                              struct quant_error *error);

/* The error of blocks of rows and columns, without a prefix. */
enum quant_status quant_onnx_refuse_blocks(struct quant_error *error);

#endif
