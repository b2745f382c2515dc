/* SPDX-License-Identifier: MIT */
/* One file that is verified. */
#ifndef QUANT_ENGINE_FILES_VERIFY_RUN_H
#define QUANT_ENGINE_FILES_VERIFY_RUN_H

#include "engine/files/against_partner.h"
#include "engine/files/dequantize_inputs.h"
#include "engine/files/verify_findings.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"
#include "records/sidecar_tensors.h"

struct quant_verify_run {
    /* The caller's, all borrowed: */
    const struct quant_file *file;
    const struct quant_control *control;
    const struct quant_input *against; /* path NULL: nothing, or the partner's checkpoint alone */
    struct quant_against_directory *directory; /* that against is one of; NULL: it is the file */
    const char *name;                          /* as in struct quant_against_subject */
    const struct quant_selection *selection;
    struct quant_pool *pool;
    struct quant_findings *findings; /* of the file, and of its only tensor */
    struct quant_verified *verified; /* filled in, but for the faults */
    struct quant_error *error;       /* of what ends the work on the file */

    /* The run's own: */
    struct quant_progress progress;
    struct quant_error of_tensor; /* the first fault of a tensor of a container */
    const char *path;             /* of the data: the file's, or path_owned */
    char *path_owned;             /* owned */
    const char *sidecar_path;
    struct dequantization *pair;          /* data and sidecar */
    struct quant_against_partner partner; /* in the directory */
    struct quant_input partner_input;     /* the same: against, once it has been looked for */
};

/* Checks the file whose sidecar is that of a container, the head of which has been read. */
enum quant_status quant_verify_container(struct quant_verify_run *run,
                                         struct quant_sidecar_reader *reader);

/* Checks a file, whatever it is, and reports the tensors of a container. What is wrong is in the
 * findings. Errors: QUANT_CANCELLED, QUANT_NO_MEMORY. */
enum quant_status quant_verify_file(struct quant_verify_run *run);

#endif
