/* SPDX-License-Identifier: MIT */
/* A container that is written by position. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_FILES_H
#define QUANT_ENGINE_FILES_CONTAINER_FILES_H

#include "engine/files/container_plan.h"
#include "engine/files/container_seal.h"
#include "io/gather_sink.h"
#include "io/io.h"

/* A container that is written. Zeroed but for the descriptors, which are -1, it is closed. */
struct quant_container_output {
    struct quant_file_output final;     /* what the caller named */
    struct quant_file_output spool;     /* written instead, if that is a stream */
    struct quant_gather_sink gather;    /* written through: tensors may be small and many */
    struct quant_container_seals seals; /* written through before that, if the format has seals */
    struct quant_sink *sink;            /* of one of them; by position */
};

enum quant_status quant_container_output_open(struct quant_container_output *output,
                                              const char *path, bool force,
                                              const struct quant_cancel *cancel,
                                              struct quant_error *error);

/* Writes the header of the layout, which must outlive the output, and announces the size of the
 * file. From then on the tensors are written, each byte once. */
enum quant_status quant_container_output_begin(struct quant_container_output *output,
                                               const struct quant_container_layout *layout,
                                               struct quant_error *error);

/* After all tensors: what was spooled goes to the stream. `final` may then be committed. */
enum quant_status quant_container_output_finish(struct quant_container_output *output,
                                                struct quant_error *error);
void quant_container_output_discard(struct quant_container_output *output);

#endif
