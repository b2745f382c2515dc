/* SPDX-License-Identifier: MIT */
/* What all sinks share. */
#include "base/sink.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

enum quant_status quant_sink_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                   struct quant_error *error)
{
    return nbytes > 0 ? sink->ops->write(sink, bytes, nbytes, error) : QUANT_OK;
}

enum quant_status quant_sink_write_pieces_at(struct quant_sink *sink, uint64_t offset,
                                             const struct quant_sink_piece *pieces, size_t n,
                                             struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (sink->ops->write_pieces_at)
        return sink->ops->write_pieces_at(sink, offset, pieces, n, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        status = sink->ops->write_at(sink, offset, pieces[i].bytes, pieces[i].nbytes, error);
        offset += pieces[i].nbytes;
    }
    return status;
}

void quant_sink_expect(struct quant_sink *sink, uint64_t nbytes)
{
    if (sink->ops->expect)
        sink->ops->expect(sink, nbytes);
}

enum quant_status quant_sink_error(const struct quant_sink *sink, struct quant_error *error,
                                   enum quant_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        error->status = status;
        quant_error_prefix(error, "cannot write", sink->name);
    }
    return status;
}
