/* SPDX-License-Identifier: MIT */
/*
 * An ONNX model without inputs, whose initializers are bytes of other files or small ones of its
 * own, in memory: the few messages of onnx.proto that this takes. A model is as many bytes as it
 * has text; nothing of the elements that it points to is read.
 *
 *     in any order, but that a node follows those whose outputs it reads:
 *         add_initializer, add_node, add_output; then finish
 *
 * If there is no memory, finish says so. The names of values (initializers and outputs of nodes)
 * must differ from each other; the caller sees to that.
 */
#ifndef QUANT_RECORDS_ONNX_MODEL_H
#define QUANT_RECORDS_ONNX_MODEL_H

#include <quant/quant.h>

#include "records/protobuf.h"

/* The operators are those of version 21, the first with 4 and 16 bits and with blocks, which came
 * with version 10 of the file format. */
enum { QUANT_ONNX_OPSET = 21, QUANT_ONNX_IR = 10 };

/* TensorProto.DataType. */
enum quant_onnx_type {
    QUANT_ONNX_NONE = 0,
    QUANT_ONNX_FLOAT32 = 1,
    QUANT_ONNX_UINT8 = 2,
    QUANT_ONNX_INT8 = 3,
    QUANT_ONNX_UINT16 = 4,
    QUANT_ONNX_INT16 = 5,
    QUANT_ONNX_INT32 = 6,
    QUANT_ONNX_INT64 = 7,
    QUANT_ONNX_BOOL = 9,
    QUANT_ONNX_FLOAT16 = 10,
    QUANT_ONNX_FLOAT64 = 11,
    QUANT_ONNX_UINT32 = 12,
    QUANT_ONNX_UINT64 = 13,
    QUANT_ONNX_BFLOAT16 = 16,
    QUANT_ONNX_FLOAT8_E4M3FN = 17,
    QUANT_ONNX_FLOAT8_E5M2 = 19,
    QUANT_ONNX_UINT4 = 21,
    QUANT_ONNX_INT4 = 22
};

/* The type of elements of dtype, or, if that is QUANT_DTYPE_NONE, of those that all formats call
 * `common` ("int64"; NULL: nothing). QUANT_ONNX_NONE: ONNX Runtime has no such tensors. */
enum quant_onnx_type quant_onnx_type_of(enum quant_dtype dtype, const char *common);

/* Elements in C order, little-endian, two of 4 bits to a byte with the first in the low half. */
struct quant_onnx_tensor {
    const char *name; /* UTF-8, like all text here */
    enum quant_onnx_type type;
    const uint64_t *dims; /* ndim of them */
    size_t ndim;
    const char *location; /* the file that has them, relative to the model's; NULL: raw has them */
    uint64_t offset;      /* in that file */
    uint64_t nbytes;
    const void *raw; /* nbytes of them */
};

struct quant_onnx_attribute {
    const char *name;
    int64_t value;
};

struct quant_onnx_node {
    const char *operation;                     /* "DequantizeLinear" */
    const char *inputs[3];                     /* names of values; the rest is NULL */
    const char *output;                        /* the same */
    struct quant_onnx_attribute attributes[2]; /* without a name: none */
};

/* All zeros: an empty one. */
struct quant_onnx_model {
    struct quant_protobuf graph;
    struct quant_protobuf parts[4]; /* messages in the making, the outermost first */
};

void quant_onnx_add_initializer(struct quant_onnx_model *model,
                                const struct quant_onnx_tensor *tensor);
void quant_onnx_add_node(struct quant_onnx_model *model, const struct quant_onnx_node *node);
void quant_onnx_add_output(struct quant_onnx_model *model, const char *name,
                           enum quant_onnx_type type, const uint64_t *dims, size_t ndim);

/* *file has the bytes of the whole model, for the caller to release. Errors: QUANT_NO_MEMORY;
 * QUANT_UNSUPPORTED for 2 GiB and more, which no reader of ONNX takes. */
enum quant_status quant_onnx_model_finish(struct quant_onnx_model *model,
                                          struct quant_protobuf *file, struct quant_error *error);

/* Fine on zeros. */
void quant_onnx_model_release(struct quant_onnx_model *model);

#endif
