/* SPDX-License-Identifier: MIT */
/* Each piece is summed by the thread that writes it; joining the sums takes a moment, under a lock.
 */
#include "engine/files/container_seal.h"

#include <stdlib.h>

#include "base/endian.h"
#include "base/error.h"
#include "io/crc_parts.h"

/* The tensor that has the byte at offset: the last one that does not begin after it. */
static size_t find(const struct quant_container_layout *layout, uint64_t offset)
{
    size_t from = 0;
    size_t to = layout->n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (layout->tensors[middle].data.offset <= offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from - 1;
}

static enum quant_status seals_write_at(struct quant_sink *sink, uint64_t offset, const void *bytes,
                                        size_t nbytes, struct quant_error *error)
{
    struct quant_container_seals *seals = (struct quant_container_seals *)sink;
    const size_t i = find(seals->layout, offset);
    const uint32_t crc = quant_crc(bytes, nbytes);
    const enum quant_status status =
        seals->target->ops->write_at(seals->target, offset, bytes, nbytes, error);
    if (status != QUANT_OK)
        return status;
    pthread_mutex_lock(&seals->mutex);
    const bool has_memory = quant_crc_parts_add(
        &seals->parts[i], offset - seals->layout->tensors[i].data.offset, nbytes, crc);
    pthread_mutex_unlock(&seals->mutex);
    return has_memory ? QUANT_OK : quant_error_no_memory(error, nbytes, "checksums");
}

static const struct quant_sink_ops seals_ops = {.write_at = seals_write_at};

enum quant_status quant_container_seals_open(struct quant_container_seals *seals,
                                             struct quant_sink *target,
                                             const struct quant_container_layout *layout,
                                             struct quant_error *error)
{
    seals->sink = (struct quant_sink){.ops = &seals_ops, .name = target->name};
    seals->target = target;
    seals->layout = layout;
    seals->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    seals->parts = calloc(layout->n + 1, sizeof *seals->parts);
    return seals->parts
               ? QUANT_OK
               : quant_error_no_memory(error, layout->n * sizeof *seals->parts, "checksums");
}

static enum quant_status write_seal(const struct quant_container_seals *seals, size_t i,
                                    struct quant_error *error)
{
    const struct quant_container_tensor *tensor = &seals->layout->tensors[i];
    const struct quant_container_seal *seal = &seals->layout->seals[i];
    unsigned char bytes[4];
    uint32_t crc;
    if (!quant_crc_parts_complete(&seals->parts[i], tensor->data.nbytes, &crc))
        return quant_sink_error(seals->target, error, QUANT_IO,
                                "the bytes of tensor '%.200s' were not written each once",
                                tensor->name);
    quant_store_32_little(bytes, quant_crc_join(seal->head_crc, crc, tensor->data.nbytes));
    enum quant_status status = QUANT_OK;
    for (size_t k = 0; status == QUANT_OK && k < sizeof seal->at / sizeof seal->at[0]; k++)
        status =
            seals->target->ops->write_at(seals->target, seal->at[k], bytes, sizeof bytes, error);
    return status;
}

enum quant_status quant_container_seals_write(const struct quant_container_seals *seals,
                                              struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < seals->layout->n; i++)
        status = write_seal(seals, i, error);
    return status;
}

void quant_container_seals_release(struct quant_container_seals *seals)
{
    for (size_t i = 0; seals->parts && i < seals->layout->n; i++)
        quant_crc_parts_release(&seals->parts[i]);
    if (seals->parts)
        pthread_mutex_destroy(&seals->mutex);
    free(seals->parts);
    seals->parts = NULL;
}
