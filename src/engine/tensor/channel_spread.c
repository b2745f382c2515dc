/* SPDX-License-Identifier: MIT */
#include "engine/tensor/channel_spread.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grouping.h"
#include "methods/extremes.h"
#include "methods/float_keys.h"

/* Each takes 8 bytes, and as many for each worker. */
enum { MOST_CHANNELS = 1 << 18 };

enum quant_status quant_channels_begin(struct quant_channels *channels,
                                       const struct quant_reader *reader, unsigned workers,
                                       struct quant_error *error)
{
    const struct quant_granularity granularity = {.has_axis = true};
    struct quant_grouping *grouping = &channels->grouping;
    if (reader->shape.ndim < 2 || reader->shape.dims[0] < 2 ||
        reader->shape.dims[0] > MOST_CHANNELS || reader->nelems == 0)
        return QUANT_OK;
    enum quant_status status =
        quant_grouping_make(&granularity, &reader->shape, reader->order, grouping, error);
    if (status != QUANT_OK)
        return status;
    const size_t count = (size_t)grouping->count;
    const uint64_t most = quant_groups_most(grouping, QUANT_CHUNK);
    channels->room = most < count ? (size_t)most : count;
    channels->min = malloc(2 * count * sizeof *channels->min);
    channels->parts = malloc(2 * channels->room * workers * sizeof *channels->parts);
    if (!channels->min || !channels->parts)
        return quant_error_no_memory(error, 2 * count * sizeof *channels->min, "channels");
    channels->max = channels->min + count;
    quant_extremes_clear(&(struct quant_extremes){0, channels->min, channels->max}, count);
    return QUANT_OK;
}

/* The channels of a chunk: all of the panels that it has elements of. */
static struct quant_extremes part_of(const struct quant_channels *channels,
                                     const struct quant_chunk *chunk, uint64_t *n)
{
    const struct quant_grouping *grouping = &channels->grouping;
    float *min = channels->parts + 2 * channels->room * chunk->worker;
    const uint64_t last = chunk->first + chunk->count - 1;
    const struct quant_panel first =
        quant_panel_at(grouping, quant_panel_of(grouping, chunk->first));
    const struct quant_panel end = quant_panel_at(grouping, quant_panel_of(grouping, last));
    *n = end.first_group + grouping->ngroups - first.first_group;
    return (struct quant_extremes){first.first_group, min, min + channels->room};
}

void quant_channels_take(struct quant_channels *channels, const struct quant_chunk *chunk,
                         const float *x)
{
    uint64_t n;
    if (!channels->min || chunk->count == 0)
        return;
    const struct quant_extremes part = part_of(channels, chunk, &n);
    quant_extremes_clear(&part, n);
    quant_extremes_add(&part, &channels->grouping, chunk->first, x, chunk->count);
}

void quant_channels_join(struct quant_channels *channels, const struct quant_chunk *chunk)
{
    uint64_t n;
    if (!channels->min || chunk->count == 0)
        return;
    const struct quant_extremes part = part_of(channels, chunk, &n);
    for (uint64_t i = 0; i < n; i++) {
        float *min = &channels->min[part.first + i];
        float *max = &channels->max[part.first + i];
        *min = part.min[i] < *min ? part.min[i] : *min;
        *max = part.max[i] > *max ? part.max[i] : *max;
    }
}

/* Magnitudes are not negative, so their bits have the order of the numbers: they are sorted as
 * keys. */
enum quant_status quant_channels_spread(const struct quant_channels *channels,
                                        struct quant_channel_spread *spread,
                                        struct quant_error *error)
{
    const size_t count = (size_t)channels->grouping.count;
    *spread = (struct quant_channel_spread){.count = 0};
    if (!channels->min)
        return QUANT_OK;
    uint32_t *keys = malloc(2 * count * sizeof *keys);
    if (!keys)
        return quant_error_no_memory(error, 2 * count * sizeof *keys, "channels");
    for (size_t i = 0; i < count; i++) {
        const bool is_empty = channels->min[i] > channels->max[i];
        keys[i] = quant_key(is_empty ? 0 : fmaxf(fabsf(channels->min[i]), fabsf(channels->max[i])));
    }
    const uint32_t *sorted = quant_keys_sort(keys, count, keys + count);
    *spread = (struct quant_channel_spread){.count = count,
                                            .min = quant_key_value(sorted[0]),
                                            .median = quant_key_value(sorted[(count - 1) / 2]),
                                            .max = quant_key_value(sorted[count - 1])};
    free(keys);
    return QUANT_OK;
}

void quant_channels_release(struct quant_channels *channels)
{
    free(channels->min);
    free(channels->parts);
    *channels = (struct quant_channels){.min = NULL};
}
