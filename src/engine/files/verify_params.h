/* SPDX-License-Identifier: MIT */
/* Whether scales and zero points are those that quantizing can have chosen. */
#ifndef QUANT_ENGINE_FILES_VERIFY_PARAMS_H
#define QUANT_ENGINE_FILES_VERIFY_PARAMS_H

#include "engine/files/verify_findings.h"
#include "engine/tensor/group_source.h"
#include "records/sidecar.h"

/* A sidecar of one scale, which messages call name: that its scale and zero point are those of the
 * range that it states. Without a range nothing is known of a given scale; else there was nothing
 * finite. */
void quant_verify_range(struct quant_findings *findings, const struct quant_sidecar *sidecar,
                        const char *name);

/* Each zero point of a tensor with groups; is_given: any is right. Errors: those of reading. */
enum quant_status quant_verify_zero_points(struct quant_findings *findings,
                                           const struct quant_group_source *groups,
                                           const struct quant_params *params, bool is_given,
                                           const char *name, struct quant_error *error);

#endif
