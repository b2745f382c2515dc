/* SPDX-License-Identifier: MIT */
/* Copying through memory, because the bytes are hashed on the way. */
#include "engine/files/tensor_copy.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/error.h"

enum { STEP = 256 << 10 };

static enum quant_status copy_steps(struct quant_source *source, const struct quant_extent *from,
                                    struct quant_sink *sink, uint64_t to, unsigned char *bytes,
                                    XXH3_state_t *state, struct quant_error *error)
{
    for (uint64_t done = 0; done < from->nbytes;) {
        const uint64_t left = from->nbytes - done;
        const size_t n = left < STEP ? (size_t)left : STEP;
        enum quant_status status =
            quant_source_read_exactly(source, from->offset + done, bytes, n, error);
        if (status == QUANT_OK && sink)
            status = sink->ops->write_at(sink, to + done, bytes, n, error);
        if (status != QUANT_OK)
            return status;
        XXH3_64bits_update(state, bytes, n);
        done += n;
    }
    return QUANT_OK;
}

enum quant_status quant_tensor_copy(struct quant_source *source, const struct quant_extent *from,
                                    struct quant_sink *sink, uint64_t to, uint64_t *digest,
                                    struct quant_error *error)
{
    const size_t room = from->nbytes < STEP ? (size_t)from->nbytes + 1 : STEP;
    unsigned char *bytes = malloc(room);
    XXH3_state_t *state = XXH3_createState();
    enum quant_status status = QUANT_OK;
    if (bytes && state) {
        XXH3_64bits_reset(state);
        status = copy_steps(source, from, sink, to, bytes, state, error);
        *digest = XXH3_64bits_digest(state);
    } else {
        status = quant_error_no_memory(error, room, "buffers");
    }
    XXH3_freeState(state);
    free(bytes);
    return status;
}
