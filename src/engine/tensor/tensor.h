/* SPDX-License-Identifier: MIT */
/* An input opened down to its elements, and the format of an output. */
#ifndef QUANT_ENGINE_TENSOR_TENSOR_H
#define QUANT_ENGINE_TENSOR_TENSOR_H

#include "engine/tensor/container_input.h"
#include "engine/work/chunks.h"
#include "formats/format.h"

/* Zeroed, it is closed. */
struct quant_tensor {
    struct quant_source *source;         /* owned */
    struct quant_reader *reader;         /* owned */
    struct quant_source *spooled_source; /* owned: what they were before a spool took their place */
    struct quant_reader *spooled_reader; /* owned */
    struct quant_container_input container; /* owned: that the tensor is one of */
    const struct quant_format *format;      /* of the source, once it is recognized */
    bool no_sidecar;                        /* the caller's: there is not one beside the source */
    enum quant_dtype recorded;              /* of its elements, by the sidecar beside it; or NONE */
};

/* Opens input for float32 elements: by its format, or the one it is recognized as. Where that is a
 * raw one, what input leaves open is taken from raw_defaults (type, byte order, shape; may be
 * NULL); where it is not, input may not say any of it. */
enum quant_status quant_tensor_open(struct quant_tensor *tensor, const struct quant_input *input,
                                    const struct quant_read_request *raw_defaults,
                                    const struct quant_cancel *cancel, struct quant_error *error);

/* The same in two steps. After the first, format is set, and may be that of a container: then the
 * caller takes the source out of *tensor, since the second step is for a file of one tensor. */
enum quant_status quant_tensor_recognize(struct quant_tensor *tensor,
                                         const struct quant_input *input,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error);

/* As the first step, but what is already quantized is no error. */
enum quant_status quant_tensor_recognize_any(struct quant_tensor *tensor,
                                             const struct quant_input *input,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error);

enum quant_status quant_tensor_open_reader(struct quant_tensor *tensor,
                                           const struct quant_input *input,
                                           const struct quant_read_request *raw_defaults,
                                           const struct quant_cancel *cancel,
                                           struct quant_error *error);

/* The middle of quant_tensor_recognize alone, for a caller that has opened the source: sets format,
 * and refuses options for raw input if it is another format. */
enum quant_status quant_tensor_choose_format(struct quant_tensor *tensor,
                                             const struct quant_input *input,
                                             struct quant_error *error);

void quant_tensor_close(struct quant_tensor *tensor);

/* Where elements cannot be read by position, copies them all to a temporary file and goes on with
 * that. The shape is known then. */
enum quant_status quant_tensor_spool(struct quant_tensor *tensor, const struct quant_cancel *cancel,
                                     struct quant_error *error);

/* The reader and the source of the file itself. */
static inline const struct quant_reader *quant_tensor_origin(const struct quant_tensor *tensor)
{
    return tensor->spooled_reader ? tensor->spooled_reader : tensor->reader;
}

static inline struct quant_source *quant_tensor_source(const struct quant_tensor *tensor)
{
    return tensor->spooled_source ? tensor->spooled_source : tensor->source;
}

/* Reads the chunk's elements: by position, or in order, when it sets the chunk's count to what
 * there is. */
enum quant_status quant_reader_load(struct quant_reader *reader, bool by_position,
                                    struct quant_chunk *chunk, void *elements, void *stage,
                                    struct quant_error *error);

/* Writes elements from the first-th on to where a flat writer would: to sink, which can. */
enum quant_status quant_writer_write_at(const struct quant_writer *writer, struct quant_sink *sink,
                                        uint64_t first, const void *elements, size_t nelems,
                                        struct quant_error *error);

/* Tells the sink that nelems elements will be written so. */
void quant_writer_expect(const struct quant_writer *writer, struct quant_sink *sink,
                         uint64_t nelems);

/* The format named; QUANT_INVALID if there is not one of that name. */
enum quant_status quant_format_find(const char *name, const struct quant_format **format,
                                    struct quant_error *error);

/* The format that output is to have: as it says, else by its path's extension, else kept. */
enum quant_status quant_output_format(const struct quant_output *output,
                                      const struct quant_format *kept,
                                      const struct quant_format **format,
                                      struct quant_error *error);

#endif
