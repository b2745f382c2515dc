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

/* What is compared instead of written is not opened here, and ends at the first byte that differs.
 */
static enum quant_status gather(struct quant_container_output *output,
                                const struct quant_container_layout *layout,
                                struct quant_error *error)
{
    if (!output->final.sink.ops)
        return QUANT_OK;
    struct quant_sink *target = output->sink;
    output->sink = &output->gather.sink;
    return quant_gather_sink_open(&output->gather, target, layout->nbytes, error);
}

enum quant_status quant_container_output_begin(struct quant_container_output *output,
                                               const struct quant_container_layout *layout,
                                               struct quant_error *error)
{
    const struct quant_extent whole = {0, layout->header_nbytes};
    const struct quant_extent *pieces = layout->pieces ? layout->pieces : &whole;
    const size_t npieces = layout->pieces ? layout->npieces : 1;
    const unsigned char *bytes = layout->header;
    enum quant_status status = gather(output, layout, error);
    struct quant_sink *sink = output->sink;
    quant_sink_expect(sink, layout->nbytes);
    for (size_t i = 0; status == QUANT_OK && i < npieces; i++) {
        status =
            sink->ops->write_at(sink, pieces[i].offset, bytes, (size_t)pieces[i].nbytes, error);
        bytes += pieces[i].nbytes;
    }
    if (status != QUANT_OK || !layout->seals)
        return status;
    output->sink = &output->seals.sink;
    return quant_container_seals_open(&output->seals, sink, layout, error);
}

enum quant_status quant_container_output_finish(struct quant_container_output *output,
                                                struct quant_error *error)
{
    struct quant_source *spooled = NULL;
    enum quant_status status =
        output->seals.parts ? quant_container_seals_write(&output->seals, error) : QUANT_OK;
    if (status == QUANT_OK && output->gather.target)
        status = quant_gather_sink_flush(&output->gather, error);
    if (status != QUANT_OK || output->spool.fd < 0)
        return status;
    status = quant_spool_finish(&output->spool, &spooled, error);
    if (status == QUANT_OK)
        status = quant_copy_bytes(spooled, &output->final.sink, error);
    quant_source_close(spooled);
    return status;
}

void quant_container_output_discard(struct quant_container_output *output)
{
    quant_container_seals_release(&output->seals);
    quant_gather_sink_release(&output->gather);
    quant_output_discard(&output->spool);
    quant_output_discard(&output->final);
}
