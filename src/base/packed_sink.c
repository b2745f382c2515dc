/* SPDX-License-Identifier: MIT */
/* Bytes are gathered, padding with them, and written some thousands at a time. */
#include "base/packed_sink.h"

#include <string.h>

enum { STAGE = 16 << 10 };

struct stage {
    struct quant_packed_sink *packed;
    uint64_t at; /* in the target, of the first byte */
    size_t n;
    unsigned char bytes[STAGE];
};

static enum quant_status flush(struct stage *stage, struct quant_error *error)
{
    struct quant_sink *target = stage->packed->target;
    const size_t n = stage->n;
    stage->n = 0;
    stage->at += n;
    return n == 0 ? QUANT_OK : target->ops->write_at(target, stage->at - n, stage->bytes, n, error);
}

static enum quant_status put_padding(struct stage *stage, uint64_t n, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && n > 0) {
        if (stage->n == STAGE)
            status = flush(stage, error);
        const size_t room = STAGE - stage->n;
        const size_t some = n < room ? (size_t)n : room;
        memset(stage->bytes + stage->n, 0, some);
        stage->n += some;
        n -= some;
    }
    return status;
}

/* ---- By position ---- */

static enum quant_status put_bytes(struct stage *stage, const unsigned char *bytes, size_t n,
                                   struct quant_error *error)
{
    const unsigned char flip = stage->packed->packing.flip;
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && n > 0) {
        if (stage->n == STAGE)
            status = flush(stage, error);
        const size_t room = STAGE - stage->n;
        const size_t some = n < room ? n : room;
        for (size_t i = 0; i < some; i++)
            stage->bytes[stage->n + i] = bytes[i] ^ flip;
        stage->n += some;
        bytes += some;
        n -= some;
    }
    return status;
}

static enum quant_status packed_write_at(struct quant_sink *sink, uint64_t offset,
                                         const void *bytes, size_t nbytes,
                                         struct quant_error *error)
{
    struct quant_packed_sink *packed = (struct quant_packed_sink *)sink;
    const struct quant_packing *packing = &packed->packing;
    const uint64_t row = packing->columns * packing->bits / 8;
    const unsigned char *from = bytes;
    enum quant_status status = QUANT_OK;
    struct stage stage;
    if (nbytes == 0)
        return QUANT_OK;
    uint64_t column = offset % row;
    stage.packed = packed;
    stage.at = packed->offset + offset / row * packing->row_bytes + column;
    stage.n = 0;
    while (status == QUANT_OK && nbytes > 0) {
        const size_t n = nbytes < row - column ? nbytes : (size_t)(row - column);
        status = put_bytes(&stage, from, n, error);
        column += n;
        if (status == QUANT_OK && column == row) {
            status = put_padding(&stage, packing->row_bytes - row, error);
            column = 0;
        }
        from += n;
        nbytes -= n;
    }
    return status == QUANT_OK ? flush(&stage, error) : status;
}

static const struct quant_sink_ops positional_ops = {.write_at = packed_write_at};

/* ---- In order ---- */

/* The next element, of 4 bits. */
static enum quant_status put_half(struct stage *stage, unsigned q, struct quant_error *error)
{
    struct quant_packed_sink *packed = stage->packed;
    const struct quant_packing *packing = &packed->packing;
    const uint64_t column = packed->done++ % packing->columns;
    const bool is_last = column == packing->columns - 1;
    const unsigned char half = (unsigned char)((q ^ packing->flip) & 15U);
    enum quant_status status = QUANT_OK;
    if (column % 2 == 0)
        packed->half = half;
    if (column % 2 == 0 && !is_last)
        return QUANT_OK;
    if (stage->n == STAGE)
        status = flush(stage, error);
    stage->bytes[stage->n++] =
        (unsigned char)(column % 2 == 0 ? half : packed->half | (unsigned)half << 4);
    if (status == QUANT_OK && is_last)
        status = put_padding(stage, packing->row_bytes - (packing->columns + 1) / 2, error);
    return status;
}

static enum quant_status packed_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                      struct quant_error *error)
{
    struct quant_packed_sink *packed = (struct quant_packed_sink *)sink;
    const struct quant_packing *packing = &packed->packing;
    const unsigned char *from = bytes;
    enum quant_status status = QUANT_OK;
    struct stage stage;
    stage.packed = packed;
    stage.at = packed->offset;
    stage.n = 0;
    if (nbytes > 0)
        stage.at += packed->done / packing->columns * packing->row_bytes +
                    packed->done % packing->columns / 2;
    for (size_t i = 0; status == QUANT_OK && i < nbytes; i++) {
        status = put_half(&stage, from[i] & 15U, error);
        if (status == QUANT_OK && packed->done < packed->nelems)
            status = put_half(&stage, from[i] >> 4, error);
    }
    return status == QUANT_OK ? flush(&stage, error) : status;
}

static const struct quant_sink_ops ordered_ops = {.write = packed_write};

/* ---- Opening ---- */

void quant_packed_sink_open(struct quant_packed_sink *packed, struct quant_sink *target,
                            uint64_t offset, const struct quant_packing *packing, uint64_t nelems)
{
    const bool in_order = quant_packing_splits_bytes(packing);
    *packed = (struct quant_packed_sink){
        .sink = {.ops = in_order ? &ordered_ops : &positional_ops, .name = target->name},
        .target = target,
        .offset = offset,
        .packing = *packing,
        .nelems = nelems,
    };
}
