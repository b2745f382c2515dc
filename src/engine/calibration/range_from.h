/* SPDX-License-Identifier: MIT */
/* What one range and ranges of groups have in common when they are used. */
#ifndef QUANT_ENGINE_CALIBRATION_RANGE_FROM_H
#define QUANT_ENGINE_CALIBRATION_RANGE_FROM_H

#include "records/calibration_file.h"

/* QUANT_INVALID unless the file, which quant_rounds_load has read from path, is complete and can be
 * used for the target of the spec. */
enum quant_status quant_range_check(const struct quant_calibration_file *file, const char *path,
                                    const struct quant_spec *spec, struct quant_error *error);

/* A range of one number is extended to hold 0. */
void quant_range_widen(double range[2]);

#endif
