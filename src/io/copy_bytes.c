/* SPDX-License-Identifier: MIT */
/* Copying through one buffer. */
#include "io/copy_bytes.h"

#include <stdlib.h>

#include "base/error.h"

enum { COPY_STEP = 256 << 10 };

enum quant_status quant_copy_bytes(struct quant_source *source, struct quant_sink *sink,
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
