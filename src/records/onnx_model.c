/* SPDX-License-Identifier: MIT */
/* The numbers of fields are those of onnx.proto (github.com/onnx/onnx). The fields of a message may
 * come in any order, so the graph grows by whole fields. */
#include "records/onnx_model.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { MODEL_IR_VERSION = 1, MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7 };
enum { MODEL_OPSET = 8, OPSET_VERSION = 2 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_OPERATION = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_INTEGER = 3, ATTRIBUTE_TYPE = 20, TYPE_INTEGER = 2 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { TENSOR_EXTERNAL = 13, TENSOR_PLACE = 14, PLACE_EXTERNAL = 1, PAIR_KEY = 1, PAIR_VALUE = 2 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1, TENSOR_SHAPE = 2 };
enum { SHAPE_DIM = 1, DIM_VALUE = 1 };

static const struct {
    enum quant_dtype dtype;
    const char *common; /* with QUANT_DTYPE_NONE */
    enum quant_onnx_type type;
} types[] = {
    {QUANT_INT8, NULL, QUANT_ONNX_INT8},
    {QUANT_UINT8, NULL, QUANT_ONNX_UINT8},
    {QUANT_INT4, NULL, QUANT_ONNX_INT4},
    {QUANT_UINT4, NULL, QUANT_ONNX_UINT4},
    {QUANT_INT16, NULL, QUANT_ONNX_INT16},
    {QUANT_UINT16, NULL, QUANT_ONNX_UINT16},
    {QUANT_INT32, NULL, QUANT_ONNX_INT32},
    {QUANT_FLOAT8_E4M3FN, NULL, QUANT_ONNX_FLOAT8_E4M3FN},
    {QUANT_FLOAT8_E5M2, NULL, QUANT_ONNX_FLOAT8_E5M2},
    {QUANT_FLOAT16, NULL, QUANT_ONNX_FLOAT16},
    {QUANT_BFLOAT16, NULL, QUANT_ONNX_BFLOAT16},
    {QUANT_FLOAT32, NULL, QUANT_ONNX_FLOAT32},
    {QUANT_FLOAT64, NULL, QUANT_ONNX_FLOAT64},
    {QUANT_DTYPE_NONE, "bool", QUANT_ONNX_BOOL},
    {QUANT_DTYPE_NONE, "uint32", QUANT_ONNX_UINT32},
    {QUANT_DTYPE_NONE, "int64", QUANT_ONNX_INT64},
    {QUANT_DTYPE_NONE, "uint64", QUANT_ONNX_UINT64},
};

enum quant_onnx_type quant_onnx_type_of(enum quant_dtype dtype, const char *common)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].dtype == dtype &&
            (dtype != QUANT_DTYPE_NONE || (common && strcmp(types[i].common, common) == 0)))
            return types[i].type;
    return QUANT_ONNX_NONE;
}

/* ---- Parts of the graph ---- */

static void add_pair(struct quant_protobuf *tensor, struct quant_protobuf *pair, const char *key,
                     const char *value)
{
    quant_protobuf_add_text(pair, PAIR_KEY, key);
    quant_protobuf_add_text(pair, PAIR_VALUE, value);
    quant_protobuf_add_message(tensor, TENSOR_EXTERNAL, pair);
}

static void add_place(struct quant_protobuf *part, struct quant_protobuf *pair,
                      const struct quant_onnx_tensor *tensor)
{
    char number[24];
    add_pair(part, pair, "location", tensor->location);
    snprintf(number, sizeof number, "%llu", (unsigned long long)tensor->offset);
    add_pair(part, pair, "offset", number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)tensor->nbytes);
    add_pair(part, pair, "length", number);
    quant_protobuf_add_integer(part, TENSOR_PLACE, PLACE_EXTERNAL);
}

