/* SPDX-License-Identifier: MIT */
/*
 * ONNX has tensors in C order only. One in Fortran order is, byte for byte, the tensor with its
 * dimensions reversed in C order: it is restored as that, along the reversed axis, and a Transpose
 * gives it its own shape.
 */
#include "engine/files/onnx_tensors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/grouping.h"
#include "base/nibble.h"
#include "base/shape.h"

static enum quant_status no_memory(const struct quant_onnx_run *run)
{
    return quant_error_no_memory(run->error, sizeof(struct quant_onnx_quantized), "model");
}

/* ---- Shapes and names ---- */

static bool is_reversed(enum quant_order order, const struct quant_shape *shape)
{
    return order == QUANT_ORDER_FORTRAN && quant_shape_has_order(shape);
}

static struct quant_shape reversed(const struct quant_shape *shape)
{
    struct quant_shape other = {.ndim = shape->ndim};
    for (int i = 0; i < shape->ndim; i++)
        other.dims[i] = shape->dims[shape->ndim - 1 - i];
    return other;
}

static enum quant_status check_name(const struct quant_onnx_run *run, const char *name)
{
    return name[0] != '\0' ? QUANT_OK
                           : quant_error_set(run->error, QUANT_INVALID,
                                             "a tensor of '%s' has an empty name, which ONNX does "
                                             "not allow",
                                             run->location);
}

/* The name of another value that belongs to the tensor; NULL: no memory. */
static const char *value_name(struct quant_onnx_run *run, const char *name, const char *part)
{
    return quant_onnx_names_add(&run->names, name, part);
}

/* ---- Initializers ---- */

/* Elements in the file; files of ONNX do not say where no bytes are. */
static void add_stored(struct quant_onnx_run *run, const char *name, enum quant_onnx_type type,
                       const struct quant_shape *shape, uint64_t offset, uint64_t nbytes)
{
    const struct quant_onnx_tensor tensor = {.name = name,
                                             .type = type,
                                             .dims = shape->dims,
                                             .ndim = (size_t)shape->ndim,
                                             .location = nbytes > 0 ? run->location : NULL,
                                             .offset = offset,
                                             .nbytes = nbytes,
                                             .raw = ""};
    quant_onnx_add_initializer(&run->model, &tensor);
}

static void add_own(struct quant_onnx_run *run, const char *name, enum quant_onnx_type type,
                    const struct quant_shape *shape, const void *bytes, uint64_t nbytes)
{
    const struct quant_onnx_tensor tensor = {.name = name,
                                             .type = type,
                                             .dims = shape->dims,
                                             .ndim = (size_t)shape->ndim,
                                             .nbytes = nbytes,
                                             .raw = bytes};
    quant_onnx_add_initializer(&run->model, &tensor);
}

/* ---- Results ---- */

/* The last of the values that lead to an output has its name. */
static enum quant_status add_result(struct quant_onnx_run *run, const struct quant_onnx_node *node,
                                    enum quant_onnx_type type, const struct quant_shape *shape,
                                    bool transposes)
{
    struct quant_onnx_node own = *node;
    const char *name = value_name(run, node->output, "");
    if (!name)
        return no_memory(run);
    if (transposes) {
        const char *between = value_name(run, node->output, ":transposed");
        if (!between)
            return no_memory(run);
        own.output = between;
        quant_onnx_add_node(&run->model, &own);
        own = (struct quant_onnx_node){
            .operation = "Transpose", .inputs = {between}, .output = node->output};
    }
    quant_onnx_add_node(&run->model, &own);
    quant_onnx_add_output(&run->model, name, type, shape->dims, (size_t)shape->ndim);
    return QUANT_OK;
}

enum quant_status quant_onnx_add_copied(struct quant_onnx_run *run,
                                        const struct quant_tensor_info *info)
{
    const enum quant_onnx_type type = quant_onnx_type_of(info->type->dtype, info->type->common);
    const struct quant_shape shape = quant_shape_of(info->dims, info->ndim);
    const bool transposes = is_reversed((enum quant_order)info->order, &shape);
    const struct quant_shape stored = transposes ? reversed(&shape) : shape;
    enum quant_status status = check_name(run, info->name);
    if (status != QUANT_OK || type == QUANT_ONNX_NONE || info->byte_order == QUANT_BIG)
        return status;
    const char *name = value_name(run, info->name, ":copied");
    if (!name)
        return no_memory(run);
    add_stored(run, name, type, &stored, info->offset, info->nbytes);
    const struct quant_onnx_node node = {
        .operation = "Identity", .inputs = {name}, .output = info->name};
    return add_result(run, &node, type, &shape, transposes);
}

