/* SPDX-License-Identifier: MIT */
/* Whether scales and zero points are those that quantizing can have chosen. */
#ifndef QUANT_ENGINE_FILES_VERIFY_PARAMS_H
#define QUANT_ENGINE_FILES_VERIFY_PARAMS_H

#include "engine/files/verify_findings.h"
#include "engine/tensor/group_source.h"
#include "records/sidecar.h"

/* One scale, of what messages call name: that the scale and the zero point are those of the range
 * that its sidecar states. range NULL: nothing was finite. Nothing is known of a given scale. */
void quant_verify_range(struct quant_findings *findings, const struct quant_params *params,
                        const char *method, const double *range, const char *name);

/* Each zero point of a tensor with groups; is_given: any is right. Errors: those of reading. */
enum quant_status quant_verify_zero_points(struct quant_findings *findings,
                                           const struct quant_group_source *groups,
                                           const struct quant_params *params, bool is_given,
                                           const char *name, struct quant_error *error);

#endif
