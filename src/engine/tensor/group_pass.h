/* SPDX-License-Identifier: MIT */
/*
 * Quantizing with a scale for each group. There are two ways:
 *
 *     near   a group's elements lie in a short panel: the pass that quantizes a chunk finds the
 *            parameters of its panels first. It loads the panels whole, so that neighbours both
 *            find those of one that lies across the border between them, and the same ones.
 *     far    they lie far apart, or are many: passes over the tensor find all parameters before.
 */
#ifndef QUANT_ENGINE_TENSOR_GROUP_PASS_H
#define QUANT_ENGINE_TENSOR_GROUP_PASS_H

#include "base/grouping.h"
#include "core/measure.h"
#include "core/measure_groups.h"
#include "engine/tensor/group_store.h"
#include "engine/tensor/scan.h"
#include "methods/group_calibration.h"

/* What each worker has of its own, beside its workbench. */
struct quant_group_bench {
    size_t lead;                                /* elements of the window before the chunk */
    struct quant_panel panels;                  /* the window's first */
    uint64_t npanels;                           /* and how many */
    struct quant_group_params params;           /* near: of the window's groups */
    struct quant_extremes extremes;             /* near: of the same */
    float *scratch;                             /* near: room for a group's elements */
    struct quant_calibration_bench calibration; /* near */
    struct quant_group_sums *sums;              /* where a report is made */
    struct quant_observed observed;             /* of the chunk */
    struct quant_group_notes notes; /* near: of the window, without the panel before it */
};

struct quant_group_pass {
    const struct quant_spec *spec;
    const struct quant_cancel *cancel; /* looked at from group to group, which may take long */
    struct quant_grouping grouping;
    struct quant_group_calibration calibration;
    bool is_near;
    struct quant_group_params all; /* far: of all groups */
    struct quant_group_bench *benches;
    unsigned nbenches;
    struct quant_group_notes notes;
    bool measures;
    struct quant_group_ranking ranking;
};

/* Elements of a chunk with all panels that it has a part of. */
size_t quant_group_window(const struct quant_group_pass *pass);

/* The job, whose spec quant_group_spec_check accepts, must outlive the pass. The reader is one by
 * position. */
enum quant_status quant_group_pass_init(struct quant_group_pass *pass,
                                        const struct quant_quantize_job *job,
                                        const struct quant_reader *reader,
                                        struct quant_error *error);
enum quant_status quant_group_pass_make_benches(struct quant_group_pass *pass, unsigned count,
                                                bool measures, struct quant_error *error);
void quant_group_pass_release(struct quant_group_pass *pass);

/* Far: finds all parameters, and what is observed on the way. */
enum quant_status quant_group_pass_scan(struct quant_group_pass *pass,
                                        const struct quant_scan *scan,
                                        struct quant_observed *observed, struct quant_error *error);

/* QUANT_CANCELLED where that is so. */
enum quant_status quant_group_pass_check_cancelled(const struct quant_group_pass *pass,
                                                   struct quant_error *error);

/* ---- The steps of the pass that quantizes, for a worker's chunk ---- */

/* Loads the chunk into bench->x, from lead on. */
enum quant_status quant_group_pass_load(struct quant_group_pass *pass, struct quant_reader *reader,
                                        const struct quant_chunk *chunk,
                                        struct quant_workbench *bench, struct quant_error *error);

/* Near: finds the parameters of the window's groups, and observes the chunk. */
enum quant_status quant_group_pass_calibrate(struct quant_group_pass *pass,
                                             const struct quant_chunk *chunk, const float *x,
                                             struct quant_error *error);

/* What the chunk's mapping and its report need. */
struct quant_group_part quant_group_pass_part(const struct quant_group_pass *pass,
                                              const struct quant_chunk *chunk);

/* In order: hands over what was found of the groups that begin in the chunk. store NULL: nobody
 * keeps it. */
enum quant_status quant_group_pass_deliver(struct quant_group_pass *pass,
                                           const struct quant_chunk *chunk,
                                           struct quant_group_store *store,
                                           struct quant_error *error);

#endif
