/* SPDX-License-Identifier: MIT */
/*
 * ComfyUI: L.weight in int8 or float8, L.weight_scale in float32, and L.comfy_quant, bytes of the
 * JSON {"format": "int8_tensorwise", "per_row": true, ...}, which marks that L is quantized.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/layout.h"
#include "records/document.h"

static const char mark[] = ".comfy_quant";

static const struct comfy_format {
    const char *name;
    enum quant_dtype dtype;
} formats[] = {
    {"int8_tensorwise", QUANT_INT8},
    {"float8_e4m3fn", QUANT_FLOAT8_E4M3FN},
    {"float8_e5m2", QUANT_FLOAT8_E5M2},
};

/* The others say what the weights were, or how they are computed with: not what they are. */
static const char *const known_keys[] = {"format", "per_row", "orig_dtype", "orig_shape",
                                         "full_precision_matrix_mult"};

enum { MARK_MOST = 1 << 16 };

struct comfy_mark {
    const struct comfy_format *format;
    const cJSON *per_row; /* NULL: not said */
};

static enum quant_status check_keys(const struct quant_layout_reading *reading, const char *name,
                                    const cJSON *root)
{
    for (const cJSON *item = root->child; item; item = item->next) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known_keys / sizeof known_keys[0]; i++)
            is_known = is_known || strcmp(item->string, known_keys[i]) == 0;
        if (!is_known && !cJSON_IsFalse(item) && !cJSON_IsNull(item))
            return quant_layout_fail(reading, name, "has '%.60s', which cannot be restored",
                                     item->string);
    }
    return QUANT_OK;
}

static enum quant_status parse_mark(const struct quant_layout_reading *reading, const char *name,
                                    const cJSON *root, struct comfy_mark *found)
{
    const char *format = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "format"));
    if (!cJSON_IsObject(root) || !format)
        return quant_layout_fail(reading, name, "is not a JSON object with a 'format'");
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, format) == 0)
            found->format = &formats[i];
    if (!found->format)
        return quant_layout_fail(reading, name,
                                 "has the format '%.60s'; expected int8_tensorwise, float8_e4m3fn "
                                 "or float8_e5m2",
                                 format);
    found->per_row = cJSON_GetObjectItemCaseSensitive(root, "per_row");
    return check_keys(reading, name, root);
}

/* *root is the caller's to delete. */
static enum quant_status read_mark(struct quant_layout_reading *reading,
                                   const struct quant_layout_place *place, cJSON **root,
                                   struct comfy_mark *found)
{
    const struct quant_tensor_info *info = place->info;
    struct quant_fields fields = {.source = place->source, .what = mark, .error = reading->error};
    struct quant_json_fault fault;
    if (info->nbytes > MARK_MOST)
        return quant_layout_fail(reading, info->name, "is longer than %d bytes", MARK_MOST);
    char *text = calloc(1, (size_t)info->nbytes + 1);
    if (!text)
        return quant_error_no_memory(reading->error, (size_t)info->nbytes, "text");
    enum quant_status status = quant_source_read_exactly(place->source, info->offset, text,
                                                         (size_t)info->nbytes, reading->error);
    if (status == QUANT_OK) {
        *root = quant_document_parse(&fields, mark, text, (size_t)info->nbytes, &fault);
        status = fields.status;
    }
    free(text);
    return status == QUANT_OK ? parse_mark(reading, info->name, *root, found) : status;
}

/* ---- One weight ---- */

static enum quant_status fill(struct quant_layout_reading *reading, const struct comfy_mark *found,
                              struct quant_layout_tensor *tensor)
{
    const struct quant_tensor_info *info = tensor->data.info;
    const struct quant_tensor_info *scales = tensor->scales.info;
    if (info->type->dtype != found->format->dtype)
        return quant_layout_fail(reading, info->name, "has the dtype %s, not that of its format %s",
                                 info->type->name, found->format->name);
    if (!scales)
        return quant_layout_fail(reading, info->name, "has no scale '%.200s_scale'", info->name);
    if (info->ndim > QUANT_MAX_DIMS)
        return quant_layout_fail(reading, info->name, "has %u dimensions", info->ndim);
    const uint64_t count = quant_layout_count(scales);
    const bool is_by_row =
        found->per_row ? cJSON_IsTrue(found->per_row) : count > 1 && info->ndim > 1;
    tensor->name = info->name;
    tensor->dtype = info->type->dtype;
    tensor->ndim = info->ndim;
    memcpy(tensor->dims, info->dims, info->ndim * sizeof *info->dims);
    tensor->axis = is_by_row && info->ndim > 0 ? 0 : -1;
    if (is_by_row && scales->ndim > 1 && scales->dims[0] != count)
        return quant_layout_fail(reading, scales->name, "does not have a row for each scale");
    return QUANT_OK;
}

static enum quant_status place_weight(struct quant_layout_reading *reading, const char *stem,
                                      const struct quant_layout_place *marked,
                                      struct quant_layout_tensor *tensor)
{
    struct comfy_mark found = {.format = NULL};
    cJSON *root = NULL;
    enum quant_status status = read_mark(reading, marked, &root, &found);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, stem, ".weight", &tensor->data);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, stem, ".weight_scale", &tensor->scales);
    if (status == QUANT_OK)
        status = fill(reading, &found, tensor);
    cJSON_Delete(root);
    return status;
}

/* ---- One tensor ---- */

static enum quant_status place_tensor(struct quant_layout_reading *reading,
                                      const struct quant_tensor_info *info,
                                      enum quant_layout_role *role,
                                      struct quant_layout_tensor *tensor)
{
    static const char *const ends[] = {".weight", ".weight_scale", ".input_scale"};
    const char *stem = NULL;
    struct quant_layout_place found = {.info = NULL};
    enum quant_status status = quant_layout_stem(reading, info->name, mark, &stem);
    if (status == QUANT_OK && stem) {
        *role = QUANT_LAYOUT_LEFT_OUT;
        status = quant_layout_find(reading, stem, ".weight", &found);
        return status == QUANT_OK && !found.info
                   ? quant_layout_fail(reading, info->name, "has no weight beside it")
                   : status;
    }
    for (size_t i = 0; status == QUANT_OK && !stem && i < sizeof ends / sizeof ends[0]; i++) {
        status = quant_layout_stem(reading, info->name, ends[i], &stem);
        if (status == QUANT_OK && stem)
            status = quant_layout_find(reading, stem, mark, &found);
        if (status == QUANT_OK && found.info && i == 0) {
            *role = QUANT_LAYOUT_RESTORED;
            return place_weight(reading, stem, &found, tensor);
        }
        if (status == QUANT_OK && found.info)
            *role = QUANT_LAYOUT_LEFT_OUT;
    }
    return status;
}

const struct quant_layout quant_layout_comfyui = {
    .name = "comfyui",
    .mark = mark,
    .metadata = "_quantization_metadata",
    .place = place_tensor,
};
