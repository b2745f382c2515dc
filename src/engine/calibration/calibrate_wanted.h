/* SPDX-License-Identifier: MIT */
/* Calibrating for the other parts of the engine: they say which tensors, one by one. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATE_WANTED_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATE_WANTED_H

#include <quant/file.h>

/* Decides over a tensor of floats of a container by its name and the number of its dimensions, and
 * over a file of one tensor by its path; ndim is then UINT_MAX. */
struct quant_wanted {
    bool (*wants)(void *context, const char *name, unsigned ndim);
    void *context;
};

/* As quant_file_calibrate, but the tensors are those that are wanted; the job's selection is not
 * used. */
enum quant_status quant_calibrate_wanted(const struct quant_calibrate_job *job,
                                         const struct quant_wanted *wanted,
                                         struct quant_calibrate_result *result,
                                         struct quant_error *error);

/* Asks for each tensor, from the headers alone, and reads nothing else. */
enum quant_status quant_calibrate_look(const struct quant_calibrate_job *job,
                                       const struct quant_wanted *wanted,
                                       struct quant_error *error);

#endif
