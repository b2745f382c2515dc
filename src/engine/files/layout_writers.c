/* SPDX-License-Identifier: MIT */
/* The table of layouts that are written, and which weights they are for. */
#include <quant/file.h>
#include <quant/profiles.h>

#include <string.h>

#include "base/error.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_write.h"

static const struct quant_written_layout *const layouts[] = {
    &quant_written_pack_quantized, &quant_written_naive_quantized, &quant_written_comfyui,
    &quant_written_mlx, NULL};

static const char plain[] = "plain";

const struct quant_written_layout *quant_written_layout_at(size_t i)
{
    return i < sizeof layouts / sizeof layouts[0] ? layouts[i] : NULL;
}

const struct quant_written_layout *quant_written_layout_named(const char *name)
{
    for (size_t i = 0; name && layouts[i]; i++)
        if (strcmp(layouts[i]->name, name) == 0)
            return layouts[i];
    return NULL;
}

const char *quant_layout_name_at(size_t i)
{
    const struct quant_written_layout *layout = i > 0 ? quant_written_layout_at(i - 1) : NULL;
    return i == 0 ? plain : layout ? layout->name : NULL;
}

/* ---- Which one ---- */

static bool is_of(const struct quant_written_layout *layout, const struct quant_params *params)
{
    return params->profile && strcmp(layout->engine, params->profile->name) == 0;
}

static enum quant_status choose_named(const char *name, const struct quant_params *params,
                                      const struct quant_written_layout **layout,
                                      struct quant_error *error)
{
    *layout = quant_written_layout_named(name);
    if (!*layout)
        return quant_error_set(error, QUANT_INVALID, "there is no layout '%.64s'", name);
    if (is_of(*layout, params))
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "the layout %s is of %s, whose rules must be followed: --like %s",
                           (*layout)->name, (*layout)->engine, (*layout)->engine);
}

enum quant_status quant_written_layout_choose(const char *name, const struct quant_params *params,
                                              const struct quant_written_layout **layout,
                                              struct quant_error *error)
{
    *layout = NULL;
    if (name)
        return strcmp(name, plain) == 0 ? QUANT_OK : choose_named(name, params, layout, error);
    for (size_t i = 0; !*layout && layouts[i]; i++)
        if (is_of(layouts[i], params) && (!layouts[i]->is_usual || layouts[i]->is_usual(params)))
            *layout = layouts[i];
    return QUANT_OK;
}

/* ---- Weights ---- */

static const char weight_end[] = ".weight";

enum quant_status quant_layout_module(const char *name, const char *engine,
                                      struct quant_arena *arena, const char **module,
                                      struct quant_error *error)
{
    if (!quant_name_ends(name, weight_end))
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "%s finds weights by names that end in '%s'; --exclude copies it",
                               engine, weight_end);
    char *copy = quant_arena_join(arena, name, "");
    if (!copy)
        return quant_error_no_memory(error, strlen(name), "names");
    copy[strlen(name) - strlen(weight_end)] = '\0';
    *module = copy;
    return QUANT_OK;
}

/* The last part of a name that belongs to a head or an embedding, if "embed" does not say so. */
static const char *const float_parts[] = {"lm_head", "wte", "wpe", "shared",
                                          "relative_attention_bias"};

bool quant_layout_takes(const char *name)
{
    if (!quant_name_ends(name, weight_end) || strcasestr(name, "embed"))
        return false;
    const size_t length = strlen(name) - strlen(weight_end);
    for (size_t i = 0; i < sizeof float_parts / sizeof float_parts[0]; i++) {
        const size_t part = strlen(float_parts[i]);
        const char *found = name + length - part;
        if (length >= part && strncmp(found, float_parts[i], part) == 0 &&
            (length == part || found[-1] == '.'))
            return false;
    }
    return true;
}
