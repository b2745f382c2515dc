/* SPDX-License-Identifier: MIT */
/* Reads what a sidecar says about scales: one for the whole tensor, one for each group in arrays,
 * or the name of the file that has the scales of many groups. */
#ifndef QUANT_RECORDS_SIDECAR_SCALES_H
#define QUANT_RECORDS_SIDECAR_SCALES_H

#include "records/field.h"
#include "records/sidecar.h"

/* Fills in the scale and the zero point of sidecar->params, and has_groups and groups. Its shape
 * has been read. */
void quant_sidecar_read_scales(struct quant_fields *fields, const cJSON *root,
                               struct quant_sidecar *sidecar);

#endif
