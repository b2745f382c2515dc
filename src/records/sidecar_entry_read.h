/* SPDX-License-Identifier: MIT */
/* Reads and checks one entry of a container's sidecar. */
#ifndef QUANT_RECORDS_SIDECAR_ENTRY_READ_H
#define QUANT_RECORDS_SIDECAR_ENTRY_READ_H

#include "records/field.h"
#include "records/sidecar_tensors.h"

/* Fills in *entry, but not its name. Its strings are those of object, and its dimensions are those
 * of *shape. */
void quant_sidecar_read_entry(struct quant_fields *fields, const cJSON *object,
                              struct quant_shape *shape, struct quant_sidecar_entry *entry);

#endif
