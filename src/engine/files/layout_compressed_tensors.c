/* SPDX-License-Identifier: MIT */
/*
 * compressed-tensors: what a weight is quantized by is in the config, as one of several groups.
 * pack-quantized: W_packed, rows of int32 with elements from the lowest bit on, each half its range
 * above itself; W_scale; W_shape. naive-quantized, int-quantized and float-quantized: W in int8 or
 * float8; W_scale, W_zero_point. Which group is that of a tensor the config says by the classes of
 * modules, which a checkpoint does not have: it is the first that the tensor agrees with.
 */
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "engine/files/layout.h"
#include "engine/files/layout_compressed_config.h"

/* ---- Names ---- */

/* The tensor of integers that W, in a quantized checkpoint, would have: none if W is floats. */
static enum quant_status find_data(struct quant_layout_reading *reading, const char *weight,
                                   struct quant_layout_place *place)
{
    enum quant_status status = quant_layout_find(reading, weight, "_packed", place);
    if (status != QUANT_OK || place->info)
        return status;
    status = quant_layout_find(reading, weight, "", place);
    const enum quant_dtype dtype = place->info ? place->info->type->dtype : QUANT_DTYPE_NONE;
    if (dtype != QUANT_INT8 && dtype != QUANT_FLOAT8_E4M3FN)
        place->info = NULL;
    return status;
}

/* Scales and the like of a weight, which it needs. What ends with '.' and more is of the inputs
 * of its module. */
static enum quant_status is_beside(struct quant_layout_reading *reading, const char *name,
                                   bool *beside)
{
    static const struct {
        const char *end;
        const char *weight;
    } rows[] = {
        {"_scale", ""},
        {"_zero_point", ""},
        {"_shape", ""},
        {"_g_idx", ""},
        {".input_scale", ".weight"},
        {".input_zero_point", ".weight"},
        {".output_scale", ".weight"},
        {".output_zero_point", ".weight"},
    };
    enum quant_status status = QUANT_OK;
    *beside = false;
    for (size_t i = 0; status == QUANT_OK && !*beside && i < sizeof rows / sizeof rows[0]; i++) {
        struct quant_layout_place place = {.info = NULL};
        const char *stem = NULL;
        status = quant_layout_stem(reading, name, rows[i].end, &stem);
        const char *weight = stem ? quant_arena_join(reading->arena, stem, rows[i].weight) : NULL;
        if (status == QUANT_OK && stem && !weight)
            status = quant_error_no_memory(reading->error, strlen(stem), "names");
        if (status == QUANT_OK && weight)
            status = find_data(reading, weight, &place);
        *beside = place.info;
    }
    return status;
}

/* ---- The shape ---- */

static enum quant_status read_shape(const struct quant_layout_reading *reading,
                                    const struct quant_layout_place *place,
                                    struct quant_layout_tensor *tensor)
{
    const struct quant_tensor_info *info = place->info;
    unsigned char bytes[16];
    const size_t each = info->type->bits / 8;
    if ((each != 4 && each != 8) || info->nbytes != 2 * each)
        return quant_layout_fail(reading, info->name, "is not a shape: two integers are expected");
    const enum quant_status status = quant_source_read_exactly(
        place->source, info->offset, bytes, (size_t)info->nbytes, reading->error);
    for (size_t i = 0; status == QUANT_OK && i < 2; i++) {
        tensor->dims[i] =
            each == 8 ? quant_load_64(bytes + 8 * i, false) : quant_load_32(bytes + 4 * i, false);
        if (tensor->dims[i] > UINT32_MAX) /* so that products of them are in range */
            return quant_layout_fail(reading, info->name, "is not a shape: %llu is out of range",
                                     (unsigned long long)tensor->dims[i]);
    }
    tensor->ndim = 2;
    return status;
}

static enum quant_status find_shape(struct quant_layout_reading *reading, bool is_packed,
                                    struct quant_layout_tensor *tensor)
{
    const struct quant_tensor_info *info = tensor->data.info;
    struct quant_layout_place place;
    if (!is_packed) {
        if (info->ndim == 0 || info->ndim > QUANT_MAX_DIMS)
            return quant_layout_fail(reading, info->name, "has %u dimensions", info->ndim);
        tensor->ndim = info->ndim;
        memcpy(tensor->dims, info->dims, info->ndim * sizeof *info->dims);
        return QUANT_OK;
    }
    const enum quant_status status = quant_layout_find(reading, tensor->name, "_shape", &place);
    if (status == QUANT_OK && !place.info)
        return quant_layout_fail(reading, info->name, "has no shape '%.200s_shape'", tensor->name);
    if (status == QUANT_OK && info->ndim != 2)
        return quant_layout_fail(reading, info->name, "has %u dimensions, not 2", info->ndim);
    return status == QUANT_OK ? read_shape(reading, &place, tensor) : status;
}

/* ---- Which group of the config it agrees with ---- */

static uint64_t parts_of(uint64_t extent, uint64_t size)
{
    return extent / size + (extent % size != 0);
}

