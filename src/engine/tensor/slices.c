/* SPDX-License-Identifier: MIT */
/* Rows in pieces: where a piece is short, whole rows are read and the piece taken from them, since
 * a call costs as much as some thousand elements. */
#include "engine/tensor/slices.h"

#include <string.h>

enum {
    ROWS_AT_A_TIME = 8192, /* elements of whole rows, on the stack */
    SHORT_PIECE = 512
};

/* Elements of a row, which is all of the panel where a group has it for itself: that may be a short
 * one. */
static uint64_t width_of(const struct quant_slices *slices)
{
    return slices->grouping->ngroups == 1 ? slices->panel.nelems : slices->grouping->row;
}

static uint64_t start_of(const struct quant_slices *slices)
{
    return slices->column * slices->grouping->repeat;
}

/* Elements of the groups in a row. */
static uint64_t piece_of(const struct quant_slices *slices)
{
    const uint64_t left = width_of(slices) - start_of(slices);
    const uint64_t piece = slices->ncolumns * slices->grouping->repeat;
    return piece < left ? piece : left;
}

uint64_t quant_slices_rows(const struct quant_slices *slices)
{
    return slices->panel.nelems / width_of(slices);
}

uint64_t quant_slices_nelems(const struct quant_slices *slices)
{
    return quant_slices_rows(slices) * piece_of(slices);
}

static enum quant_status read_at(const struct quant_slices *slices, uint64_t first, float *x,
                                 uint64_t nelems, void *stage, struct quant_error *error)
{
    return slices->reader->ops->read_at(slices->reader, slices->panel.first + first, x,
                                        (size_t)nelems, stage, error);
}

static enum quant_status read_pieces(const struct quant_slices *slices, uint64_t first,
                                     uint64_t nrows, float *x, void *stage,
                                     struct quant_error *error)
{
    const uint64_t width = width_of(slices);
    const uint64_t start = start_of(slices);
    const uint64_t piece = piece_of(slices);
    enum quant_status status = QUANT_OK;
    for (uint64_t row = first; status == QUANT_OK && row < first + nrows; row++, x += piece)
        status = read_at(slices, row * width + start, x, piece, stage, error);
    return status;
}

static enum quant_status read_rows(const struct quant_slices *slices, uint64_t first,
                                   uint64_t nrows, float *x, void *stage, struct quant_error *error)
{
    float rows[ROWS_AT_A_TIME];
    const size_t width = (size_t)width_of(slices);
    const size_t start = (size_t)start_of(slices);
    const size_t piece = (size_t)piece_of(slices);
    const uint64_t most = ROWS_AT_A_TIME / width;
    while (nrows > 0) {
        const uint64_t n = nrows < most ? nrows : most;
        const enum quant_status status =
            read_at(slices, first * width, rows, n * width, stage, error);
        if (status != QUANT_OK)
            return status;
        for (size_t i = 0; i < n; i++, x += piece)
            memcpy(x, rows + i * width + start, piece * sizeof *x);
        first += n;
        nrows -= n;
    }
    return QUANT_OK;
}

enum quant_status quant_slices_read(const struct quant_slices *slices, uint64_t first,
                                    uint64_t nrows, float *x, void *stage,
                                    struct quant_error *error)
{
    const uint64_t width = width_of(slices);
    const uint64_t piece = piece_of(slices);
    if (piece == width)
        return read_at(slices, first * width, x, nrows * width, stage, error);
    return piece < SHORT_PIECE && width <= ROWS_AT_A_TIME
               ? read_rows(slices, first, nrows, x, stage, error)
               : read_pieces(slices, first, nrows, x, stage, error);
}

/* ---- One group as a tensor ---- */

static enum quant_status slice_read_at(struct quant_reader *reader, uint64_t first, void *elements,
                                       size_t nelems, void *stage, struct quant_error *error)
{
    const struct quant_slices *slices = ((struct quant_slice_reader *)reader)->slices;
    const uint64_t piece = piece_of(slices);
    float *x = elements;
    while (nelems > 0) {
        const uint64_t row = first / piece;
        const uint64_t inside = first % piece;
        enum quant_status status;
        uint64_t n = nelems / piece * piece;
        if (inside > 0 || n == 0) { /* a part of a row */
            n = piece - inside < nelems ? piece - inside : nelems;
            status = read_at(slices, row * width_of(slices) + start_of(slices) + inside, x, n,
                             stage, error);
        } else {
            status = quant_slices_read(slices, row, n / piece, x, stage, error);
        }
        if (status != QUANT_OK)
            return status;
        first += n;
        x += n;
        nelems -= (size_t)n;
    }
    return QUANT_OK;
}

static enum quant_status slice_rewind(struct quant_reader *reader, struct quant_error *error)
{
    (void)reader;
    (void)error;
    return QUANT_OK; /* it has no place of its own */
}

static const struct quant_reader_ops slice_ops = {.read_at = slice_read_at, .rewind = slice_rewind};

void quant_slice_reader_init(struct quant_slice_reader *reader, const struct quant_slices *slices)
{
    reader->head = *slices->reader;
    reader->head.ops = &slice_ops;
    reader->head.nelems = quant_slices_nelems(slices);
    reader->head.shape = (struct quant_shape){.ndim = 1, .dims = {reader->head.nelems}};
    reader->slices = slices;
}
