/* SPDX-License-Identifier: MIT */
/* The table of layouts, and what they share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout.h"
#include "engine/files/layout_shards.h"

static const struct quant_layout *const layouts[] = {
    &quant_layout_compressed_tensors, &quant_layout_comfyui, &quant_layout_mlx, NULL};

/* ---- Which one ---- */

const struct quant_layout *quant_layout_marked(const char *name)
{
    for (size_t i = 0; layouts[i]; i++)
        if (layouts[i]->mark && quant_name_ends(name, layouts[i]->mark))
            return layouts[i];
    return NULL;
}

/* quant's own entry has a null there, which says that nobody can load the weights. */
static bool names_method(const cJSON *config)
{
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(config, "quant_method");
    return config && !cJSON_IsNull(config) && !cJSON_IsNull(method);
}

enum quant_status quant_layout_named(const cJSON *config, struct quant_source *source,
                                     const struct quant_layout **layout, struct quant_error *error)
{
    const char *method =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "quant_method"));
    *layout = NULL;
    for (size_t i = 0; method && layouts[i]; i++)
        if (layouts[i]->quant_method && strcmp(layouts[i]->quant_method, method) == 0)
            *layout = layouts[i];
    for (size_t i = 0; config && !method && layouts[i]; i++)
        if (layouts[i]->has_config && layouts[i]->has_config(config))
            *layout = layouts[i];
    if (*layout || !names_method(config))
        return QUANT_OK;
    if (!method)
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "its quantization_config has no quant_method; expected "
                                  "compressed-tensors");
    return quant_source_error(source, error, QUANT_UNSUPPORTED,
                              "its quantization_config has the quant_method '%.60s'; expected "
                              "compressed-tensors",
                              method);
}

/* ---- For the layouts ---- */

enum quant_status quant_layout_find(struct quant_layout_reading *reading, const char *stem,
                                    const char *suffix, struct quant_layout_place *place)
{
    *place = (struct quant_layout_place){.info = NULL};
    const char *name = quant_arena_join(reading->arena, stem, suffix);
    if (!name)
        return quant_error_no_memory(reading->error, strlen(stem), "names");
    return quant_layout_shards_find(reading->shards, name, &place->info, &place->source,
                                    reading->error);
}

enum quant_status quant_layout_stem(struct quant_layout_reading *reading, const char *name,
                                    const char *end, const char **stem)
{
    *stem = NULL;
    if (!quant_name_ends(name, end))
        return QUANT_OK;
    char *copy = quant_arena_join(reading->arena, name, "");
    if (!copy)
        return quant_error_no_memory(reading->error, strlen(name), "names");
    copy[strlen(name) - strlen(end)] = '\0';
    *stem = copy;
    return QUANT_OK;
}

enum quant_status quant_layout_fail(const struct quant_layout_reading *reading, const char *name,
                                    const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return quant_source_error(reading->file->source, reading->error, QUANT_UNSUPPORTED,
                              "tensor '%.200s' %s", name, text);
}

uint64_t quant_layout_count(const struct quant_tensor_info *info)
{
    return quant_stored_elements(info->type, info->nbytes);
}
