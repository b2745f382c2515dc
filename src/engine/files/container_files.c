/* SPDX-License-Identifier: MIT */
/* Containers are read and written by position: streams go through temporary files. */
#include "engine/files/container_files.h"

#include <stdlib.h>

#include "base/error.h"

enum { COPY_STEP = 256 << 10 };

/* In order, until the source ends. */
static enum quant_status copy_all(struct quant_source *source, struct quant_sink *sink,
                                  struct quant_error *error)
{
    unsigned char *bytes = malloc(COPY_STEP);
    if (!bytes)
        return quant_error_no_memory(error, COPY_STEP, "buffers");
    enum quant_status status = QUANT_OK;
    size_t got = COPY_STEP;
    for (uint64_t offset = 0; status == QUANT_OK && got == COPY_STEP; offset += got) {
        status = source->ops->read_at(source, offset, bytes, COPY_STEP, &got, error);
        if (status == QUANT_OK)
            status = quant_sink_write(sink, bytes, got, error);
    }
    free(bytes);
    return status;
}

/* ---- Input ---- */

static enum quant_status spool(struct quant_container_input *input,
                               const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_source *stream = input->source;
    struct quant_source *copy = NULL;
    struct quant_file_output file = {.fd = -1};
    if (stream->ops->forward_only)
        stream->ops->forward_only(stream);
    enum quant_status status = quant_spool_begin(&file, stream->name, cancel, error);
    if (status == QUANT_OK)
        status = copy_all(stream, &file.sink, error);
    if (status == QUANT_OK)
        status = quant_spool_finish(&file, &copy, error);
    quant_output_discard(&file);
    if (status != QUANT_OK)
        return status;
    input->stream = stream;
    input->source = copy;
    return QUANT_OK;
}

enum quant_status quant_container_input_open(struct quant_container_input *input,
                                             struct quant_source *source,
                                             const struct quant_format *format,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error)
{
    input->source = source;
    enum quant_status status = source->positional ? QUANT_OK : spool(input, cancel, error);
    if (status == QUANT_OK)
        status = quant_tensor_file_open(input->source, format, &input->file, error);
    return status;
}

void quant_container_input_close(struct quant_container_input *input)
{
    if (input->file)
        quant_tensor_file_close(input->file);
    quant_source_close(input->source);
    quant_source_close(input->stream);
    *input = (struct quant_container_input){.source = NULL};
}

/* ---- Output ---- */

enum quant_status quant_container_output_open(struct quant_container_output *output,
                                              const char *path, bool force,
                                              const struct quant_cancel *cancel,
                                              struct quant_error *error)
{
    enum quant_status status = quant_output_open(&output->final, path, force, cancel, error);
    output->sink = &output->final.sink;
    if (status != QUANT_OK || !quant_output_is_stream(&output->final))
        return status;
    output->sink = &output->spool.sink;
    return quant_spool_begin(&output->spool, output->final.sink.name, cancel, error);
}

enum quant_status quant_container_output_begin(struct quant_container_output *output,
                                               const struct quant_container_layout *layout,
                                               struct quant_error *error)
{
    quant_sink_expect(output->sink, layout->nbytes);
    return output->sink->ops->write_at(output->sink, 0, layout->header, layout->header_nbytes,
                                       error);
}

enum quant_status quant_container_output_finish(struct quant_container_output *output,
                                                struct quant_error *error)
{
    struct quant_source *spooled = NULL;
    if (output->sink != &output->spool.sink)
        return QUANT_OK;
    enum quant_status status = quant_spool_finish(&output->spool, &spooled, error);
    if (status == QUANT_OK)
        status = copy_all(spooled, &output->final.sink, error);
    quant_source_close(spooled);
    return status;
}

void quant_container_output_discard(struct quant_container_output *output)
{
    quant_output_discard(&output->spool);
    quant_output_discard(&output->final);
}
