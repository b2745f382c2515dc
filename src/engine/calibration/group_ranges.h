/* SPDX-License-Identifier: MIT */
/* Quantizing by a calibration file with groups: reading it, and whether a tensor has its groups. */
#ifndef QUANT_ENGINE_CALIBRATION_GROUP_RANGES_H
#define QUANT_ENGINE_CALIBRATION_GROUP_RANGES_H

#include "engine/calibration/group_arrangement.h"

/* The ranges of a complete calibration file with groups. All zeros is the empty set. */
struct quant_group_ranges {
    struct quant_group_arrangement groups;
    double (*ranges)[2]; /* owned, groups.count of them: as they are used, where a range of one
                          * number holds 0 too. 0 and 0 if nothing finite was seen in the group */
};

/* Reads the file at path and checks it against the target of the spec, as quant_file_range does.
 * QUANT_INVALID too if the file has one range, for all elements. *ranges is to be released, also
 * after an error. */
enum quant_status quant_group_ranges_read(const char *path, const struct quant_cancel *cancel,
                                          const struct quant_spec *spec,
                                          struct quant_group_ranges *ranges,
                                          struct quant_error *error);

/* QUANT_INVALID unless a tensor has the same groups: as many, of the same granularity, and in the
 * same arrangement. grouping was made for its shape and order. path is that of the file of ranges.
 * The text does not say which tensor it is: "its groups are 3 channels on axis 0, but 'c.json' has
 * ranges for 4 channels on axis 0". */
enum quant_status quant_group_ranges_check(const struct quant_group_ranges *ranges,
                                           const char *path, const struct quant_grouping *grouping,
                                           const struct quant_shape *shape, enum quant_order order,
                                           struct quant_error *error);

void quant_group_ranges_release(struct quant_group_ranges *ranges);

#endif
