/* SPDX-License-Identifier: MIT */
/*
 * Where the elements and scales of one tensor go: to a file of its own, through the format's
 * writer, or to its places in a container. The bytes that are written are hashed in order.
 */
#ifndef QUANT_ENGINE_TENSOR_TENSOR_OUTPUT_H
#define QUANT_ENGINE_TENSOR_TENSOR_OUTPUT_H

#include "engine/tensor/scale_store.h"
#include "engine/tensor/tensor.h"
#include "io/checksum.h"

struct quant_tensor_output {
    /* The caller's: */
    const struct quant_format *format; /* whose writer is used; NULL: elements alone, at offset */
    struct quant_sink *sink;           /* borrowed; by position without a format */
    uint64_t offset;                   /* of the first element, without a format */
    struct quant_scale_store *scales;  /* borrowed; NULL: scales are not stored here */
    bool is_hashed;

    /* The output's own: */
    struct quant_checksum_sink
        checksum; /* of what was written, if it is hashed: the file, or the elements */
    struct quant_writer *writer; /* owned */
    bool by_position;
};

/* Before the first pass. QUANT_NO_MEMORY. */
enum quant_status quant_tensor_output_open(struct quant_tensor_output *output,
                                           struct quant_error *error);

/* What the elements are, once the shape is known as far as the format needs it. */
struct quant_tensor_form {
    enum quant_dtype dtype;
    const struct quant_shape *shape; /* borrowed until the end, and watched while it grows */
    enum quant_order order;
    bool has_positions; /* chunks come with their position, nelems in all */
    uint64_t nelems;
};

enum quant_status quant_tensor_output_begin(struct quant_tensor_output *output,
                                            const struct quant_tensor_form *form,
                                            struct quant_error *error);

/* One chunk, in order: writes it, or if the output is by position only hashes it. */
enum quant_status quant_tensor_output_deliver(struct quant_tensor_output *output, const void *q,
                                              size_t nelems, struct quant_error *error);

/* By position, from any thread. */
enum quant_status quant_tensor_output_write_at(struct quant_tensor_output *output, uint64_t first,
                                               const void *q, size_t nelems,
                                               struct quant_error *error);

/* After the last chunk. */
enum quant_status quant_tensor_output_finish(struct quant_tensor_output *output,
                                             struct quant_error *error);

/* Fine on one whose own part is zeros. */
void quant_tensor_output_release(struct quant_tensor_output *output);

#endif
