/* SPDX-License-Identifier: MIT */
/* What quantizing and dequantizing a container share: its input, and its output as one file that is
 * written by position. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_FILES_H
#define QUANT_ENGINE_FILES_CONTAINER_FILES_H

#include "engine/files/container_plan.h"
#include "io/io.h"

/* A container that is read. Zeroed, it is closed. */
struct quant_container_input {
    struct quant_source *source;    /* owned */
    struct quant_source *stream;    /* owned: if the source is a copy of a stream */
    struct quant_tensor_file *file; /* owned */
};

/* Takes over source, also after an error, and reads the catalogue. A stream is first copied to a
 * temporary file, since its tensors are read by position. */
enum quant_status quant_container_input_open(struct quant_container_input *input,
                                             struct quant_source *source,
                                             const struct quant_format *format,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error);
void quant_container_input_close(struct quant_container_input *input);

/* A container that is written. Zeroed but for the descriptors, which are -1, it is closed. */
struct quant_container_output {
    struct quant_file_output final; /* what the caller named */
    struct quant_file_output spool; /* written instead, if that is a stream */
    struct quant_sink *sink;        /* of one of them; by position */
};

enum quant_status quant_container_output_open(struct quant_container_output *output,
                                              const char *path, bool force,
                                              const struct quant_cancel *cancel,
                                              struct quant_error *error);

/* Writes the header of the layout, and announces the size of the file. */
enum quant_status quant_container_output_begin(struct quant_container_output *output,
                                               const struct quant_container_layout *layout,
                                               struct quant_error *error);

/* After all tensors: what was spooled goes to the stream. `final` may then be committed. */
enum quant_status quant_container_output_finish(struct quant_container_output *output,
                                                struct quant_error *error);
void quant_container_output_discard(struct quant_container_output *output);

#endif
