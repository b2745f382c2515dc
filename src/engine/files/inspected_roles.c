/* SPDX-License-Identifier: MIT */
#include "engine/files/inspected_roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/layout_file.h"
#include "engine/files/layout_stored.h"
#include "engine/work/job.h"

/* So many tensors have the text of their fault; all are counted. */
enum { MOST_FAULTS = 64 };

/* ---- The sidecar ---- */

static enum quant_status keep_entry(void *context, size_t i,
                                    const struct quant_sidecar_entry *entry,
                                    struct quant_error *error)
{
    struct quant_container_inspection *container = context;
    const char *last = i > 0 ? container->words[i - 1].method : NULL;
    if (i == container->room) {
        const size_t room = container->room > 0 ? 2 * container->room : 64;
        struct quant_entry_words *grown = realloc(container->words, room * sizeof *grown);
        if (!grown)
            return quant_error_no_memory(error, room * sizeof *grown, "tensors");
        container->words = grown;
        container->room = room;
    }
    struct quant_entry_words *words = &container->words[i];
    *words = (struct quant_entry_words){.method = last};
    if (entry->is_copied)
        return QUANT_OK;
    if (!last || strcmp(last, entry->method) != 0)
        words->method = quant_arena_join(&container->restored.arena, entry->method, "");
    if (!words->method)
        return quant_error_no_memory(error, strlen(entry->method), "tensors");
    words->argument = entry->argument;
    memcpy(words->range, entry->range, sizeof words->range);
    memcpy(words->observed, entry->observed, sizeof words->observed);
    words->source_dtype = entry->source_dtype;
    words->scale_count = entry->scale_count;
    words->has_argument = entry->has_argument;
    words->has_range = entry->has_range;
    words->has_observed = entry->has_observed;
    return QUANT_OK;
}

static void keep_fault(void *context, size_t i, const char *name, const struct quant_error *fault)
{
    struct quant_container_inspection *container = context;
    size_t index;
    (void)i;
    quant_inspection_add_fault(container->run, fault);
    if (container->nfaults < MOST_FAULTS &&
        quant_tensor_file_find(container->input.file, name, &index)) {
        container->faulty[container->nfaults] = (uint32_t)index;
        container->faults[container->nfaults++] = *fault;
    }
}

static void place(struct quant_container_inspection *container, uint32_t index, size_t entry,
                  enum quant_role role)
{
    if (index != QUANT_NOT_STORED)
        container->places[index] = (struct quant_place_in_file){(uint32_t)entry, (uint8_t)role};
}

/* By the types alone. */
static void assign_roles(struct quant_container_inspection *container)
{
    const struct quant_tensor_file *file = container->input.file;
    const bool has_sidecar = container->run->result->has_sidecar;
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        const bool is_mapped =
            quant_container_maps(info->type) && info->ndim >= QUANT_CONTAINER_MIN_DIMS;
        container->places[i].entry = QUANT_NOT_STORED;
        container->places[i].role = has_sidecar ? QUANT_ROLE_UNKNOWN
                                    : is_mapped ? QUANT_ROLE_MAPPED
                                                : QUANT_ROLE_COPIED;
    }
}

/* For the tensors that the file turned out to have. */
static enum quant_status renew_places(struct quant_container_inspection *container,
                                      struct quant_error *error)
{
    const size_t n = container->input.file->n;
    struct quant_place_in_file *places = calloc(n + 1, sizeof *places);
    if (!places)
        return quant_error_no_memory(error, n * sizeof *places, "tensors");
    free(container->places);
    container->places = places;
    container->run->result->ntensors = n;
    assign_roles(container);
    return QUANT_OK;
}

static void place_all(struct quant_container_inspection *container)
{
    for (size_t i = 0; i < container->restored.n; i++) {
        const struct quant_restored_tensor *restored = &container->restored.tensors[i];
        place(container, restored->data, i,
              restored->is_copied ? QUANT_ROLE_COPIED : QUANT_ROLE_QUANTIZED);
        place(container, restored->scales, i, QUANT_ROLE_SCALES);
        place(container, restored->zero_points, i,
              quant_params_have_biases(&restored->params) ? QUANT_ROLE_BIASES
                                                          : QUANT_ROLE_ZERO_POINTS);
    }
}

static enum quant_status read_sidecar(struct quant_container_inspection *container)
{
    struct quant_inspection *run = container->run;
    struct quant_error fault = {.status = QUANT_OK};
    const struct quant_restored_visitor visitor = {keep_fault, keep_entry, container};
    container->faults = calloc(MOST_FAULTS, sizeof *container->faults);
    container->faulty = calloc(MOST_FAULTS, sizeof *container->faulty);
    if (!container->faults || !container->faulty)
        return quant_error_no_memory(run->error, MOST_FAULTS * sizeof fault, "tensors");
    enum quant_status status =
        quant_layout_view_stored(&container->input, run->sidecar.reader, &fault);
    if (status == QUANT_OK)
        status = renew_places(container, &fault);
    if (status == QUANT_OK)
        status = quant_restored_tensors_visit(&container->restored, run->sidecar.reader,
                                              container->input.file, &visitor, &fault);
    if (quant_is_fatal(status))
        return quant_error_set(run->error, status, "%s", fault.text);
    if (status != QUANT_OK) { /* what was read so far is not to be trusted */
        run->result->has_sidecar = false;
        assign_roles(container);
        quant_inspection_add_fault(run, &fault);
        return QUANT_OK;
    }
    const struct quant_sidecar_head *head = quant_sidecar_tensors_head(run->sidecar.reader);
    if (head->header_nbytes != container->input.file->header_nbytes) {
        quant_error_set(&fault, QUANT_CORRUPT,
                        "'%s' has a header of %llu bytes, not %llu as in its sidecar '%s'",
                        container->input.source->name,
                        (unsigned long long)container->input.file->header_nbytes,
                        (unsigned long long)head->header_nbytes, run->sidecar.path);
        quant_inspection_add_fault(run, &fault);
    }
    place_all(container);
    return QUANT_OK;
}

