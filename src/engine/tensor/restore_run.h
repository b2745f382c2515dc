/* SPDX-License-Identifier: MIT */
/*
 * One quantized tensor back to floats, measured against its original, or both, in one pass. Like
 * tensor_run.h it knows no paths, files or sidecars.
 *
 *     fill in the first part; begin; quant_tensor_output_open, if it has one; make_pass; read what
 *     was found; release.
 *
 * One scale or one for each group: each is a file that ends in one const struct quant_restore_ops.
 */
#ifndef QUANT_ENGINE_TENSOR_RESTORE_RUN_H
#define QUANT_ENGINE_TENSOR_RESTORE_RUN_H

#include "core/group_ranking.h"
#include "core/measure.h"
#include "engine/tensor/group_source.h"
#include "engine/tensor/tensor_output.h"
#include "engine/work/buffers.h"
#include "engine/work/pass_progress.h"
#include "io/checksum.h"

struct quant_restore_ops;

struct quant_restore_run {
    /* The caller's, all borrowed: */
    const struct quant_params *params;
    struct quant_group_source *groups; /* NULL: one scale, that of params */
    struct quant_reader *reader;       /* of the integers; its source is the checksum's */
    struct quant_checksum_source *checksum;
    struct quant_tensor *original;      /* to be measured against; NULL: not measured */
    struct quant_tensor_output *output; /* NULL: nothing is written */
    enum quant_dtype dtype;             /* of the floats that are written */
    const struct quant_shape *shape;    /* of both, nelems elements */
    enum quant_order order;
    uint64_t nelems;
    struct quant_progress *progress;
    struct quant_pool *pool;       /* NULL: the pass makes its threads, if it needs any */
    struct quant_buffers *buffers; /* one for each thread; they are made large enough */
    unsigned threads;              /* at least 1 */

    /* Found, if measured: */
    struct quant_measure measure;
    struct quant_group_ranking ranking;

    /* The run's own: */
    const struct quant_restore_ops *ops;
    unsigned workers;
    bool reads_by_position; /* the original too, if it is read */
};

enum quant_status quant_restore_run_begin(struct quant_restore_run *run, struct quant_error *error);

/* The checksum then holds the digest of the integers that were read. QUANT_CORRUPT if the original
 * ends before the integers. */
enum quant_status quant_restore_run_make_pass(struct quant_restore_run *run,
                                              struct quant_error *error);

/* Frees what the run owns. Fine on one whose own part is zeros. */
void quant_restore_run_release(struct quant_restore_run *run);

/* ---- One scale, or groups ---- */

struct quant_restore_ops {
    enum quant_status (*begin_measure)(struct quant_restore_run *run, struct quant_error *error);

    /* NULL: all workers, and no buffers besides those. */
    unsigned (*limit_workers)(const struct quant_restore_run *run);
    enum quant_status (*make_buffers)(struct quant_restore_run *run, struct quant_error *error);

    /* The chunk's scales, before the chunk is restored on the same worker. NULL: nothing to load.
     */
    enum quant_status (*load)(struct quant_restore_run *run, const struct quant_chunk *chunk,
                              struct quant_error *error);

    /* From the worker's q: measures against its x, and writes to its restored. */
    void (*restore)(struct quant_restore_run *run, const struct quant_chunk *chunk);

    /* In order, if measured. NULL: nothing. */
    void (*deliver)(struct quant_restore_run *run, const struct quant_chunk *chunk);
};

extern const struct quant_restore_ops quant_restore_whole;
extern const struct quant_restore_ops quant_restore_groups;

#endif
