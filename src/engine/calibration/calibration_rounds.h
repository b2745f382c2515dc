/* SPDX-License-Identifier: MIT */
/* Between calibration files and calibrators: a method is brought to where a file leaves it by
 * telling it again what its passes found. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATION_ROUNDS_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATION_ROUNDS_H

#include <quant/file.h>

#include "methods/calibrator.h"
#include "records/calibration_file.h"

/* What the calibration file takes of a spec, with the method's argument settled, and the other way,
 * for a file whose method is known: a checked spec. */
void quant_rounds_begin(struct quant_calibration_file *file, const struct quant_spec *spec);
struct quant_spec quant_rounds_spec(const struct quant_calibration_file *file);

/* Reads a file, which the caller releases also after an error, and checks that its method, for its
 * type, is one of this version. */
enum quant_status quant_rounds_load(const char *path, const struct quant_cancel *cancel,
                                    struct quant_calibration_file *file, struct quant_error *error);

/* What the file says was observed of all elements. */
struct quant_observed quant_rounds_observed(const struct quant_calibration_file *file);

/* A calibrator behind the passes of the file, in which something finite was observed; at name, for
 * the error. NULL: *status says why. */
struct quant_calibrator *quant_rounds_replay(const struct quant_calibration_file *file,
                                             const char *name, size_t nworkers,
                                             enum quant_status *status, struct quant_error *error);

/* The range becomes the moving average of the inputs' own; none where none of them has one. */
void quant_rounds_average(struct quant_calibration_file *file);

/* What a pass found, as the calibrator's gather left it; without sums where they are told already.
 * The caller frees what *findings owns by releasing the file that it is in. */
enum quant_status quant_rounds_record(const struct quant_calibrator *calibrator, bool has_sums,
                                      struct quant_findings *findings, struct quant_error *error);

/* Adds counts and raises maxima. False: no such pass finds them. */
bool quant_rounds_enter(struct quant_calibrator *calibrator, const struct quant_findings *findings);

/* What the file says, for the caller of the library. */
void quant_rounds_tell(const struct quant_calibration_file *file,
                       struct quant_calibrate_result *result);

#endif
