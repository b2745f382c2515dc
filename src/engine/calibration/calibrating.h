/* SPDX-License-Identifier: MIT */
/* One call of quant_file_calibrate, from opening its inputs to the file that is written. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATING_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATING_H

#include "engine/calibration/calibration_inputs.h"
#include "io/io.h"
#include "methods/calibrator.h"
#include "records/calibration_file.h"

struct quant_calibrating {
    const struct quant_calibrate_job *job;
    const struct quant_wanted *wanted;
    struct quant_error *error;
    struct quant_plan plan;
    struct quant_inputs inputs;
    uint64_t *counts;  /* owned: elements of each input, once it was observed */
    uint64_t *digests; /* owned, where a part is made: of the elements of each input */
    struct quant_observed observed;
    struct quant_calibrator *calibrator; /* owned, while passes go on */
    double *totals;                      /* where an input's sums go; NULL: not wanted */
    struct quant_calibration_file file;  /* what will be written */
    struct quant_file_output output;
};

/* Checks the job, reads the file that it continues from, and opens the output and the inputs. job,
 * wanted and error are set, the rest is as QUANT_CALIBRATING_INIT leaves it. */
#define QUANT_CALIBRATING_INIT .observed = QUANT_OBSERVED_INIT, .output = {.fd = -1}
enum quant_status quant_calibrating_open(struct quant_calibrating *run);

/* Puts the file in its place, if an output is wanted. */
enum quant_status quant_calibrating_commit(struct quant_calibrating *run);

/* Also after an error. */
void quant_calibrating_close(struct quant_calibrating *run);

#endif
