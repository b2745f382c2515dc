/* SPDX-License-Identifier: MIT */
#include "engine/files/container_rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/ggml_names.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_write.h"
#include "engine/files/scale_names.h"
#include "engine/tensor/container_input.h"
#include "formats/format.h"

static bool requantizes(const struct quant_container_rules *rules)
{
    return rules->mappings->job->ways & QUANT_REQUANTIZE;
}

static bool has_blocks(const struct quant_container_rules *rules)
{
    return quant_mappings_have_blocks(rules->mappings);
}

struct quant_tensor_info quant_rules_count(const struct quant_container_rules *rules,
                                           const struct quant_tensor_info *info)
{
    static const uint64_t one[] = {1};
    struct quant_tensor_info found = *info;
    if (!has_blocks(rules))
        return found;
    while (found.ndim > 1 && found.dims[0] == 1) {
        found.dims++;
        found.ndim--;
    }
    if (found.ndim == 0) {
        found.dims = one;
        found.ndim = 1;
    }
    return found;
}

/* ---- What is already quantized ---- */

const char *const quant_scale_suffixes[] = {"_scale", "_scale_inv", NULL};

bool quant_may_be_quantized(const struct quant_tensor_info *info)
{
    return info->type->bits <= 16 && !info->type->block && !quant_container_maps(info->type);
}

static enum quant_status already_quantized(const struct quant_tensor_file *file,
                                           const struct quant_tensor_info *info, const char *what,
                                           struct quant_error *error)
{
    return quant_error_set(error, QUANT_UNSUPPORTED,
                           "cannot quantize '%s': tensor '%.200s' is already quantized%s "
                           "--requantize copies it and quantizes the others",
                           file->source->name, info->name, what);
}

/* Integers or float8 with scales beside them are somebody's quantized weights. */
enum quant_status quant_rules_check_copied(const struct quant_container_rules *rules,
                                           const struct quant_tensor_file *file,
                                           const struct quant_tensor_info *info,
                                           struct quant_error *error)
{
    const struct quant_tensor_info *found = NULL;
    if (requantizes(rules))
        return QUANT_OK;
    if (has_blocks(rules) && info->type->block)
        return already_quantized(file, info, ";", error);
    if (!quant_may_be_quantized(info))
        return QUANT_OK;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && !found && quant_scale_suffixes[i]; i++)
        status = quant_find_beside(file, info->name, quant_scale_suffixes[i], &found, error);
    if (status != QUANT_OK || !found)
        return status;
    return already_quantized(
        file, info, ": it has scales; 'quant dequant' restores what quant has quantized, and",
        error);
}

/* Scales of a tensor that is quantized, here or in another file, or biases of one that is here.
 * They are never quantized. */
static enum quant_status is_of_scales(const struct quant_tensor_file *file,
                                      const struct quant_tensor_info *info, bool *is,
                                      struct quant_error *error)
{
    static const char bias_end[] = "_bias";
    const char *end = quant_name_ends(info->name, bias_end) ? bias_end : NULL;
    enum quant_status status = QUANT_OK;
    size_t index;
    *is = false;
    for (size_t i = 0; !end && quant_scale_suffixes[i]; i++)
        if (quant_name_ends(info->name, quant_scale_suffixes[i]))
            end = quant_scale_suffixes[i];
    if (!end)
        return QUANT_OK;
    char *name = strndup(info->name, strlen(info->name) - strlen(end));
    if (!name)
        return quant_error_no_memory(error, strlen(info->name), "names");
    const bool found = quant_tensor_file_find(file, name, &index);
    const bool may_be = found && quant_may_be_quantized(&file->tensors[index]);
    if (end != bias_end)
        *is = may_be || !found;
    else if (may_be)
        status = quant_has_biases_beside(file, name, is, error);
    free(name);
    return status;
}

/* ---- What is quantized ---- */

/* Whether the engine whose blocks or layout is written leaves the tensor as it is. A rule of its
 * own decides over the name, not over the dimensions. */
static bool engine_keeps(const struct quant_container_rules *rules,
                         const struct quant_mapping *mapping, const struct quant_tensor_info *info)
{
    const struct quant_mappings *mappings = rules->mappings;
    const bool has_rule = mapping != &mappings->all[0];
    if (quant_mappings_layout(mappings, rules->format))
        return info->ndim != 2 || (!has_rule && mappings->job->selection.ninclude == 0 &&
                                   !quant_layout_takes(info->name));
    if (!has_blocks(rules))
        return false;
    return info->ndim < 2 || (!has_rule && !quant_ggml_quantizes(info->name));
}

enum quant_status quant_rules_find(const struct quant_container_rules *rules,
                                   const struct quant_tensor_file *file,
                                   const struct quant_tensor_info *info,
                                   const struct quant_mapping **mapping, struct quant_error *error)
{
    bool is_scales = false;
    *mapping = NULL;
    if (!quant_container_maps(info->type))
        return QUANT_OK;
    *mapping = rules->only;
    if (*mapping)
        return QUANT_OK;
    if (requantizes(rules)) {
        const enum quant_status status = is_of_scales(file, info, &is_scales, error);
        if (status != QUANT_OK || is_scales)
            return status;
    }
    const struct quant_mapping *found = quant_mappings_find(rules->mappings, info->name);
    if (!engine_keeps(rules, found, info) &&
        quant_mappings_has(rules->mappings, found, info->name, info->ndim))
        *mapping = found;
    return QUANT_OK;
}
