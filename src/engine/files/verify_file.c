/* SPDX-License-Identifier: MIT */
/* From the path that was given to data and sidecar, and from these to the kind of file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/files/file_selection.h"
#include "engine/files/stated_scales.h"
#include "engine/files/verify_partner.h"
#include "engine/files/verify_single.h"
#include "io/io.h"

/* ---- A sidecar in the place of the data ---- */

static const char json[] = ".json";

/* Whether path leads to a sidecar by its name and its first bytes. What cannot be read is left to
 * those who read it as data, with their messages. */
static bool is_sidecar(const struct quant_verify_run *run, const char *path)
{
    const size_t length = strlen(path);
    struct quant_source *source = NULL;
    bool begins = false;
    if (length < sizeof json || strcmp(path + length - (sizeof json - 1), json) != 0 ||
        !quant_path_is_regular(path) ||
        quant_input_open(path, &run->control->cancel, &source, NULL) != QUANT_OK)
        return false;
    if (quant_sidecar_begins(source, &begins, NULL) != QUANT_OK)
        begins = false;
    quant_source_close(source);
    return begins;
}

/* The name of the data in a sidecar, for the caller to free; NULL: it has no name, or is not valid,
 * which reading it again will show. */
static char *recorded_data(const struct quant_verify_run *run, const char *path)
{
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    struct quant_sidecar sidecar = {.has_groups = false};
    const char *name = NULL;
    if (quant_input_open(path, &run->control->cancel, &source, NULL) != QUANT_OK)
        return NULL;
    if (quant_sidecar_tensors_open(source, &reader, NULL) == QUANT_OK) {
        if (reader)
            name = quant_sidecar_tensors_head(reader)->data_path;
        else if (quant_sidecar_parse(source, &sidecar, NULL) == QUANT_OK)
            name = sidecar.data.path;
    }
    char *beside = name ? quant_path_beside(name, path) : NULL;
    quant_sidecar_tensors_close(reader);
    quant_sidecar_release(&sidecar);
    quant_source_close(source);
    return beside;
}

/* The file of the same name without ".json": that pair is what dequantizing would take, also after
 * both have been renamed. Else the file that the sidecar names; a FIFO or a device that it names is
 * not read. */
static enum quant_status find_data(struct quant_verify_run *run, const char *path)
{
    run->path_owned = strndup(path, strlen(path) - (sizeof json - 1));
    if (!run->path_owned)
        return quant_error_no_memory(run->error, strlen(path), "path");
    if (!quant_path_is_regular(run->path_owned)) {
        char *recorded = recorded_data(run, path);
        if (recorded && quant_path_is_regular(recorded)) {
            free(run->path_owned);
            run->path_owned = recorded;
        } else {
            free(recorded);
        }
    }
    run->path = run->path_owned;
    if (access(run->path, F_OK) != 0 || quant_path_is_regular(run->path))
        return QUANT_OK; /* opening it says whether it can be read */
    return quant_error_set(run->error, QUANT_IO, "cannot read '%s': it is not a regular file",
                           run->path);
}

/* ---- The file ---- */

/* There is nothing that such a file could be held against. */
static enum quant_status check_stated(const struct quant_verify_run *run,
                                      const struct dequantization *input)
{
    bool states = false;
    if (input->job->sidecar)
        return QUANT_OK;
    const enum quant_status status =
        quant_states_scales(input->job->path, &run->control->cancel, &states, run->error);
    if (status != QUANT_OK || !states)
        return status;
    return quant_error_set(run->error, QUANT_UNSUPPORTED,
                           "cannot verify '%s': it has no checksums; 'quant dequant "
                           "--report --against FILE' measures it against FILE",
                           input->job->path);
}

static enum quant_status open_sidecar(struct quant_verify_run *run, struct dequantization *input)
{
    enum quant_status status = check_stated(run, input);
    if (status == QUANT_OK)
        status = quant_dequantization_find_sidecar(input);
    run->sidecar_path = input->sidecar_path;
    if (!quant_findings_take(run->findings, QUANT_FAULT_FILE, &status, run->error))
        return status;
    status = quant_dequantization_open_sidecar(input);
    if (!quant_findings_take(run->findings, QUANT_FAULT_SIDECAR, &status, run->error))
        return status;
    if (input->tensors)
        return quant_verify_container(run, input->tensors);
    status =
        quant_selection_check_file(run->selection, "verify", run->file->path, NULL, run->error);
    return quant_findings_take(run->findings, QUANT_FAULT_FILE, &status, run->error)
               ? quant_verify_single(run, input)
               : status;
}

static enum quant_status try_file(struct quant_verify_run *run, bool *is_replaced)
{
    const struct quant_file *file = run->file;
    struct dequantization *input = calloc(1, sizeof *input);
    if (!input)
        return quant_error_no_memory(run->error, sizeof *input, "buffers");
    enum quant_status status = QUANT_OK;
    run->path = file->path;
    struct quant_dequantize_job job = {
        .sidecar = file->sidecar, .against = *run->against, .control = *run->control};
    if (!file->sidecar && is_sidecar(run, file->path)) {
        job.sidecar = file->path;
        status = find_data(run, file->path);
    }
    job.path = run->path;
    input->job = &job;
    input->error = run->error;
    input->file.fd = -1;
    run->pair = input;
    if (status == QUANT_OK)
        status = open_sidecar(run, input);
    *is_replaced = quant_dequantization_is_replaced(
        input, status == QUANT_OK && run->findings->n > 0 ? QUANT_CORRUPT : status);
    quant_verify_partner_excuse(run);
    quant_dequantization_close_inputs(input);
    run->pair = NULL;
    free(input);
    return status;
}

static void forget(struct quant_verify_run *run)
{
    quant_against_partner_release(&run->partner);
    free(run->path_owned);
    run->path_owned = NULL;
    memset(run->findings, 0, sizeof *run->findings);
    memset(run->verified, 0, sizeof *run->verified);
}

enum quant_status quant_verify_file(struct quant_verify_run *run)
{
    bool is_replaced = false;
    enum quant_status status = try_file(run, &is_replaced);
    for (int tries = 1; is_replaced && tries < QUANT_PAIR_TRIES; tries++) {
        forget(run);
        status = try_file(run, &is_replaced);
    }
    return status;
}
