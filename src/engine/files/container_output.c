/* SPDX-License-Identifier: MIT */
/* A stream is written through a temporary file. */
#include "engine/files/container_output.h"

#include "io/copy_bytes.h"

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
        status = quant_copy_bytes(spooled, &output->final.sink, error);
    quant_source_close(spooled);
    return status;
}

void quant_container_output_discard(struct quant_container_output *output)
{
    quant_output_discard(&output->spool);
    quant_output_discard(&output->final);
}
