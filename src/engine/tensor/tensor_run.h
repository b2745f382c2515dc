/* SPDX-License-Identifier: MIT */
/*
 * One tensor through its passes: its range is found, its parameters are chosen, its elements are
 * mapped, measured and handed to an output. Nothing here knows paths, files or sidecars, so the
 * same run serves a file of one tensor, a tensor of a container, and a comparison, which writes
 * nothing.
 *
 *     fill in the first part; begin; quant_tensor_output_open, if it has one; make_passes; read
 * what was found; release.
 *
 * How elements get from the reader to their integers is one of the ways of map.h.
 */
#ifndef QUANT_ENGINE_TENSOR_TENSOR_RUN_H
#define QUANT_ENGINE_TENSOR_TENSOR_RUN_H

#include "core/group_ranking.h"
#include "core/measure.h"
#include "core/plan.h"
#include "engine/tensor/scan.h"
#include "engine/tensor/tensor_output.h"

struct quant_given_groups;
struct quant_map_ops;

struct quant_tensor_run {
    /* The caller's, all borrowed: */
    const struct quant_plan *plan;
    struct quant_given_groups *given; /* the parameters of all groups; NULL: they are found */
    const struct quant_cancel *cancel;
    struct quant_tensor *tensor;        /* at its first element; by position if it has groups */
    struct quant_tensor_output *output; /* NULL: nothing is written */
    struct quant_progress *progress;
    struct quant_pool *pool;       /* NULL: each pass makes its threads, if it needs any */
    struct quant_buffers *buffers; /* one for each thread; they are made large enough */
    unsigned threads;              /* at least 1 */
    bool measures;
    bool must_scan; /* before anything is written: the output needs to know the shape, or cannot be
                     * taken back if an element is refused */
    bool has_one_policy; /* elements that are not finite are refused, and the caller has no option
                          * that would let them through */

    /* Found: */
    struct quant_grouping grouping; /* of one group if the tensor has one scale */
    struct quant_observed observed;
    struct quant_choice choice; /* with groups: what all of them have in common */
    struct quant_measure measure;
    struct quant_group_notes notes;     /* with groups */
    struct quant_group_ranking ranking; /* with groups, if measured */

    /* The run's own: */
    const struct quant_map_ops *map;
    void *map_state;                  /* owned */
    struct quant_given_groups *known; /* with room for the parameters of all groups, if the map
                                       * needs them before its pass: given, or the map's own */
    unsigned workers;
    bool scans_first;
    bool is_loaded; /* by the scan: all elements are one chunk, in the first worker's buffers */
    bool reads_by_position;
};

/* Chooses the way through the tensor. Errors: QUANT_INVALID if its shape cannot be grouped so. */
enum quant_status quant_tensor_run_begin(struct quant_tensor_run *run, struct quant_error *error);

/* Finds the range if one is needed, chooses the parameters, maps the elements. */
enum quant_status quant_tensor_run_make_passes(struct quant_tensor_run *run,
                                               struct quant_error *error);

/* The figures of what was mapped, with measures. */
void quant_tensor_run_report(const struct quant_tensor_run *run, struct quant_report *report);

/* Fills in all of *result, after the passes; the report and the worst groups with measures. */
void quant_tensor_run_result(const struct quant_tensor_run *run,
                             struct quant_quantize_result *result);

/* Frees what the run owns. Fine on one whose own part is zeros. */
void quant_tensor_run_release(struct quant_tensor_run *run);

/* ---- For the ways of map.h ---- */

/* QUANT_NONFINITE as quant_check_finite says, by what the run has observed. */
enum quant_status quant_tensor_run_check_finite(const struct quant_tensor_run *run,
                                                struct quant_error *error);

/* A scan of the run's tensor. */
struct quant_scan quant_tensor_run_scan(struct quant_tensor_run *run);

/* A scan that only observes and checks, of a tensor with groups whose parameters do not need it. */
enum quant_status quant_tensor_run_observe(struct quant_tensor_run *run, struct quant_error *error);

#endif