/* The words in which it does not agree; NULL: it does. */
static const char *difference(const struct quant_layout_group *group, bool is_packed,
                              struct quant_layout_tensor *tensor)
{
    const struct quant_tensor_info *info = tensor->data.info;
    const struct quant_tensor_info *scales = tensor->scales.info;
    const uint64_t rows = tensor->dims[0];
    const uint64_t columns = tensor->dims[tensor->ndim - 1];
    const uint64_t bits = group->is_float || !is_packed ? 8 : group->nbits;
    uint64_t first = rows; /* of the scales */
    uint64_t count = rows;
    if (group->is_packed != is_packed)
        return "format";
    if (is_packed && (info->dims[0] != rows || info->type->bits != 32 ||
                      info->dims[1] != parts_of(columns * bits, 32)))
        return "num_bits";
    if (!is_packed && (info->type->dtype == QUANT_INT8) == group->is_float)
        return "type";
    if (!group->is_symmetric && !tensor->zero_points.info)
        return "symmetric";
    tensor->axis = 0;
    tensor->block_size = tensor->block_rows = 0;
    switch (group->strategy) {
    case QUANT_LAYOUT_BY_TENSOR:
        tensor->axis = -1;
        first = count = 1;
        break;
    case QUANT_LAYOUT_BY_CHANNEL:
        break;
    case QUANT_LAYOUT_BY_BLOCK:
        tensor->block_rows = group->block_rows;
        first = parts_of(rows, group->block_rows);
        /* fall through */
    case QUANT_LAYOUT_BY_GROUP:
        if (tensor->ndim != 2)
            return "strategy";
        tensor->axis = 1;
        tensor->block_size = group->block_size;
        count = first * parts_of(columns, group->block_size);
    }
    if (quant_layout_count(scales) != count ||
        (count > 1 && (scales->ndim == 0 || scales->dims[0] != first)))
        return "strategy";
    tensor->dtype = group->is_float                  ? QUANT_FLOAT8_E4M3FN
                    : is_packed && group->nbits == 4 ? QUANT_INT4
                                                     : QUANT_INT8;
    tensor->has_offset = is_packed;
    tensor->row_bytes = is_packed ? 4 * info->dims[1] : 0;
    return NULL;
}

static enum quant_status match(const struct quant_layout_reading *reading, bool is_packed,
                               struct quant_layout_tensor *tensor)
{
    const struct quant_layout_groups *groups = reading->state;
    const char *differs = "format";
    for (size_t i = 0; differs && i < groups->n; i++)
        differs = difference(&groups->groups[i], is_packed, tensor);
    return differs ? quant_layout_fail(reading, tensor->data.info->name,
                                       "does not agree with the '%s' of the config", differs)
                   : QUANT_OK;
}

/* ---- One weight ---- */

static enum quant_status find_beside(struct quant_layout_reading *reading, bool is_packed,
                                     struct quant_layout_tensor *tensor)
{
    struct quant_layout_place order;
    enum quant_status status = quant_layout_find(reading, tensor->name, "_scale", &tensor->scales);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, tensor->name, "_zero_point", &tensor->zero_points);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, tensor->name, "_g_idx", &order);
    if (status != QUANT_OK)
        return status;
    if (!tensor->scales.info)
        return quant_layout_fail(reading, tensor->data.info->name, "has no scale '%.200s_scale'",
                                 tensor->name);
    if (order.info)
        return quant_layout_fail(reading, order.info->name,
                                 "reorders columns (actorder), which cannot be restored");
    if (is_packed && tensor->zero_points.info)
        return quant_layout_fail(reading, tensor->zero_points.info->name,
                                 "has packed zero points (asymmetric), which cannot be restored");
    return QUANT_OK;
}

static enum quant_status place_weight(struct quant_layout_reading *reading, bool is_packed,
                                      struct quant_layout_tensor *tensor)
{
    enum quant_status status = find_beside(reading, is_packed, tensor);
    if (status == QUANT_OK)
        status = find_shape(reading, is_packed, tensor);
    return status == QUANT_OK ? match(reading, is_packed, tensor) : status;
}

static enum quant_status place_tensor(struct quant_layout_reading *reading,
                                      const struct quant_tensor_info *info,
                                      enum quant_layout_role *role,
                                      struct quant_layout_tensor *tensor)
{
    const char *weight = NULL;
    bool beside = false;
    enum quant_status status = quant_layout_stem(reading, info->name, "_packed", &weight);
    if (status != QUANT_OK)
        return status;
    tensor->name = weight ? weight : info->name;
    tensor->data = (struct quant_layout_place){info, reading->file->source};
    const enum quant_dtype dtype = info->type->dtype;
    if (weight || dtype == QUANT_INT8 || dtype == QUANT_FLOAT8_E4M3FN)
        *role = QUANT_LAYOUT_RESTORED;
    status = is_beside(reading, info->name, &beside);
    if (status == QUANT_OK && beside)
        *role = QUANT_LAYOUT_LEFT_OUT;
    return status == QUANT_OK && *role == QUANT_LAYOUT_RESTORED
               ? place_weight(reading, weight, tensor)
               : status;
}

const struct quant_layout quant_layout_compressed_tensors = {
    .name = "compressed-tensors",
    .quant_method = "compressed-tensors",
    .begin = quant_layout_read_groups,
    .place = place_tensor,
};