/* ---- Zero points ---- */

enum quant_status quant_onnx_check_zero_point(enum quant_dtype dtype, int32_t z,
                                              struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (dtype == QUANT_INT32 && z != 0)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "the zero point is %d, and ONNX takes none but 0 for int32", z);
    if (z < info->min || z > info->max)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "the zero point is %d, and ONNX keeps it as %s, from %.0f to %.0f",
                               z, info->name, info->min, info->max);
    return QUANT_OK;
}

/* As elements of the type. *bytes is for the caller to free. */
static enum quant_status encode_zero_points(const struct quant_onnx_quantized *tensor,
                                            unsigned char **bytes, struct quant_error *error)
{
    const enum quant_dtype dtype = tensor->params.dtype;
    const unsigned bits = quant_dtype_info(dtype)->bits;
    unsigned char *all = malloc((size_t)quant_dtype_bytes(dtype, tensor->count) + 1);
    *bytes = all;
    if (!all)
        return quant_error_no_memory(error, (size_t)tensor->count, "zero points");
    for (uint64_t i = 0; i < tensor->count; i++) {
        const int32_t z = tensor->zero_points[i];
        const enum quant_status status = quant_onnx_check_zero_point(dtype, z, error);
        if (status != QUANT_OK)
            return status;
        if (bits == 4)
            quant_nibble_put(all, (size_t)i, (unsigned)z);
        else if (bits == 8)
            all[i] = (unsigned char)z;
        else
            quant_store_16_little(all + 2 * i, (uint16_t)z);
    }
    return QUANT_OK;
}

static bool has_zero_points(const struct quant_onnx_quantized *tensor)
{
    bool found = false;
    for (uint64_t i = 0; tensor->zero_points && !found && i < tensor->count; i++)
        found = tensor->zero_points[i] != 0;
    return found;
}

/* *name: of the value; NULL if all zero points are 0, which is what none means. */
static enum quant_status add_zero_points(struct quant_onnx_run *run,
                                         const struct quant_onnx_quantized *tensor,
                                         const struct quant_shape *shape, const char **name)
{
    const enum quant_dtype dtype = tensor->params.dtype;
    unsigned char *bytes = NULL;
    *name = NULL;
    if (!has_zero_points(tensor))
        return QUANT_OK;
    enum quant_status status = encode_zero_points(tensor, &bytes, run->error);
    if (status == QUANT_UNSUPPORTED) {
        quant_error_append(run->error, "; give '--include-zero', and scales of float32");
        quant_error_prefix(run->error, "tensor", tensor->name);
    }
    if (status == QUANT_OK) {
        *name = value_name(run, tensor->name, ":zero_point");
        status = *name ? QUANT_OK : no_memory(run);
    }
    if (status == QUANT_OK)
        add_own(run, *name, quant_onnx_type_of(dtype, NULL), shape, bytes,
                quant_dtype_bytes(dtype, tensor->count));
    free(bytes);
    return status;
}

/* ---- Scales ---- */

/* One scale is that of the tensor, even if it is the only one of an axis: ONNX Runtime does not
 * take a single one for a block. */
static bool has_groups(const struct quant_onnx_quantized *tensor)
{
    return tensor->axis >= 0 && tensor->count != 1;
}

/* That of the scales as ONNX has it: no dimension for one scale, one for those of an axis, and for
 * blocks those of the tensor. */
static struct quant_shape scale_shape(const struct quant_onnx_quantized *tensor, bool transposes)
{
    struct quant_shape shape = {.ndim = 0};
    if (!has_groups(tensor))
        return shape;
    if (tensor->block_size == 0) {
        shape = (struct quant_shape){.ndim = 1, .dims = {tensor->count}};
        return shape;
    }
    shape = tensor->shape;
    uint64_t *blocked = &shape.dims[tensor->axis];
    *blocked = *blocked / tensor->block_size + (*blocked % tensor->block_size > 0);
    return transposes ? reversed(&shape) : shape;
}

