/* SPDX-License-Identifier: MIT */
/*
 * One scale has one element. Scales per channel have the shape of the tensor with ones but for one
 * dimension, or that dimension alone; those of blocks have the shape of the tensor, with fewer
 * entries along one dimension.
 */
#include "engine/files/verify_foreign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/small_float.h"

struct describing {
    const struct quant_tensor_file *file;
    const struct quant_tensor_info *info;
    struct quant_restored_tensor *foreign;
    struct quant_error *error;
};

static enum quant_status fail(const struct describing *describing, const char *what)
{
    return quant_source_error(describing->file->source, describing->error, QUANT_UNSUPPORTED,
                              "tensor '%.200s' %s", describing->info->name, what);
}

static enum quant_status find_beside(const struct describing *describing, const char *suffix,
                                     uint32_t *index)
{
    char *name = NULL;
    size_t found;
    if (asprintf(&name, "%s%s", describing->info->name, suffix) < 0)
        return quant_error_no_memory(describing->error, strlen(describing->info->name), "name");
    if (quant_tensor_file_find(describing->file, name, &found))
        *index = (uint32_t)found;
    free(name);
    return QUANT_OK;
}

static uint64_t count_of(const struct quant_tensor_info *info)
{
    return quant_stored_elements(info->type, info->nbytes);
}

/* ---- Which elements share a scale ---- */

static bool is_axis(const struct quant_tensor_info *scales,
                    const struct quant_restored_tensor *foreign, uint32_t axis)
{
    if (scales->ndim == 1 && foreign->ndim > 1)
        return axis == 0 && scales->dims[0] == foreign->dims[0];
    if (scales->ndim != foreign->ndim || scales->dims[axis] != foreign->dims[axis])
        return false;
    for (uint32_t i = 0; i < foreign->ndim; i++)
        if (i != axis && scales->dims[i] != 1)
            return false;
    return true;
}

static bool is_blocks(const struct quant_tensor_info *scales,
                      const struct quant_restored_tensor *foreign, uint32_t axis)
{
    if (scales->ndim != foreign->ndim || scales->dims[axis] == 0 ||
        scales->dims[axis] >= foreign->dims[axis])
        return false;
    for (uint32_t i = 0; i < foreign->ndim; i++)
        if (i != axis && scales->dims[i] != foreign->dims[i])
            return false;
    return true;
}

/* The smallest block that gives this number of them. */
static uint64_t block_of(uint64_t extent, uint64_t count)
{
    return extent / count + (extent % count != 0);
}

static bool find_grouping(const struct quant_tensor_info *scales,
                          struct quant_restored_tensor *foreign)
{
    foreign->axis = -1;
    if (count_of(scales) == 1)
        return true;
    for (uint32_t i = 0; i < foreign->ndim; i++) {
        const bool is_channel = is_axis(scales, foreign, i);
        if (!is_channel && !is_blocks(scales, foreign, i))
            continue;
        foreign->axis = (int)i;
        foreign->block_size = is_channel ? 0 : block_of(foreign->dims[i], scales->dims[i]);
        return true;
    }
    return false;
}

/* ---- Scales ---- */

static enum quant_status read_one_scale(const struct describing *describing)
{
    const struct quant_restored_tensor *foreign = describing->foreign;
    const struct quant_tensor_info *scales = &describing->file->tensors[foreign->scales];
    const struct quant_small_float *type = quant_small_float(foreign->params.scale_dtype);
    unsigned char bytes[4] = {0};
    struct quant_params *params = &describing->foreign->params;
    enum quant_status status = quant_source_read_exactly(
        describing->file->source, scales->offset, bytes, (size_t)scales->nbytes, describing->error);
    const uint32_t bits = quant_load_32(bytes, false);
    if (type)
        params->scale = quant_small_float_decode(type, quant_load_16(bytes, false));
    else
        memcpy(&params->scale, &bits, sizeof bits);
    if (status == QUANT_OK && !(params->scale > 0 && isfinite(params->scale)))
        return fail(describing, "has a scale that is not finite and above 0");
    if (status != QUANT_OK || foreign->zero_points == QUANT_NOT_STORED)
        return status;
    const struct quant_tensor_info *zero = &describing->file->tensors[foreign->zero_points];
    status = quant_source_read_exactly(describing->file->source, zero->offset, bytes, 4,
                                       describing->error);
    params->zero_point = (int32_t)quant_load_32(bytes, false);
    return status;
}

static enum quant_status find_scales(const struct describing *describing)
{
    struct quant_restored_tensor *foreign = describing->foreign;
    enum quant_status status = find_beside(describing, "_scale", &foreign->scales);
    if (status == QUANT_OK)
        status = find_beside(describing, "_zero_point", &foreign->zero_points);
    if (status != QUANT_OK)
        return status;
    if (foreign->scales == QUANT_NOT_STORED)
        return fail(describing, "is neither floats nor has scales beside it");
    const struct quant_tensor_info *scales = &describing->file->tensors[foreign->scales];
    const struct quant_dtype_info *type = quant_dtype_info(scales->type->dtype);
    if (!type || !type->is_scale || !find_grouping(scales, foreign))
        return fail(describing, "has scales of another type or shape than those that are known");
    foreign->params.scale_dtype = scales->type->dtype;
    if (foreign->zero_points != QUANT_NOT_STORED) {
        const struct quant_tensor_info *zero = &describing->file->tensors[foreign->zero_points];
        if (zero->type->dtype != QUANT_INT32 || count_of(zero) != count_of(scales))
            return fail(describing, "has zero points of another type or shape than its scales");
    }
    foreign->params.scale = 1;
    return foreign->axis < 0 ? read_one_scale(describing) : QUANT_OK;
}

/* ---- The integers ---- */

static enum quant_status set_type(const struct describing *describing,
                                  const struct quant_restored_tensor *own)
{
    struct quant_restored_tensor *foreign = describing->foreign;
    const struct quant_tensor_info *info = describing->info;
    const bool is_packed = quant_dtype_info(own->params.dtype)->bits == 4 && info->ndim == 1 &&
                           info->nbytes == quant_dtype_bytes(own->params.dtype, own->nelems);
    const struct quant_dtype_info *type =
        quant_dtype_info(is_packed ? own->params.dtype : info->type->dtype);
    if (!type || !type->quantizes)
        return fail(describing, "is of a type that has no scales");
    foreign->params =
        (struct quant_params){.dtype = is_packed ? own->params.dtype : info->type->dtype,
                              .qmin = type->is_integer ? (int32_t)type->min : 0,
                              .qmax = type->is_integer ? (int32_t)type->max : 0,
                              .scale_dtype = QUANT_FLOAT32};
    foreign->dims = is_packed ? own->dims : info->dims;
    foreign->ndim = is_packed ? own->ndim : info->ndim;
    foreign->nelems = is_packed ? own->nelems : count_of(info);
    return QUANT_OK;
}

enum quant_status quant_foreign_describe(const struct quant_tensor_file *file, size_t index,
                                         const struct quant_restored_tensor *own,
                                         struct quant_restored_tensor *foreign,
                                         struct quant_error *error)
{
    const struct describing describing = {file, &file->tensors[index], foreign, error};
    *foreign = (struct quant_restored_tensor){.data = (uint32_t)index,
                                              .scales = QUANT_NOT_STORED,
                                              .zero_points = QUANT_NOT_STORED,
                                              .axis = -1,
                                              .is_unchecked = true};
    const enum quant_status status = set_type(&describing, own);
    return status == QUANT_OK ? find_scales(&describing) : status;
}
