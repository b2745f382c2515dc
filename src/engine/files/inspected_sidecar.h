/* SPDX-License-Identifier: MIT */
/* The sidecar of a file that is listed. Whatever is wrong with it is a fault to be shown, and not
 * an error. */
#ifndef QUANT_ENGINE_FILES_INSPECTED_SIDECAR_H
#define QUANT_ENGINE_FILES_INSPECTED_SIDECAR_H

#include <quant/inspect.h>

#include "records/sidecar.h"
#include "records/sidecar_tensors.h"

/* All zeros: there is not one. */
struct quant_inspected_sidecar {
    char *path;                          /* owned: where it is, or would be; NULL: of a stream */
    struct quant_source *source;         /* owned */
    struct quant_sidecar_reader *reader; /* owned: it is that of a container, whose head is read */
    bool is_single;                      /* it is that of one tensor, and it is in */
    struct quant_sidecar single;         /* this */
    struct quant_error fault;            /* there is one, and it cannot be used; else QUANT_OK */
};

/* Looks for the sidecar of the file at path, which data reads: at `given`, or if that is NULL
 * beside the file, where a JSON file that is not a sidecar at all is ignored. It must be about a
 * file of this size. Errors: QUANT_NO_MEMORY, QUANT_CANCELLED. */
enum quant_status quant_inspected_sidecar_open(struct quant_inspected_sidecar *sidecar,
                                               const struct quant_source *data, const char *path,
                                               const char *given, const struct quant_cancel *cancel,
                                               struct quant_error *error);

/* Copies what the sidecar of one tensor says. */
void quant_inspected_sidecar_record(const struct quant_inspected_sidecar *sidecar,
                                    struct quant_recorded *recorded);

/* Fine on a zeroed one. */
void quant_inspected_sidecar_close(struct quant_inspected_sidecar *sidecar);

#endif
