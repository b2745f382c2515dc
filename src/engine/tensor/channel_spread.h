/* SPDX-License-Identifier: MIT */
/* The largest magnitude of each slice of axis 0, and how they are spread. */
#ifndef QUANT_ENGINE_TENSOR_CHANNEL_SPREAD_H
#define QUANT_ENGINE_TENSOR_CHANNEL_SPREAD_H

#include <quant/inspect.h>

#include "engine/work/chunks.h"
#include "formats/format.h"

/* All zeros: the tensor has no channels. */
struct quant_channels {
    struct quant_grouping grouping;
    float *min; /* owned: of each channel */
    float *max;
    float *parts; /* owned: for each worker, those of its chunk */
    size_t room;  /* channels of a part */
};

/* Does nothing if the tensor has fewer than two dimensions or slices, no elements, or too many
 * slices. Its shape is known. */
enum quant_status quant_channels_begin(struct quant_channels *channels,
                                       const struct quant_reader *reader, unsigned workers,
                                       struct quant_error *error);

/* In a pass over the elements: the chunk's elements at x, on any worker; then join, in order. */
void quant_channels_take(struct quant_channels *channels, const struct quant_chunk *chunk,
                         const float *x);
void quant_channels_join(struct quant_channels *channels, const struct quant_chunk *chunk);

/* After the pass. A channel without a finite element counts as 0. */
enum quant_status quant_channels_spread(const struct quant_channels *channels,
                                        struct quant_channel_spread *spread,
                                        struct quant_error *error);

void quant_channels_release(struct quant_channels *channels);

#endif
