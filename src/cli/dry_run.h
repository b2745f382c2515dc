/* SPDX-License-Identifier: MIT */
/*
 * The listing of --dry-run: what would be written, how large, by which plan, and whether it fits.
 *
 *     w.npy -> w.int8.npy: float32 [64, 32] to int8, absmax, minmax, 1 scale: 2176 bytes
 *     total: 1 file, 2176 bytes, sidecars not counted; it fits: 45.6 GB available
 */
#ifndef QUANT_CLI_DRY_RUN_H
#define QUANT_CLI_DRY_RUN_H

#include <quant/dry_run.h>
#include <stdio.h>

#include "cli/batch.h"
#include "cli/report_options.h"
#include "cli/targets.h"
#include "cli/way_options.h"

struct dry_run_disk;

/* Fill in the first part; all else is zeros. */
struct dry_run {
    const struct targets *targets;
    const struct way_options *ways;
    const struct report_options *report; /* its kind is that of the listing */
    void *context;

    /* Calls the library. */
    enum quant_status (*run)(void *context, const struct quant_control *control,
                             struct quant_error *error);

    /* Called for each tensor of a container, and for each file of one tensor, whose name is its
     * path. NULL: not at all. */
    void (*see)(void *context, const char *name, bool is_mapped);

    bool is_json;

    char *tensors; /* owned: lines of the container at work */
    size_t tensors_nbytes;
    FILE *lines;                /* writes to tensors */
    char *plan;                 /* owned: of its first mapped tensor; "": they have several */
    struct dry_run_disk *disks; /* owned: ndisks of them */
    size_t ndisks;
    size_t ndone; /* files that would be written */
    size_t nfailed;
    size_t ncomplete; /* files that --resume leaves alone */
    size_t nunsized;  /* of those, the ones whose size is not known */
    size_t ntensors;  /* of containers */
    size_t ncopied;
    bool has_container;
    uint64_t nbytes;
};

/* Does the dry run and prints the listing. Returns an exit status; EXIT_FAILED too if what would be
 * written does not fit. */
int dry_run_files(struct dry_run *dry, const struct batch_options *options);

void dry_run_release(struct dry_run *dry);

#endif
