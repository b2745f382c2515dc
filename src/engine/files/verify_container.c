/* SPDX-License-Identifier: MIT */
/* The header and the sidecar give the list of tensors; each is then checked by itself, several at a
 * time, and reported in order. What is wrong with one does not keep the others from being checked.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/file_selection.h"
#include "engine/files/quantized_container.h"
#include "engine/files/restored_reader.h"
#include "engine/files/tensor_copy.h"
#include "engine/files/verify_disagreements.h"
#include "engine/files/verify_likeness.h"
#include "engine/files/verify_pairs.h"
#include "engine/files/verify_params.h"
#include "engine/files/verify_partner.h"
#include "engine/files/verify_shards.h"
#include "engine/work/job.h"
#include "engine/work/work_list.h"

/* What is kept of a tensor from its work until it is delivered. */
struct place {
    struct quant_buffers buffers; /* of a small tensor */
    struct quant_restored_reader quantized;
    struct quant_against_tensor against;
    struct quant_verified verified; /* what was found in comparing */
    struct quant_findings findings;
    enum quant_status status;
    struct quant_error error;
};

struct verifying {
    struct quant_verify_run *run;
    struct quant_container_input input;
    struct quant_restored_tensors restored;
    struct quant_verify_shards against;
    struct quant_disagreements disagreements;
    struct place *places; /* owned */
    unsigned nplaces;
    enum quant_status status;
};

/* ---- The sidecar against the header ---- */

static void on_disagreement(void *context, size_t i, const char *name,
                            const struct quant_error *error)
{
    struct verifying *verifying = context;
    if (i == SIZE_MAX)
        quant_findings_add(verifying->run->findings, QUANT_FAULT_LAYOUT, error);
    else
        quant_disagreements_add(&verifying->disagreements, i, name, error);
}

/* ---- One tensor ---- */

static const struct quant_tensor_info *info_of(const struct verifying *verifying,
                                               const struct quant_restored_tensor *restored)
{
    return &verifying->input.file->tensors[restored->data];
}

/* Tensors that are missing have the names of their disagreements. */
static const char *name_of(const void *context, size_t i)
{
    const struct verifying *verifying = context;
    const struct quant_restored_tensor *restored = &verifying->restored.tensors[i];
    return restored->data == QUANT_NOT_STORED
               ? quant_disagreements_name(&verifying->disagreements, i)
               : info_of(verifying, restored)->name;
}

/* A tensor that is copied, or of which only the bytes can be checked. */
static enum quant_status check_bytes(struct verifying *verifying, struct place *place,
                                     const struct quant_restored_tensor *restored)
{
    const struct quant_tensor_info *info = info_of(verifying, restored);
    const struct quant_extent from = {info->offset, info->nbytes};
    uint64_t digest = 0;
    enum quant_status status =
        quant_tensor_copy(verifying->input.file->source, &from, NULL, 0, &digest, &place->error);
    if (!quant_findings_take(&place->findings, QUANT_FAULT_DATA, &status, &place->error))
        return status;
    status = quant_stored_tensor_check(verifying->input.file, restored->data, digest,
                                       restored->digests.data, &place->error);
    (void)quant_findings_take(&place->findings, QUANT_FAULT_CHECKSUM, &status, &place->error);
    return status;
}

static enum quant_status check_scales(struct verifying *verifying, struct place *place,
                                      const struct quant_restored_tensor *restored)
{
    struct quant_findings *findings = &place->findings;
    const struct quant_tensor_file *file = verifying->input.file;
    enum quant_status status =
        quant_restored_reader_open_scales(&place->quantized, file, restored, &place->error);
    if (!quant_findings_take(findings, QUANT_FAULT_SCALES, &status, &place->error))
        return status;
    const struct quant_restored_method *method = restored->method;
    if (restored->axis < 0)
        quant_verify_range(findings, &restored->params, method->name,
                           method->has_range ? method->range : NULL, place->quantized.data->name);
    if (restored->axis >= 0)
        status = quant_verify_zero_points(findings, &place->quantized.groups, &restored->params,
                                          strcmp(restored->method->name, "given") == 0,
                                          place->quantized.data->name, &place->error);
    (void)quant_findings_take(findings, QUANT_FAULT_SCALES, &status, &place->error);
    return status;
}

static struct quant_verify_pass make_pass(struct place *place,
                                          const struct quant_restored_tensor *restored,
                                          const struct quant_work_item *item)
{
    struct quant_restored_reader *quantized = &place->quantized;
    return (struct quant_verify_pass){
        .own = {.params = &restored->params,
                .groups = restored->axis >= 0 ? &quantized->groups : NULL,
                .reader = quantized->reader,
                .name = quantized->data->name},
        .checksum = &quantized->checksum,
        .shape = &quantized->shape,
        .order = restored->order,
        .nelems = restored->nelems,
        .progress = item->progress,
        .pool = item->pool,
        .buffers = &place->buffers,
    };
}

