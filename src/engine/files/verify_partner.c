/* SPDX-License-Identifier: MIT */
#include "engine/files/verify_partner.h"

enum quant_status quant_verify_partner_find(struct quant_verify_run *run, const char *source,
                                            bool is_container)
{
    const struct quant_against_subject subject = {
        .path = run->path, .name = run->name, .source = source, .is_container = is_container};
    if (!run->directory)
        return QUANT_OK;
    enum quant_status status =
        quant_against_partner_find(run->directory, &subject, &run->partner, run->error);
    run->partner_input = *run->against;
    run->partner_input.path = run->partner.path;
    run->against = &run->partner_input;
    (void)quant_findings_take(run->findings, QUANT_FAULT_AGAINST, &status, run->error);
    return status;
}

void quant_verify_partner_excuse(const struct quant_verify_run *run)
{
    const struct quant_against_subject subject = {.path = run->path, .name = run->name};
    if (run->directory && run->against != &run->partner_input)
        quant_against_partner_excuse(run->directory, &subject);
}
