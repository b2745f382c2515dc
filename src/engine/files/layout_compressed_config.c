/* SPDX-License-Identifier: MIT */
/* Keys that are not there have the values that the class QuantizationArgs gives them. */
#include "engine/files/layout_compressed_config.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const cJSON *item_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

/* The text of a value, for messages and comparisons; "" for what is neither text nor a number. */
static const char *text_of(const cJSON *item, char room[32])
{
    room[0] = '\0';
    if (cJSON_IsNumber(item))
        snprintf(room, 32, "%g", item->valuedouble);
    return cJSON_IsString(item) ? item->valuestring : room;
}

static enum quant_status unknown(const struct quant_layout_reading *reading, const char *key,
                                 const cJSON *item, const char *expected)
{
    char room[32];
    if (!item)
        return quant_source_error(reading->config_source, reading->error, QUANT_UNSUPPORTED,
                                  "its quantization_config has no %s; expected %s", key, expected);
    return quant_source_error(reading->config_source, reading->error, QUANT_UNSUPPORTED,
                              "its quantization_config has the %s '%.60s'; expected %s", key,
                              text_of(item, room), expected);
}

/* ---- One group ---- */

static enum quant_status read_format(const struct quant_layout_reading *reading,
                                     const cJSON *object, struct quant_layout_group *group)
{
    const cJSON *own = item_of(object, "format");
    const cJSON *format = own ? own : item_of(reading->config, "format");
    char room[32];
    const char *word = text_of(format, room);
    group->is_packed = strcmp(word, "pack-quantized") == 0;
    if (group->is_packed || strcmp(word, "naive-quantized") == 0 ||
        strcmp(word, "int-quantized") == 0 || strcmp(word, "float-quantized") == 0)
        return QUANT_OK;
    return unknown(reading, "format", format,
                   "pack-quantized, naive-quantized, int-quantized or float-quantized");
}

static enum quant_status read_type(const struct quant_layout_reading *reading, const cJSON *weights,
                                   struct quant_layout_group *group)
{
    const cJSON *type = item_of(weights, "type");
    const cJSON *nbits = item_of(weights, "num_bits");
    const cJSON *symmetric = item_of(weights, "symmetric");
    char room[32];
    const char *word = type ? text_of(type, room) : "int";
    group->is_float = strcmp(word, "float") == 0;
    group->is_symmetric = !cJSON_IsFalse(symmetric);
    if (!group->is_float && strcmp(word, "int") != 0)
        return unknown(reading, "type", type, "int or float");
    if (nbits && (!cJSON_IsNumber(nbits) ||
                  (nbits->valuedouble != 8 && (group->is_float || nbits->valuedouble != 4))))
        return unknown(reading, "num_bits", nbits, group->is_float ? "8" : "4 or 8");
    group->nbits = nbits ? (unsigned)nbits->valuedouble : 8;
    if (group->is_packed && group->is_float)
        return unknown(reading, "type", type, "int, since its format is pack-quantized");
    if (group->is_packed && !group->is_symmetric)
        return quant_source_error(reading->config_source, reading->error, QUANT_UNSUPPORTED,
                                  "its quantization_config is not symmetric, and its format is "
                                  "pack-quantized: packed zero points cannot be restored");
    return QUANT_OK;
}

static bool read_size(const cJSON *item, uint64_t *size)
{
    if (!cJSON_IsNumber(item) || item->valuedouble < 1 || item->valuedouble > 1 << 30)
        return false;
    *size = (uint64_t)item->valuedouble;
    return (double)*size == item->valuedouble;
}

static enum quant_status read_strategy(const struct quant_layout_reading *reading,
                                       const cJSON *weights, struct quant_layout_group *group)
{
    const cJSON *strategy = item_of(weights, "strategy");
    const cJSON *size = item_of(weights, "group_size");
    const cJSON *block = item_of(weights, "block_structure");
    char room[32];
    const char *word = text_of(strategy, room);
    if (!strategy)
        word = !size ? "tensor" : size->valuedouble < 0 ? "channel" : "group";
    if (strcmp(word, "tensor") == 0) {
        group->strategy = QUANT_LAYOUT_BY_TENSOR;
    } else if (strcmp(word, "channel") == 0) {
        group->strategy = QUANT_LAYOUT_BY_CHANNEL;
    } else if (strcmp(word, "group") == 0) {
        group->strategy = QUANT_LAYOUT_BY_GROUP;
        if (!read_size(size, &group->block_size))
            return unknown(reading, "group_size", size, "a number of columns");
    } else if (strcmp(word, "block") == 0) {
        group->strategy = QUANT_LAYOUT_BY_BLOCK;
        if (cJSON_GetArraySize(block) != 2 ||
            !read_size(cJSON_GetArrayItem(block, 0), &group->block_rows) ||
            !read_size(cJSON_GetArrayItem(block, 1), &group->block_size))
            return unknown(reading, "block_structure", block, "two sizes");
    } else {
        return unknown(reading, "strategy", strategy, "tensor, channel, group or block");
    }
    return QUANT_OK;
}

static enum quant_status read_group(const struct quant_layout_reading *reading, const cJSON *object,
                                    struct quant_layout_groups *groups)
{
    const cJSON *weights = item_of(object, "weights");
    struct quant_layout_group *group = &groups->groups[groups->n];
    if (!weights)
        return QUANT_OK; /* only activations are quantized */
    *group = (struct quant_layout_group){.is_packed = false};
    enum quant_status status = read_format(reading, object, group);
    if (status == QUANT_OK)
        status = read_type(reading, weights, group);
    if (status == QUANT_OK)
        status = read_strategy(reading, weights, group);
    groups->n++;
    return status;
}

/* ---- All groups ---- */

/* Weights that are sparse as well are stored in other ways. */
static enum quant_status check_sparsity(const struct quant_layout_reading *reading)
{
    const cJSON *format = item_of(item_of(reading->config, "sparsity_config"), "format");
    char room[32];
    return format && strcmp(text_of(format, room), "dense") != 0
               ? unknown(reading, "sparsity_config format", format, "dense")
               : QUANT_OK;
}

enum quant_status quant_layout_read_groups(struct quant_layout_reading *reading)
{
    const cJSON *all = item_of(reading->config, "config_groups");
    const size_t most = (size_t)cJSON_GetArraySize(all);
    struct quant_layout_groups *groups = quant_arena_take(reading->arena, sizeof *groups);
    if (!cJSON_IsObject(all))
        return quant_source_error(reading->config_source, reading->error, QUANT_UNSUPPORTED,
                                  "its quantization_config has no config_groups");
    if (groups)
        *groups = (struct quant_layout_groups){
            quant_arena_take(reading->arena, (most + 1) * sizeof *groups->groups), 0};
    if (!groups || !groups->groups)
        return quant_error_no_memory(reading->error, most * sizeof *groups->groups, "groups");
    enum quant_status status = check_sparsity(reading);
    for (const cJSON *item = all->child; status == QUANT_OK && item; item = item->next)
        status = read_group(reading, item, groups);
    reading->state = groups;
    return status;
}