void quant_onnx_add_initializer(struct quant_onnx_model *model,
                                const struct quant_onnx_tensor *tensor)
{
    struct quant_protobuf *part = &model->parts[0];
    for (size_t i = 0; i < tensor->ndim; i++)
        quant_protobuf_add_integer(part, TENSOR_DIM, tensor->dims[i]);
    quant_protobuf_add_integer(part, TENSOR_TYPE, (uint64_t)tensor->type);
    quant_protobuf_add_text(part, TENSOR_NAME, tensor->name);
    if (tensor->location)
        add_place(part, &model->parts[1], tensor);
    else
        quant_protobuf_add_bytes(part, TENSOR_RAW, tensor->raw, (size_t)tensor->nbytes);
    quant_protobuf_add_message(&model->graph, GRAPH_INITIALIZER, part);
}

void quant_onnx_add_node(struct quant_onnx_model *model, const struct quant_onnx_node *node)
{
    struct quant_protobuf *part = &model->parts[0];
    struct quant_protobuf *own = &model->parts[1];
    for (size_t i = 0; i < sizeof node->inputs / sizeof node->inputs[0] && node->inputs[i]; i++)
        quant_protobuf_add_text(part, NODE_INPUT, node->inputs[i]);
    quant_protobuf_add_text(part, NODE_OUTPUT, node->output);
    quant_protobuf_add_text(part, NODE_OPERATION, node->operation);
    for (size_t i = 0; i < sizeof node->attributes / sizeof node->attributes[0]; i++) {
        if (!node->attributes[i].name)
            continue;
        quant_protobuf_add_text(own, ATTRIBUTE_NAME, node->attributes[i].name);
        quant_protobuf_add_integer(own, ATTRIBUTE_INTEGER, (uint64_t)node->attributes[i].value);
        quant_protobuf_add_integer(own, ATTRIBUTE_TYPE, TYPE_INTEGER);
        quant_protobuf_add_message(part, NODE_ATTRIBUTE, own);
    }
    quant_protobuf_add_message(&model->graph, GRAPH_NODE, part);
}

void quant_onnx_add_output(struct quant_onnx_model *model, const char *name,
                           enum quant_onnx_type type, const uint64_t *dims, size_t ndim)
{
    struct quant_protobuf *const parts = model->parts;
    for (size_t i = 0; i < ndim; i++) {
        quant_protobuf_add_integer(&parts[3], DIM_VALUE, dims[i]);
        quant_protobuf_add_message(&parts[2], SHAPE_DIM, &parts[3]);
    }
    quant_protobuf_add_integer(&parts[1], TENSOR_ELEMENT, (uint64_t)type);
    quant_protobuf_add_message(&parts[1], TENSOR_SHAPE, &parts[2]);
    quant_protobuf_add_message(&parts[2], TYPE_TENSOR, &parts[1]);
    quant_protobuf_add_text(&parts[0], VALUE_NAME, name);
    quant_protobuf_add_message(&parts[0], VALUE_TYPE, &parts[2]);
    quant_protobuf_add_message(&model->graph, GRAPH_OUTPUT, &parts[0]);
}

/* ---- The whole ---- */

enum quant_status quant_onnx_model_finish(struct quant_onnx_model *model,
                                          struct quant_protobuf *file, struct quant_error *error)
{
    struct quant_protobuf *opset = &model->parts[0];
    *file = (struct quant_protobuf){.bytes = NULL};
    quant_protobuf_add_text(&model->graph, GRAPH_NAME, "quant");
    quant_protobuf_add_integer(file, MODEL_IR_VERSION, QUANT_ONNX_IR);
    quant_protobuf_add_text(file, MODEL_PRODUCER, "quant");
    quant_protobuf_add_text(file, MODEL_PRODUCER_VERSION, quant_version());
    quant_protobuf_add_integer(opset, OPSET_VERSION, QUANT_ONNX_OPSET);
    quant_protobuf_add_message(file, MODEL_OPSET, opset);
    quant_protobuf_add_message(file, MODEL_GRAPH, &model->graph);
    if (file->has_failed)
        return quant_error_no_memory(error, model->graph.n, "model");
    if (file->n > INT32_MAX)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "the model would have %zu bytes, and no reader of ONNX takes 2 GiB",
                               file->n);
    return QUANT_OK;
}

void quant_onnx_model_release(struct quant_onnx_model *model)
{
    quant_protobuf_release(&model->graph);
    for (size_t i = 0; i < sizeof model->parts / sizeof model->parts[0]; i++)
        quant_protobuf_release(&model->parts[i]);
}
