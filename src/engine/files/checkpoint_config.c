/* SPDX-License-Identifier: MIT */
/* The headers of all shards say what will be quantized, and by which options: weights of one
 * mapping are alike. */
#include "engine/files/checkpoint_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/growing_list.h"
#include "core/range_params.h"
#include "engine/files/checkpoint_file.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_write.h"
#include "engine/files/quantization_plan.h"
#include "engine/tensor/container_input.h"
#include "engine/work/job.h"
#include "records/json_print.h"

/*
 * transformers 4.57 and 5.24 only warn about a quant_method that they do not know, and then load
 * integers as if they were the weights. Without one they fail, as 4.46 does: "The model's
 * quantization config from the arguments has no `quant_method` attribute". null counts as none.
 */
static const char nobody[] =
    "{\"quant_method\": null, \"tool\": \"quant " QUANT_VERSION
    "\", \"note\": \"the weights are integers, with scales beside them; 'quant dequant' restores "
    "the floats\"}";

struct collecting {
    const struct quant_checkpoint_job *job;
    struct quant_mappings mappings;
    struct quant_layout_alike *alike; /* owned: one for each mapping */
    struct quant_growing_list *names; /* owned: const char *: of its modules */
    struct quant_growing_list kept;   /* the same of those that stay floats */
    struct quant_arena arena;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct collecting *collecting)
{
    return quant_error_no_memory(collecting->error, 4096, "names");
}

/* ---- Weights ---- */

static const char *const weight_end = ".weight";

static enum quant_status add_module(struct collecting *collecting, struct quant_growing_list *list,
                                    const char *weight)
{
    char *name = quant_arena_join(&collecting->arena, weight, "");
    if (!name)
        return no_memory(collecting);
    if (quant_name_ends(weight, weight_end))
        name[strlen(name) - strlen(weight_end)] = '\0';
    return quant_growing_list_add(list, &name, sizeof name) ? QUANT_OK : no_memory(collecting);
}

static enum quant_status add_quantized(struct collecting *collecting,
                                       const struct quant_tensor_info *info,
                                       const struct quant_planned_tensor *planned)
{
    const size_t i = (size_t)(planned->mapping - collecting->mappings.all);
    struct quant_layout_alike *alike = &collecting->alike[i];
    if (!alike->weight.params) {
        struct quant_params *params = quant_arena_take(&collecting->arena, sizeof *params);
        if (!params)
            return no_memory(collecting);
        *params = *planned->stored->weight.params;
        alike->weight = planned->stored->weight;
        alike->weight.params = params;
        alike->weight.name = NULL; /* of the shard, as are the dimensions */
        alike->weight.dims = NULL;
        alike->is_global = i == 0;
    }
    return add_module(collecting, &collecting->names[i], info->name);
}

static enum quant_status add_tensor(struct collecting *collecting,
                                    const struct quant_tensor_file *file,
                                    const struct quant_planned_tensor *planned)
{
    const struct quant_tensor_info *info = &file->tensors[planned->source];
    if (!planned->is_copied)
        return add_quantized(collecting, info, planned);
    return info->ndim == 2 && quant_container_maps(info->type) &&
                   quant_name_ends(info->name, weight_end)
               ? add_module(collecting, &collecting->kept, info->name)
               : QUANT_OK;
}

/* ---- Shards ---- */

static enum quant_status add_shard(struct collecting *collecting, const char *shard)
{
    const struct quant_checkpoint_job *job = collecting->job;
    const struct quant_container_rules rules = {.format = &quant_format_safetensors,
                                                .mappings = &collecting->mappings,
                                                .may_copy_all = true};
    struct quant_container_input input = {.source = NULL};
    struct quant_container_plan plan = {.tensors = NULL};
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status = quant_checkpoint_open(job->checkpoint->path, shard, &job->cancel,
                                                     &path, &source, collecting->error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&input, source, &quant_format_safetensors, &job->cancel,
                                            collecting->error);
    if (status == QUANT_OK)
        status = quant_container_plan_quantize(&plan, input.file, &rules, collecting->error);
    for (size_t i = 0; status == QUANT_OK && i < plan.n; i++)
        status = add_tensor(collecting, input.file, &plan.tensors[i]);
    quant_container_plan_release(&plan);
    quant_container_input_close(&input);
    free(path);
    return status;
}