static enum quant_status compare(struct verifying *verifying, struct place *place,
                                 const struct quant_restored_tensor *restored,
                                 const struct quant_verify_pass *pass,
                                 const struct quant_differences *differences)
{
    const struct quant_recorded_method recorded = {
        .method = restored->method->name,
        .has_argument = restored->method->has_argument,
        .argument = restored->method->argument,
        .has_range = restored->method->has_range,
        .axis = restored->axis,
        .block_size = restored->block_size,
        .block_rows = restored->block_rows,
    };
    enum quant_status status =
        quant_likeness_find(pass, differences, &recorded, &verifying->run->control->cancel,
                            &place->findings, &place->verified, &place->error);
    (void)quant_findings_take(&place->findings, QUANT_FAULT_AGAINST, &status, &place->error);
    return status;
}

static enum quant_status check_elements(struct verifying *verifying, struct place *place,
                                        const struct quant_restored_tensor *restored,
                                        const struct quant_work_item *item, bool is_compared)
{
    struct quant_findings *findings = &place->findings;
    struct quant_verify_pass pass = make_pass(place, restored, item);
    struct quant_differences differences;
    if (is_compared)
        pass.against = &place->against.against;
    enum quant_status status = quant_verify_pass_run(&pass, findings, &differences, &place->error);
    if (!quant_findings_take(findings, QUANT_FAULT_DATA, &status, &place->error))
        return status;
    status = quant_restored_reader_check(&place->quantized, verifying->input.file, restored,
                                         &place->error);
    (void)quant_findings_take(findings, QUANT_FAULT_CHECKSUM, &status, &place->error);
    return status == QUANT_OK && is_compared
               ? compare(verifying, place, restored, &pass, &differences)
               : status;
}

static enum quant_status check_quantized(struct verifying *verifying, struct place *place,
                                         const struct quant_restored_tensor *restored,
                                         const struct quant_work_item *item,
                                         struct quant_against_file *against)
{
    struct quant_findings *findings = &place->findings;
    const struct quant_tensor_file *file = verifying->input.file;
    enum quant_status status =
        quant_restored_reader_open(&place->quantized, file, restored, &place->error);
    if (!quant_findings_take(findings, QUANT_FAULT_LAYOUT, &status, &place->error))
        return status;
    quant_verify_pairs(findings, file, restored);
    const size_t nfaults = findings->n;
    status = check_scales(verifying, place, restored);
    if (status != QUANT_OK)
        return status;
    bool is_compared = against && findings->n == nfaults;
    if (is_compared) {
        status = quant_against_open_tensor(against, info_of(verifying, restored)->name, restored,
                                           &place->against, &place->error);
        is_compared = quant_findings_take(findings, QUANT_FAULT_AGAINST, &status, &place->error);
    }
    return status == QUANT_OK ? check_elements(verifying, place, restored, item, is_compared)
                              : status;
}

/* ---- The work list ---- */

static uint64_t nelems(void *context, uint64_t i)
{
    const struct verifying *verifying = context;
    return verifying->restored.tensors[i].nelems;
}

static void work(void *context, struct quant_work_item *item)
{
    struct verifying *verifying = context;
    struct place *place = &verifying->places[item->place];
    const struct quant_restored_tensor *restored = &verifying->restored.tensors[item->i];
    place->findings.n = 0;
    place->verified = (struct quant_verified){.likeness = QUANT_NOT_COMPARED};
    place->status = QUANT_OK;
    if (restored->is_faulty)
        quant_disagreements_report(&verifying->disagreements, (size_t)item->i, verifying->run->path,
                                   &place->findings);
    if (restored->data == QUANT_NOT_STORED)
        return;
    struct quant_against_file *against =
        quant_verify_shards_of(&verifying->against, verifying->run, (size_t)item->i,
                               name_of(verifying, (size_t)item->i), &place->findings);
    place->status = restored->is_copied || restored->is_faulty
                        ? check_bytes(verifying, place, restored)
                        : check_quantized(verifying, place, restored, item, against);
    quant_restored_reader_close(&place->quantized);
    if (against)
        quant_against_tensor_close(against, &place->against);
}

static enum quant_status report(struct verifying *verifying, struct place *place, size_t i)
{
    struct quant_verify_run *run = verifying->run;
    const struct quant_restored_tensor *restored = &verifying->restored.tensors[i];
    const bool is_stored = restored->data != QUANT_NOT_STORED;
    struct quant_verified verified = place->verified;
    verified.dtype = restored->params.dtype;
    verified.scheme = restored->params.scheme;
    verified.nbytes = is_stored ? info_of(verifying, restored)->nbytes : 0;
    struct quant_tensor_result result = {
        .tensor = i,
        .ntensors = verifying->restored.n,
        .name = name_of(verifying, i),
        .is_copied = restored->is_copied,
        .nbytes = verified.nbytes,
        .verified = &verified,
    };
    result.status = quant_findings_end(&place->findings, &verified, &place->error);
    result.error = result.status == QUANT_OK ? NULL : &place->error;
    if (verified.nfaults > 0 && run->verified->nfaulty++ == 0)
        run->of_tensor = place->error;
    return quant_control_report(run->control, &result, run->error);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct verifying *verifying = context;
    struct place *place = &verifying->places[number];
    verifying->status = place->status;
    if (place->status == QUANT_OK)
        verifying->status = report(verifying, place, (size_t)i);
    else if (verifying->run->error)
        *verifying->run->error = place->error;
    return verifying->status == QUANT_OK;
}

