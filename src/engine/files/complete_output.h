/* SPDX-License-Identifier: MIT */
/*
 * Whether the outputs of an earlier run are complete, for QUANT_RESUME: then the file is left as it
 * is. Anything that is missing, damaged, older or other than this run would make it is a no, not an
 * error. Errors: QUANT_CANCELLED, QUANT_NO_MEMORY.
 */
#ifndef QUANT_ENGINE_FILES_COMPLETE_OUTPUT_H
#define QUANT_ENGINE_FILES_COMPLETE_OUTPUT_H

#include <quant/file.h>

#include "core/plan.h"
#include "engine/files/container_quantization.h"
#include "engine/tensor/given_groups.h"
#include "records/sidecar.h"
#include "records/sidecar_tensors.h"

/* A status that is fatal stays an error in all functions here; with any other, an output is not
 * complete. */

/* Whether all of the paths but NULL are regular files, and none of the first n is newer than the
 * last. */
bool quant_complete_is_newest(const char *const *paths, size_t n, const char *last);

/* The outputs that a file of one tensor is to have. All borrowed. */
struct quant_single_outputs {
    const struct quant_quantize_job *job;
    const char *sidecar_path;
    const struct quant_plan *plan;
    const struct quant_given_groups *given; /* the parameters of all groups; NULL: not given */
    const struct quant_sidecar *expected;   /* what this run knows of the sidecar: the files, */
    bool has_shape;                         /* and with has_shape the shape and order */
    bool is_fast;                           /* checksums are not looked at */
};

enum quant_status quant_complete_single(const struct quant_single_outputs *outputs,
                                        bool *is_complete, struct quant_error *error);

/* Those of a container, which has been planned. head is that of the sidecar to be written. */
enum quant_status quant_complete_container(const struct quant_container_quantization *run,
                                           const struct quant_sidecar_head *head, bool is_fast,
                                           bool *is_complete, struct quant_error *error);

#endif
