/* SPDX-License-Identifier: MIT */
/* The checks of dequantizing, one by one: a fault ends only those that cannot be made after it. */
#include "engine/files/verify_single.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/verify_params.h"
#include "engine/files/verify_pass.h"

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

static enum quant_status check_elements(struct quant_verify_run *run, struct dequantization *input,
                                        struct quant_findings *findings)
{
    const struct quant_sidecar *sidecar = &input->sidecar;
    const struct quant_verify_pass pass = {
        .params = &sidecar->params,
        .reader = input->reader,
        .checksum = &input->checksum,
        .name = run->path,
        .shape = &sidecar->shape,
        .order = sidecar->order,
        .nelems = input->nelems,
        .progress = &run->progress,
        .pool = run->pool,
    };
    enum quant_status status = quant_verify_pass_run(&pass, findings, run->error);
    if (!quant_findings_take(findings, QUANT_FAULT_DATA, &status, run->error))
        return status;
    status = quant_dequantization_check_data(input);
    if (quant_findings_take(findings, QUANT_FAULT_CHECKSUM, &status, run->error))
        status = quant_source_check_unchanged(input->source, run->error);
    (void)quant_findings_take(findings, QUANT_FAULT_FILE, &status, run->error);
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
    run->verified->dtype = sidecar->params.dtype;
    run->verified->scheme = sidecar->params.scheme;
    quant_shape_count(&sidecar->shape, &input->nelems);
    quant_verify_range(findings, sidecar, run->sidecar_path);
    if (sidecar->has_groups)
        status = check_groups(run, input, findings);
    if (status != QUANT_OK)
        return status;
    status = quant_dequantization_open_data(input);
    if (input->source && input->source->size != QUANT_SIZE_UNKNOWN)
        run->verified->nbytes = input->source->size;
    if (!quant_findings_take(findings, QUANT_FAULT_DATA, &status, run->error))
        return status;
    return check_elements(run, input, findings);
}
