/* SPDX-License-Identifier: MIT */
/* The checks of dequantizing, one by one: a fault ends only those that cannot be made after it. */
#include "engine/files/verify_single.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/verify_against.h"
#include "engine/files/verify_likeness.h"
#include "engine/files/verify_params.h"
#include "engine/files/verify_partner.h"

/* ---- Scales ---- */

static enum quant_status check_groups(struct quant_verify_run *run, struct dequantization *input,
                                      struct quant_findings *findings)
{
    const struct quant_sidecar *sidecar = &input->sidecar;
    enum quant_status status = quant_group_source_open(&input->groups, sidecar, run->sidecar_path,
                                                       &run->control->cancel, run->error);
    if (!quant_findings_take(findings, QUANT_FAULT_SCALES, &status, run->error))
        return status;
    status = quant_verify_zero_points(findings, &input->groups, &sidecar->params,
                                      strcmp(sidecar->method, "given") == 0, run->path, run->error);
    (void)quant_findings_take(findings, QUANT_FAULT_SCALES, &status, run->error);
    return status;
}

/* ---- Elements ---- */

static struct quant_verify_pass make_pass(struct quant_verify_run *run,
                                          struct dequantization *input)
{
    const struct quant_sidecar *sidecar = &input->sidecar;
    return (struct quant_verify_pass){
        .own = {.params = &sidecar->params,
                .groups = sidecar->has_groups ? &input->groups : NULL,
                .reader = input->reader,
                .name = run->path},
        .checksum = &input->checksum,
        .shape = &sidecar->shape,
        .order = sidecar->order,
        .nelems = input->nelems,
        .progress = &run->progress,
        .pool = run->pool,
    };
}

static enum quant_status compare(struct quant_verify_run *run, const struct quant_verify_pass *pass,
                                 const struct quant_sidecar *sidecar,
                                 const struct quant_differences *differences)
{
    const struct quant_recorded_method recorded = {
        .method = sidecar->method,
        .has_argument = sidecar->has_argument,
        .argument = sidecar->argument,
        .has_range = sidecar->has_range,
        .axis = sidecar->has_groups ? sidecar->groups.axis : -1,
        .block_size = sidecar->groups.block_size,
        .block_rows = sidecar->groups.block_rows,
    };
    enum quant_status status =
        quant_likeness_find(pass, differences, &recorded, &run->control->cancel, run->findings,
                            run->verified, run->error);
    (void)quant_findings_take(run->findings, QUANT_FAULT_AGAINST, &status, run->error);
    return status;
}

static enum quant_status check_elements(struct quant_verify_run *run, struct dequantization *input,
                                        const struct quant_against *against)
{
    struct quant_findings *findings = run->findings;
    struct quant_verify_pass pass = make_pass(run, input);
    struct quant_differences differences;
    pass.against = against;
    enum quant_status status = quant_verify_pass_run(&pass, findings, &differences, run->error);
    if (!quant_findings_take(findings, QUANT_FAULT_DATA, &status, run->error))
        return status;
    status = quant_dequantization_check_data(input);
    if (quant_findings_take(findings, QUANT_FAULT_CHECKSUM, &status, run->error))
        status = quant_source_check_unchanged(input->source, run->error);
    (void)quant_findings_take(findings, QUANT_FAULT_FILE, &status, run->error);
    return status == QUANT_OK && against ? compare(run, &pass, &input->sidecar, &differences)
                                         : status;
}

/* Without scales nothing can be compared. */
static enum quant_status check_against(struct quant_verify_run *run, struct dequantization *input)
{
    struct quant_against_file file = {.input = NULL};
    struct quant_against_tensor tensor = {.reader = NULL};
    const struct quant_dequantize_job *whole = input->job;
    struct quant_dequantize_job job = *whole;
    job.against = *run->against; /* it was not known before the sidecar was read */
    input->job = &job;
    enum quant_status status =
        quant_against_open_single(&file, input, run->against, &tensor, run->error);
    const bool is_open =
        quant_findings_take(run->findings, QUANT_FAULT_AGAINST, &status, run->error);
    if (status == QUANT_OK)
        status = check_elements(run, input, is_open ? &tensor.against : NULL);
    quant_against_tensor_close(&file, &tensor);
    quant_against_file_close(&file);
    input->job = whole;
    return status;
}

/* ---- The tensor ---- */

enum quant_status quant_verify_single(struct quant_verify_run *run, struct dequantization *input)
{
    struct quant_findings *findings = run->findings;
    const struct quant_sidecar *sidecar = &input->sidecar;
    enum quant_status status = quant_dequantization_read_sidecar(input);
    if (!quant_findings_take(findings, QUANT_FAULT_SIDECAR, &status, run->error))
        return status;
    status = quant_verify_partner_find(run, sidecar->source.path, false);
    if (status != QUANT_OK)
        return status;
    run->verified->dtype = sidecar->params.dtype;
    run->verified->scheme = sidecar->params.scheme;
    quant_shape_count(&sidecar->shape, &input->nelems);
    if (!sidecar->has_groups)
        quant_verify_range(findings, &sidecar->params, sidecar->method,
                           sidecar->has_range ? sidecar->range : NULL, run->sidecar_path);
    const size_t nfaults = findings->n;
    if (sidecar->has_groups)
        status = check_groups(run, input, findings);
    if (status != QUANT_OK)
        return status;
    const bool has_scales = findings->n == nfaults;
    status = quant_dequantization_open_data(input);
    if (input->source && input->source->size != QUANT_SIZE_UNKNOWN)
        run->verified->nbytes = input->source->size;
    if (!quant_findings_take(findings, QUANT_FAULT_DATA, &status, run->error))
        return status;
    status = quant_dequantization_check_pair(input);
    if (status != QUANT_OK)
        return status;
    return run->against->path && has_scales ? check_against(run, input)
                                            : check_elements(run, input, NULL);
}
