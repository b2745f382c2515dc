/* SPDX-License-Identifier: MIT */
/*
 * The ways through a tensor that is quantized:
 *
 *     whole  one scale. A scan finds the range, unless it is given; a second pass maps.
 *     near   the elements of a group are within a stretch of one chunk: one pass loads each chunk
 *            with the whole panels around it, finds the parameters of their groups, and maps.
 *            Workers on both sides of a border find the same parameters from the same elements.
 *     far    they are farther apart, or many: passes over the tensor find all parameters first.
 *     given  the parameters of all groups are known: one pass maps.
 *
 * To add one: a file map_NAME.c that ends in one const struct quant_map_ops, declared here, and a
 * case in quant_tensor_run_begin.
 */
#ifndef QUANT_ENGINE_TENSOR_MAP_H
#define QUANT_ENGINE_TENSOR_MAP_H

#include "engine/work/chunks.h"

struct quant_tensor_run;

/* Called in this order; scan only if run->scans_first. Then load, map and deliver for each chunk:
 * the first two on any worker, deliver in order. */
struct quant_map_ops {
    const char *name;

    /* Sets run->scans_first, and whatever is needed before buffers are made. */
    enum quant_status (*begin)(struct quant_tensor_run *run, struct quant_error *error);

    /* The elements that a worker's buffers hold at most. */
    size_t (*capacity)(const struct quant_tensor_run *run);

    /* How many of run->workers have memory for what each needs; NULL: all. */
    unsigned (*limit_workers)(const struct quant_tensor_run *run);

    /* NULL: none besides those. */
    enum quant_status (*make_buffers)(struct quant_tensor_run *run, struct quant_error *error);

    /* All passes before the one that maps: fills in run->observed. */
    enum quant_status (*scan)(struct quant_tensor_run *run, struct quant_error *error);

    /* Fills in run->choice, and begins run->measure. */
    enum quant_status (*choose)(struct quant_tensor_run *run, struct quant_error *error);

    enum quant_status (*load)(struct quant_tensor_run *run, struct quant_chunk *chunk,
                              struct quant_error *error);

    /* Makes integers at the worker's q, measures them, and, if there was no scan, observes. */
    enum quant_status (*map)(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                             struct quant_error *error);

    /* Hands over the scales of groups that begin in the chunk. NULL: none exist yet. */
    enum quant_status (*deliver)(struct quant_tensor_run *run, const struct quant_chunk *chunk,
                                 struct quant_error *error);

    void (*release)(struct quant_tensor_run *run); /* NULL: nothing to free */
};

extern const struct quant_map_ops quant_map_whole;
extern const struct quant_map_ops quant_map_near;
extern const struct quant_map_ops quant_map_far;
extern const struct quant_map_ops quant_map_given;

#endif
