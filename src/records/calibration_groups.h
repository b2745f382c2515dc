/* SPDX-License-Identifier: MIT */
/* The part of a calibration file that is about groups, for its reader and its writer. */
#ifndef QUANT_RECORDS_CALIBRATION_GROUPS_H
#define QUANT_RECORDS_CALIBRATION_GROUPS_H

#include "records/calibration_file.h"
#include "records/calibration_text.h"
#include "records/field.h"

/* "axis", "block_size", "scale_shape" and "order", and the number of groups. */
void quant_calibration_groups_read_head(struct quant_fields *fields, const cJSON *root,
                                        struct quant_calibration_groups *groups);

/* "range" and "observed", one entry for each group. Afterwards *any says whether something finite
 * was observed, and observed what in all groups. */
enum quant_status quant_calibration_groups_read_arrays(struct quant_calibration_text *text,
                                                       struct quant_calibration_groups *groups,
                                                       bool *any, double observed[2],
                                                       struct quant_error *error);

/* The same the other way. The head goes into an object, and the arrays are its last two keys, after
 * at least one other. */
void quant_calibration_groups_add_head(cJSON *root, const struct quant_calibration_groups *groups,
                                       bool *ok);
enum quant_status
quant_calibration_groups_write_arrays(const struct quant_calibration_groups *groups,
                                      struct quant_sink *sink, struct quant_error *error);

/* The end of a range as it was before it was written with nine digits, which are only near to a
 * float32. Others have as many as they need. */
double quant_calibration_end(double value);

#endif
