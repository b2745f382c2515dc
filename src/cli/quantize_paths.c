/* SPDX-License-Identifier: MIT */
#include "cli/quantize_paths.h"

#include <stdlib.h>
#include <string.h>

/* Whether the name is that of a container. */
static bool names_container(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && quant_format_at(i); i++)
        if (quant_format_at(i)->is_container && strcmp(dot + 1, quant_format_at(i)->name) == 0)
            return true;
    return false;
}

/* A block type says the engine too. */
const char **quantize_paths_tags(const struct quant_quantize_job *job,
                                 const struct choosing *choosing, char *const *names, size_t n)
{
    const char **tags = calloc(n + 1, sizeof *tags);
    const struct quant_dtype_info *info = quant_dtype_info(job->spec.dtype);
    const bool by_engine = job->spec.like && !(info && info->block_nelems > 0);
    for (size_t i = 0; tags && by_engine && i < n; i++)
        if (names_container(names[i]))
            tags[i] = job->spec.like;
    for (size_t i = 0; tags && choosing->is_single && i < n; i++) {
        const struct quant_rule *rule =
            choosing->is_single[i] ? quant_rule_find(job->rules, job->nrules, names[i]) : NULL;
        if (rule)
            tags[i] = quant_dtype_info(rule->spec.dtype)->name;
    }
    return tags;
}

const char **quantize_paths_read(const struct quantize_options *options, size_t *n)
{
    const struct section_list *sections = &options->sections;
    const char **paths = calloc(2 * sections->n + 3, sizeof *paths);
    *n = 0;
    if (!paths)
        return NULL;
    for (size_t i = 0; i < sections->n; i++) {
        paths[(*n)++] = sections->items[i]->range_from;
        paths[(*n)++] = sections->items[i]->scale_from;
    }
    paths[(*n)++] = options->range_from;
    paths[(*n)++] = options->scale_from;
    paths[(*n)++] = options->files_from.path;
    return paths;
}
