/* SPDX-License-Identifier: MIT */
/* Between calibration files and calibrators: a method is brought to where a file leaves it by
 * replaying what its passes found. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATION_ROUNDS_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATION_ROUNDS_H

#include <quant/file.h>

#include "methods/calibrator.h"
#include "records/calibration_file.h"

/* Sets what the calibration file has of a spec and of the plan that was made of it, and the other
 * way: the plan of a file that quant_rounds_load has read. It saturates elements that are not
 * finite. */
void quant_rounds_begin(struct quant_calibration_file *file, const struct quant_spec *spec,
                        const struct quant_plan *plan);
struct quant_plan quant_rounds_plan(const struct quant_calibration_file *file);

/* Reads a file, which the caller releases also after an error, and checks that its method, for its
 * type, is one of this version. */
enum quant_status quant_rounds_load(const char *path, const struct quant_cancel *cancel,
                                    struct quant_calibration_file *file, struct quant_error *error);

/* What the file says was observed of all elements. */
struct quant_observed quant_rounds_observed(const struct quant_calibration_file *file);

/* A calibrator that has made the passes of the file, in which something finite was observed; at
 * name, for the error. NULL: *status says why. */
struct quant_calibrator *quant_rounds_replay(const struct quant_calibration_file *file,
                                             const char *name, size_t nworkers,
                                             enum quant_status *status, struct quant_error *error);

/* Moves an average by the range of the next input. Without one yet, it becomes that range. */
void quant_rounds_average_one(double ema, bool has_average, const double own[2], double average[2]);

/* The range becomes the moving average of the inputs' own; none where none of them has one. */
void quant_rounds_average(struct quant_calibration_file *file);

/* What a pass found, as the calibrator's gather left it; without sums where they are known already.
 * The caller frees what *findings owns by releasing the file that it is in. */
enum quant_status quant_rounds_record(const struct quant_calibrator *calibrator, bool has_sums,
                                      struct quant_findings *findings, struct quant_error *error);

/* Adds counts and raises maxima. False: no such pass finds them. */
bool quant_rounds_enter(struct quant_calibrator *calibrator, const struct quant_findings *findings);

/* What the file says, for the caller of the library. */
void quant_rounds_tell(const struct quant_calibration_file *file,
                       struct quant_calibrate_result *result);

#endif