static enum quant_status add_own_scales(struct quant_onnx_run *run,
                                        const struct quant_onnx_quantized *tensor,
                                        const struct quant_shape *shape, const char *name)
{
    const uint64_t nbytes = quant_dtype_bytes(QUANT_FLOAT32, tensor->count);
    unsigned char *bytes = malloc((size_t)nbytes + 1);
    if (!bytes)
        return quant_error_no_memory(run->error, (size_t)nbytes, "scales");
    for (uint64_t i = 0; i < tensor->count; i++) {
        uint32_t bits;
        memcpy(&bits, &tensor->scales[i], sizeof bits);
        quant_store_32_little(bytes + sizeof bits * i, bits);
    }
    add_own(run, name, QUANT_ONNX_FLOAT32, shape, bytes, nbytes);
    free(bytes);
    return QUANT_OK;
}

/* *name: of a value of float32, which also makes the result float32. */
static enum quant_status add_scales(struct quant_onnx_run *run,
                                    const struct quant_onnx_quantized *tensor,
                                    const struct quant_shape *shape, const char **name)
{
    const enum quant_dtype dtype = tensor->params.scale_dtype;
    const char *stored = value_name(run, tensor->name, ":scale");
    *name = stored;
    if (!stored)
        return no_memory(run);
    if (!tensor->has_scales_in_file)
        return add_own_scales(run, tensor, shape, stored);
    add_stored(run, stored, quant_onnx_type_of(dtype, NULL), shape, tensor->scales_offset,
               quant_dtype_bytes(dtype, tensor->count));
    if (dtype == QUANT_FLOAT32)
        return QUANT_OK;
    *name = value_name(run, tensor->name, ":scale_float32");
    if (!*name)
        return no_memory(run);
    const struct quant_onnx_node cast = {.operation = "Cast",
                                         .inputs = {stored},
                                         .output = *name,
                                         .attributes = {{"to", QUANT_ONNX_FLOAT32}}};
    quant_onnx_add_node(&run->model, &cast);
    return QUANT_OK;
}

/* ---- Quantized tensors ---- */

enum quant_status quant_onnx_refuse_blocks(struct quant_error *error)
{
    return quant_error_set(error, QUANT_UNSUPPORTED,
                           "ONNX has blocks along one axis, not of rows and columns");
}

static enum quant_status add_dequantize(struct quant_onnx_run *run,
                                        const struct quant_onnx_quantized *tensor,
                                        const char *elements, bool transposes)
{
    const struct quant_shape scales = scale_shape(tensor, transposes);
    const int axis = transposes ? tensor->shape.ndim - 1 - tensor->axis : tensor->axis;
    struct quant_onnx_node node = {
        .operation = "DequantizeLinear", .inputs = {elements}, .output = tensor->name};
    enum quant_status status = add_scales(run, tensor, &scales, &node.inputs[1]);
    if (status == QUANT_OK)
        status = add_zero_points(run, tensor, &scales, &node.inputs[2]);
    if (status != QUANT_OK)
        return status;
    if (has_groups(tensor))
        node.attributes[0] = (struct quant_onnx_attribute){"axis", axis};
    if (has_groups(tensor) && tensor->block_size > 0)
        node.attributes[1] =
            (struct quant_onnx_attribute){"block_size", (int64_t)tensor->block_size};
    return add_result(run, &node, QUANT_ONNX_FLOAT32, &tensor->shape, transposes);
}

enum quant_status quant_onnx_add_quantized(struct quant_onnx_run *run,
                                           const struct quant_onnx_quantized *tensor)
{
    const enum quant_dtype dtype = tensor->params.dtype;
    const bool transposes = is_reversed(tensor->order, &tensor->shape);
    const struct quant_shape stored = transposes ? reversed(&tensor->shape) : tensor->shape;
    uint64_t nelems = 1;
    enum quant_status status = check_name(run, tensor->name);
    if (status == QUANT_OK && tensor->block_rows > 0) {
        status = quant_onnx_refuse_blocks(run->error);
        quant_error_prefix(run->error, "tensor", tensor->name);
    }
    if (status != QUANT_OK)
        return status;
    const char *elements = value_name(run, tensor->name, ":quantized");
    if (!elements)
        return no_memory(run);
    quant_shape_count(&tensor->shape, &nelems);
    add_stored(run, elements, quant_onnx_type_of(dtype, NULL), &stored, tensor->offset,
               quant_dtype_bytes(dtype, nelems));
    if (!quant_dtype_info(dtype)->is_unscaled)
        return add_dequantize(run, tensor, elements, transposes);
    const struct quant_onnx_node cast = {.operation = "Cast",
                                         .inputs = {elements},
                                         .output = tensor->name,
                                         .attributes = {{"to", QUANT_ONNX_FLOAT32}}};
    return add_result(run, &cast, QUANT_ONNX_FLOAT32, &tensor->shape, transposes);
}