static struct quant_layout_modules modules_of(const struct quant_growing_list *list)
{
    return (struct quant_layout_modules){list->items, list->n};
}

/* Those of sections first, in order, then the global one; what has no weight is left out. */
static enum quant_status print(struct collecting *collecting, struct quant_json_printer *printer)
{
    const size_t most = collecting->mappings.n;
    size_t n = 0;
    struct quant_layout_alike *alike = quant_arena_take(&collecting->arena, most * sizeof *alike);
    if (!alike)
        return no_memory(collecting);
    for (size_t k = 1; k <= most; k++) {
        const size_t i = k % most;
        if (!collecting->alike[i].weight.params)
            continue;
        alike[n] = collecting->alike[i];
        alike[n++].modules = modules_of(&collecting->names[i]);
    }
    const struct quant_layout_quantized quantized = {alike, n, modules_of(&collecting->kept)};
    collecting->mappings.layout->print_config(&quantized, printer);
    quant_json_raw(printer, ""); /* so that there is a text */
    return printer->no_memory ? no_memory(collecting) : QUANT_OK;
}

static enum quant_status collect(struct collecting *collecting, struct quant_json_printer *printer)
{
    const struct quant_checkpoint *checkpoint = collecting->job->checkpoint;
    const size_t n = collecting->mappings.n;
    enum quant_status status = QUANT_OK;
    collecting->alike = calloc(n, sizeof *collecting->alike);
    collecting->names = calloc(n, sizeof *collecting->names);
    if (!collecting->alike || !collecting->names)
        return no_memory(collecting);
    for (size_t i = 0; status == QUANT_OK && i < checkpoint->nshards; i++)
        status = add_shard(collecting, checkpoint->shards[i]);
    return status == QUANT_OK ? print(collecting, printer) : status;
}

static void release(struct collecting *collecting)
{
    for (size_t i = 0; collecting->names && i < collecting->mappings.n; i++)
        free(collecting->names[i].items);
    free(collecting->names);
    free(collecting->alike);
    free(collecting->kept.items);
    quant_arena_release(&collecting->arena);
    quant_mappings_release(&collecting->mappings);
}

/* ---- The text ---- */

/* Whether the shards get a layout that has a config. */
static bool has_config(const struct quant_quantize_job *job, const struct quant_mappings *mappings)
{
    const char *name = job->output.format;
    const struct quant_written_layout *layout = quant_mappings_layout(
        mappings, name ? quant_format_from_name(name) : &quant_format_safetensors);
    return layout && layout->print_config;
}

static enum quant_status keep(char **text, const char *bytes, size_t nbytes,
                              struct quant_error *error)
{
    *text = strndup(bytes, nbytes);
    return *text ? QUANT_OK : quant_error_no_memory(error, nbytes, "text");
}

enum quant_status quant_checkpoint_config(const struct quant_checkpoint_job *job,
                                          struct quant_config_entry *entry,
                                          struct quant_error *error)
{
    struct quant_quantize_job own;
    struct collecting collecting = {.job = job, .error = error};
    struct quant_json_printer printer = {.is_indented = true, .depth = 1};
    *entry = (struct quant_config_entry){.text = NULL};
    if (!job->quantize)
        return keep(&entry->text, nobody, sizeof nobody - 1, error);
    enum quant_status status =
        quant_job_copy(&own, sizeof own, job->quantize, "quant_quantize_job", error);
    if (status != QUANT_OK)
        return status;
    status = quant_mappings_make(&collecting.mappings, &own, error);
    if (status == QUANT_OK && has_config(&own, &collecting.mappings)) {
        status = collect(&collecting, &printer);
        if (status == QUANT_OK)
            status = keep(&entry->text, printer.text, printer.length, error);
        entry->has_other = collecting.mappings.layout->has_other_entry;
    } else if (status == QUANT_OK) {
        status = keep(&entry->text, nobody, sizeof nobody - 1, error);
    }
    free(printer.text);
    release(&collecting);
    return status;
}
