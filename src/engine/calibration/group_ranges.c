/* SPDX-License-Identifier: MIT */
#include "engine/calibration/group_ranges.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/grouping.h"
#include "engine/calibration/calibration_rounds.h"
#include "engine/calibration/range_from.h"
#include "engine/work/job_check.h"
#include "io/cancel.h"
#include "methods/plan_make.h"

static struct quant_group_arrangement arrangement_of(const struct quant_calibration_groups *groups)
{
    return (struct quant_group_arrangement){
        .granularity =
            quant_granularity_again(groups->axis, groups->block_size, groups->block_rows),
        .scale_shape = groups->scale_shape,
        .order = groups->order,
        .count = groups->count,
    };
}

/* Takes the ranges over. */
static void take(struct quant_group_ranges *ranges, struct quant_calibration_file *file)
{
    ranges->groups = arrangement_of(&file->groups);
    ranges->ranges = file->groups.ranges;
    file->groups.ranges = NULL;
    for (uint64_t i = 0; i < ranges->groups.count; i++)
        quant_range_widen(ranges->ranges[i]);
}

enum quant_status quant_group_ranges_read(const char *path, const struct quant_cancel *cancel,
                                          const struct quant_spec *spec,
                                          struct quant_group_ranges *ranges,
                                          struct quant_error *error)
{
    struct quant_calibration_file file;
    *ranges = (struct quant_group_ranges){.ranges = NULL};
    enum quant_status status = quant_rounds_load(path, cancel, &file, error);
    if (status == QUANT_OK)
        status = quant_range_check(&file, path, spec, error);
    if (status == QUANT_OK && !file.has_groups)
        status = quant_error_set(error, QUANT_INVALID,
                                 "'%s' has one range for all elements: quantize without --axis and "
                                 "--block-size, or calibrate with them",
                                 path);
    if (status == QUANT_OK)
        take(ranges, &file);
    quant_calibration_file_release(&file);
    return status;
}

enum quant_status quant_file_check_ranges(const char *path, const struct quant_cancel *cancel,
                                          const struct quant_spec *spec, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_group_ranges ranges;
    enum quant_status status = quant_pointer_check(path, "a path", error);
    if (status == QUANT_OK)
        status = quant_pointer_check(spec, "a spec", error);
    if (status == QUANT_OK)
        status = quant_spec_check_values(spec, error);
    if (status != QUANT_OK)
        return status;
    status = quant_group_ranges_read(path, quant_cancel_of(cancel), spec, &ranges, error);
    quant_group_ranges_release(&ranges);
    return status;
}

enum quant_status quant_group_ranges_check(const struct quant_group_ranges *ranges,
                                           const char *path, const struct quant_grouping *grouping,
                                           const struct quant_shape *shape, enum quant_order order,
                                           struct quant_error *error)
{
    const struct quant_group_arrangement own = quant_group_arrangement_of(grouping, shape, order);
    char found[QUANT_ARRANGEMENT_TEXT];
    char expected[QUANT_ARRANGEMENT_TEXT];
    char options[QUANT_GRANULARITY_TEXT];
    if (quant_group_arrangement_equal(&own, &ranges->groups))
        return QUANT_OK;
    quant_group_arrangement_text(&own, found);
    quant_group_arrangement_text(&ranges->groups, expected);
    return quant_error_set(error, QUANT_INVALID,
                           "its groups are %s, but '%s' has ranges for %s, as calibrated with %s",
                           found, path, expected,
                           quant_granularity_text(&ranges->groups.granularity, options));
}

void quant_group_ranges_release(struct quant_group_ranges *ranges)
{
    free(ranges->ranges);
    *ranges = (struct quant_group_ranges){.ranges = NULL};
}
