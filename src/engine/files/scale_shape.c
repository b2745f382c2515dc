/* SPDX-License-Identifier: MIT */
#include "engine/files/scale_shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"

struct quant_shape quant_scale_shape(const uint64_t *dims, uint32_t ndim, int axis,
                                     uint64_t block_size, uint64_t block_rows)
{
    const struct quant_granularity granularity =
        quant_granularity_again(axis, block_size, block_rows);
    const struct quant_shape shape = quant_shape_of(dims, ndim);
    struct quant_shape scales = {.ndim = 1, .dims = {1}};
    struct quant_grouping grouping;
    if (axis < 0)
        return scales;
    if (quant_grouping_make(&granularity, &shape, QUANT_ORDER_C, &grouping, NULL) == QUANT_OK)
        quant_grouping_scale_shape(&grouping, &shape, &scales);
    return scales;
}

bool quant_tensor_has_shape(const struct quant_tensor_info *info, const struct quant_shape *shape)
{
    return info->ndim == (uint32_t)shape->ndim &&
           (info->ndim == 0 ||
            memcmp(info->dims, shape->dims, info->ndim * sizeof *info->dims) == 0);
}

static int compare_keys(const void *key, const void *pair)
{
    return strcmp(key, ((const struct quant_metadata_pair *)pair)->key);
}

enum quant_status quant_metadata_has_shape(const struct quant_tensor_file *file,
                                           const struct quant_tensor_info *info,
                                           const struct quant_shape *shape, bool *agrees,
                                           struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    char *key = NULL;
    *agrees = true;
    if (file->nmetadata == 0)
        return QUANT_OK;
    if (asprintf(&key, "quant.shape.%s", info->name) < 0)
        return quant_error_no_memory(error, strlen(info->name), "names");
    const struct quant_metadata_pair *pair =
        bsearch(key, file->metadata, file->nmetadata, sizeof *file->metadata, compare_keys);
    free(key);
    *agrees = !pair || strcmp(pair->value, quant_shape_text(shape, text)) == 0;
    return QUANT_OK;
}