/* ---- Without one ---- */

static bool is_quantized_pair(const struct quant_tensor_file *file,
                              const struct quant_tensor_info *info)
{
    char name[512];
    size_t index;
    const struct quant_dtype_info *dtype = quant_dtype_info(info->type->dtype);
    const int length = snprintf(name, sizeof name, "%s_scale", info->name);
    return dtype && dtype->is_integer && length > 0 && (size_t)length < sizeof name &&
           quant_tensor_file_find(file, name, &index);
}

/* What no sidecar says of it is not known. */
static enum quant_status make_words(struct quant_container_inspection *container)
{
    const size_t n = container->restored.n;
    container->words = calloc(n + 1, sizeof *container->words);
    if (!container->words)
        return quant_error_no_memory(container->run->error, n * sizeof *container->words,
                                     "tensors");
    for (size_t i = 0; i < n; i++) {
        const struct quant_restored_tensor *restored = &container->restored.tensors[i];
        container->words[i].method = "";
        if (restored->scales != QUANT_NOT_STORED)
            container->words[i].scale_count =
                container->input.file->tensors[restored->scales].nbytes /
                quant_dtype_bytes(restored->params.scale_dtype, 1);
    }
    return QUANT_OK;
}

static void set_unknown(struct quant_inspect_result *result)
{
    quant_error_set(&result->remark, QUANT_UNSUPPORTED,
                    "quantized by another program, in a way that 'quant dequant' cannot restore");
}

/* The tensors as they would be restored. If they cannot be, the file is listed as it is. */
static enum quant_status view_layout(struct quant_container_inspection *container)
{
    struct quant_inspection *run = container->run;
    struct quant_container_input view = {.source = NULL};
    struct quant_error own;
    enum quant_status status = quant_layout_file_open(
        &view, &container->restored, run->job->input.path, &run->job->control.cancel, &own);
    if (status != QUANT_OK) {
        quant_container_input_close(&view);
        quant_restored_tensors_release(&container->restored);
        set_unknown(run->result);
        return quant_is_fatal(status) ? quant_error_set(run->error, status, "%s", own.text)
                                      : QUANT_OK;
    }
    quant_container_input_close(&container->input);
    container->input = view;
    status = renew_places(container, run->error);
    if (status == QUANT_OK)
        status = make_words(container);
    if (status == QUANT_OK)
        place_all(container);
    return status;
}

/* A file that another program has quantized. That it cannot be restored is a remark as well. */
static enum quant_status look_for_layout(struct quant_container_inspection *container, bool *is)
{
    const struct quant_inspection *run = container->run;
    const char *name = NULL;
    *is = false;
    if (container->input.stream)
        return QUANT_OK;
    enum quant_status status = quant_layout_file_is(
        container->input.source->name, &run->job->control.cancel, is, &name, run->error);
    if (status == QUANT_OK && name)
        quant_error_set(&run->result->remark, QUANT_UNSUPPORTED,
                        "quantized by another program, in the layout of %s: 'quant dequant' "
                        "restores the floats",
                        name);
    else if (status == QUANT_OK && *is)
        set_unknown(run->result);
    if (status == QUANT_OK && name)
        status = view_layout(container);
    return status;
}

/* Integers and their scales. */
static void look_for_pairs(struct quant_container_inspection *container)
{
    const struct quant_tensor_file *file = container->input.file;
    for (size_t i = 0; i < file->n; i++) {
        if (!is_quantized_pair(file, &file->tensors[i]))
            continue;
        char what[QUANT_INSPECTED_WORD + 256];
        snprintf(what, sizeof what, "it holds integers and scales, as '%.200s'",
                 file->tensors[i].name);
        quant_inspection_miss_sidecar(container->run, what);
        return;
    }
}

/* ---- All of it ---- */

enum quant_status quant_inspected_roles_find(struct quant_container_inspection *container)
{
    struct quant_inspection *run = container->run;
    enum quant_status status = renew_places(container, run->error);
    if (status == QUANT_OK && run->result->has_sidecar)
        status = read_sidecar(container);
    if (status == QUANT_OK && !run->result->has_sidecar) {
        bool is_foreign = false;
        status = look_for_layout(container, &is_foreign);
        if (status == QUANT_OK && !is_foreign)
            look_for_pairs(container);
    }
    if (status == QUANT_OK)
        for (size_t i = 0; i < container->input.file->n; i++)
            run->result->roles[container->places[i].role]++;
    return status;
}

void quant_inspected_roles_release(struct quant_container_inspection *container)
{
    quant_restored_tensors_release(&container->restored);
    free(container->words);
    free(container->places);
    free(container->faults);
    free(container->faulty);
    quant_container_input_close(&container->input);
}
