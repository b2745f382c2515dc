/* SPDX-License-Identifier: MIT */
/* The elements of groups that lie far apart, read by position. */
#ifndef QUANT_ENGINE_TENSOR_SLICES_H
#define QUANT_ENGINE_TENSOR_SLICES_H

#include "base/grouping.h"
#include "formats/format.h"

/* Some groups of a panel that lie side by side: in each row of the panel, ncolumns * repeat
 * elements, or fewer if the last group of the row is narrower and among them. */
struct quant_slices {
    struct quant_reader *reader; /* borrowed; it can read by position */
    const struct quant_grouping *grouping;
    struct quant_panel panel;
    uint64_t column; /* of the first group, counted from the panel's */
    uint64_t ncolumns;
};

/* The panel's rows, and the elements of the groups in all of them. */
uint64_t quant_slices_rows(const struct quant_slices *slices);
uint64_t quant_slices_nelems(const struct quant_slices *slices);

/* Reads rows first..first+nrows one after the other, of each the elements of these groups.
 * stage is QUANT_STAGE_BYTES long. */
enum quant_status quant_slices_read(const struct quant_slices *slices, uint64_t first,
                                    uint64_t nrows, float *x, void *stage,
                                    struct quant_error *error);

/* A reader of one group, as of a tensor of one dimension. slices must outlive it. */
struct quant_slice_reader {
    struct quant_reader head;
    const struct quant_slices *slices;
};

void quant_slice_reader_init(struct quant_slice_reader *reader, const struct quant_slices *slices);

#endif
