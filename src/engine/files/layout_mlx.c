/* SPDX-License-Identifier: MIT */
/*
 * MLX, as mlx-lm writes it: L.weight in uint32, rows of integers from the lowest bits on; L.scales
 * and L.biases, one for each block of a row. The config says "quantization": {"group_size": 64,
 * "bits": 4, L: false, M: {"group_size": 32, "bits": 8}}, and the same again as its
 * quantization_config, which then has no quant_method.
 */
#include <string.h>

#include "base/error.h"
#include "engine/files/layout.h"

/* What holds for a module. */
struct parameters {
    unsigned bits;
    uint64_t block_size;
};

static bool is_number(const cJSON *object, const char *key)
{
    return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool has_config(const cJSON *config)
{
    return is_number(config, "group_size") && is_number(config, "bits");
}

/* ---- The config ---- */

static enum quant_status unknown(const struct quant_layout_reading *reading, const char *module,
                                 const char *text)
{
    return quant_source_error(reading->config_source, reading->error, QUANT_UNSUPPORTED,
                              "its quantization%s%.200s has %s", module ? " of " : "",
                              module ? module : "", text);
}

/* module NULL: what holds for all modules without an object of their own. */
static enum quant_status read_parameters(const struct quant_layout_reading *reading,
                                         const char *module, const cJSON *object,
                                         struct parameters *found)
{
    const cJSON *mode = cJSON_GetObjectItemCaseSensitive(object, "mode");
    const char *word = cJSON_GetStringValue(mode);
    if (mode && !(word && strcmp(word, "affine") == 0))
        return unknown(reading, module, "another mode than affine");
    if (!has_config(object))
        return unknown(reading, module, "no number as its bits or group_size");
    const double bits = cJSON_GetObjectItemCaseSensitive(object, "bits")->valuedouble;
    const double size = cJSON_GetObjectItemCaseSensitive(object, "group_size")->valuedouble;
    if (bits != 4 && bits != 8)
        return unknown(reading, module, "bits other than 4 and 8");
    if (size != 32 && size != 64 && size != 128)
        return unknown(reading, module, "a group_size other than 32, 64 and 128");
    *found = (struct parameters){(unsigned)bits, (uint64_t)size};
    return QUANT_OK;
}

/* Checks all of it before anything is written. */
static enum quant_status begin(struct quant_layout_reading *reading)
{
    struct parameters unused;
    enum quant_status status = read_parameters(reading, NULL, reading->config, &unused);
    for (const cJSON *item = reading->config->child; status == QUANT_OK && item; item = item->next)
        if (cJSON_IsObject(item))
            status = read_parameters(reading, item->string, item, &unused);
    return status;
}

static enum quant_status find_parameters(const struct quant_layout_reading *reading,
                                         const char *module, struct parameters *found)
{
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(reading->config, module);
    return cJSON_IsObject(own) ? read_parameters(reading, module, own, found)
                               : read_parameters(reading, NULL, reading->config, found);
}

/* ---- One weight ---- */

static bool is_packed(const struct quant_tensor_info *info)
{
    return info && strcmp(info->type->name, "U32") == 0;
}

static enum quant_status set_shape(const struct quant_layout_reading *reading,
                                   const struct parameters *parameters,
                                   struct quant_layout_tensor *tensor)
{
    const struct quant_tensor_info *info = tensor->data.info;
    const uint64_t per_word = 32 / parameters->bits;
    if (info->ndim < 2 || info->ndim > QUANT_MAX_DIMS)
        return quant_layout_fail(reading, info->name, "has %u dimensions", info->ndim);
    const uint32_t last = info->ndim - 1;
    if (info->dims[last] > UINT64_MAX / per_word)
        return quant_layout_fail(reading, info->name, "is too large");
    memcpy(tensor->dims, info->dims, info->ndim * sizeof *info->dims);
    tensor->ndim = info->ndim;
    tensor->dims[last] *= per_word;
    if (tensor->dims[last] % parameters->block_size != 0)
        return quant_layout_fail(
            reading, info->name, "has rows of %llu elements, not whole groups of %llu",
            (unsigned long long)tensor->dims[last], (unsigned long long)parameters->block_size);
    tensor->dtype = parameters->bits == 4 ? QUANT_UINT4 : QUANT_UINT8;
    tensor->axis = (int)last;
    tensor->block_size = parameters->block_size;
    return QUANT_OK;
}

/* Both have the shape of the weight, but a number for each block. */
static enum quant_status check_beside(const struct quant_layout_reading *reading,
                                      const struct quant_layout_tensor *tensor,
                                      const struct quant_layout_place *place, const char *what)
{
    const struct quant_tensor_info *info = place->info;
    const uint32_t last = tensor->ndim - 1;
    if (!info)
        return quant_layout_fail(reading, tensor->name, "has no %s beside it", what);
    if (info->ndim != tensor->ndim ||
        memcmp(info->dims, tensor->dims, last * sizeof *info->dims) != 0 ||
        info->dims[last] != tensor->dims[last] / tensor->block_size)
        return quant_layout_fail(reading, info->name,
                                 "does not have a number for each group of %llu",
                                 (unsigned long long)tensor->block_size);
    return QUANT_OK;
}

static enum quant_status place_weight(struct quant_layout_reading *reading, const char *module,
                                      struct quant_layout_tensor *tensor)
{
    struct parameters parameters;
    enum quant_status status = find_parameters(reading, module, &parameters);
    if (status == QUANT_OK)
        status = set_shape(reading, &parameters, tensor);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, module, ".scales", &tensor->scales);
    if (status == QUANT_OK)
        status = quant_layout_find(reading, module, ".biases", &tensor->biases);
    if (status == QUANT_OK)
        status = check_beside(reading, tensor, &tensor->scales, "scales");
    return status == QUANT_OK ? check_beside(reading, tensor, &tensor->biases, "biases") : status;
}

/* ---- One tensor ---- */

/* Whether the name ends so, and the weight beside it is packed: *module is then set. */
static enum quant_status find_module(struct quant_layout_reading *reading, const char *name,
                                     const char *end, const char **module)
{
    struct quant_layout_place weight = {.info = NULL};
    enum quant_status status = quant_layout_stem(reading, name, end, module);
    if (status == QUANT_OK && *module)
        status = quant_layout_find(reading, *module, ".weight", &weight);
    if (!is_packed(weight.info))
        *module = NULL;
    return status;
}

static enum quant_status place_tensor(struct quant_layout_reading *reading,
                                      const struct quant_tensor_info *info,
                                      enum quant_layout_role *role,
                                      struct quant_layout_tensor *tensor)
{
    static const char *const ends[] = {".scales", ".biases"};
    const char *module = NULL;
    enum quant_status status = find_module(reading, info->name, ".weight", &module);
    if (status == QUANT_OK && module) {
        *role = QUANT_LAYOUT_RESTORED;
        tensor->name = info->name;
        tensor->data = (struct quant_layout_place){info, reading->file->source};
        return place_weight(reading, module, tensor);
    }
    for (size_t i = 0; status == QUANT_OK && i < sizeof ends / sizeof ends[0]; i++) {
        status = find_module(reading, info->name, ends[i], &module);
        if (module)
            *role = QUANT_LAYOUT_LEFT_OUT;
    }
    return status;
}

const struct quant_layout quant_layout_mlx = {
    .name = "mlx",
    .has_config = has_config,
    .begin = begin,
    .place = place_tensor,
};