static enum quant_status check_tensors(struct verifying *verifying)
{
    struct quant_verify_run *run = verifying->run;
    const struct quant_work_list list = {.n = verifying->restored.n,
                                         .pool = run->pool,
                                         .progress = &run->progress,
                                         .context = verifying,
                                         .nelems = nelems,
                                         .work = work,
                                         .deliver = deliver};
    verifying->nplaces = quant_work_list_places(&list);
    verifying->places = calloc(verifying->nplaces, sizeof *verifying->places);
    if (!verifying->places)
        return quant_error_no_memory(run->error, verifying->nplaces * sizeof *verifying->places,
                                     "buffers");
    quant_work_list_run(&list);
    return verifying->status;
}

/* ---- The file ---- */

/* What is not selected is as if the sidecar did not have it. Disagreements are numbered anew with
 * the rest. */
static enum quant_status select_tensors(struct verifying *verifying)
{
    struct quant_verify_run *run = verifying->run;
    struct quant_restored_tensors *restored = &verifying->restored;
    const size_t n = restored->n;
    if (!quant_selection_is_given(run->selection))
        return QUANT_OK;
    restored->n = restored->ncopied = 0;
    for (size_t i = 0; i < n; i++) {
        const struct quant_restored_tensor *tensor = &restored->tensors[i];
        const bool is_selected = quant_selection_has(run->selection, name_of(verifying, i));
        quant_disagreements_renumber(&verifying->disagreements, i,
                                     is_selected ? restored->n : SIZE_MAX);
        if (!is_selected)
            continue;
        restored->ncopied += tensor->is_copied;
        restored->tensors[restored->n++] = *tensor;
    }
    return restored->n > 0 || n == 0
               ? QUANT_OK
               : quant_selection_error("verify", run->file->path, n, run->error);
}

static enum quant_status open_against(struct verifying *verifying)
{
    const struct quant_verify_tensors tensors = {.restored = &verifying->restored,
                                                 .file = verifying->input.file,
                                                 .name = name_of,
                                                 .context = verifying};
    return quant_verify_shards_open(&verifying->against, verifying->run, &tensors);
}

static enum quant_status check_file(struct verifying *verifying,
                                    struct quant_sidecar_reader *reader)
{
    struct quant_verify_run *run = verifying->run;
    enum quant_status status = quant_quantized_container_open(
        &verifying->input, run->path, reader, run->sidecar_path, &run->control->cancel, run->error);
    if (!quant_findings_take(run->findings, QUANT_FAULT_DATA, &status, run->error))
        return status;
    status = quant_dequantization_check_pair(run->pair);
    if (status != QUANT_OK)
        return status;
    run->verified->nbytes = verifying->input.source->size;
    status = quant_restored_tensors_inspect(&verifying->restored, reader, verifying->input.file,
                                            on_disagreement, verifying, run->error);
    (void)quant_findings_take(run->findings, QUANT_FAULT_SIDECAR, &status, run->error);
    if (status == QUANT_OK)
        status = select_tensors(verifying);
    run->verified->ntensors = verifying->restored.n;
    run->verified->ncopied = verifying->restored.ncopied;
    (void)quant_findings_take(run->findings, QUANT_FAULT_FILE, &status, run->error);
    if (status == QUANT_OK)
        status = open_against(verifying);
    if (status == QUANT_OK)
        status = check_tensors(verifying);
    if (status != QUANT_OK)
        return status;
    status = quant_container_input_finish(&verifying->input, run->error);
    (void)quant_findings_take(run->findings, QUANT_FAULT_FILE, &status, run->error);
    return status;
}

enum quant_status quant_verify_container(struct quant_verify_run *run,
                                         struct quant_sidecar_reader *reader)
{
    struct verifying verifying = {.run = run};
    enum quant_status status =
        quant_verify_partner_find(run, quant_sidecar_tensors_head(reader)->source_path, true);
    if (status == QUANT_OK)
        status = check_file(&verifying, reader);
    for (unsigned i = 0; verifying.places && i < verifying.nplaces; i++)
        quant_buffers_release(&verifying.places[i].buffers, 1);
    quant_verify_shards_close(&verifying.against);
    free(verifying.places);
    quant_disagreements_release(&verifying.disagreements);
    quant_restored_tensors_release(&verifying.restored);
    quant_container_input_close(&verifying.input);
    return status;
}
