/* SPDX-License-Identifier: MIT */
/* From a complete calibration file to a spec that quantizes by it. */
#include "engine/calibration/range_from.h"

#include <math.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/grouping.h"
#include "engine/calibration/calibration_rounds.h"
#include "engine/calibration/group_arrangement.h"
#include "engine/work/job_check.h"
#include "io/cancel.h"
#include "methods/plan_make.h"

static bool is_same_target(const struct quant_target *a, const struct quant_target *b)
{
    return a->qmin == b->qmin && a->qmax == b->qmax && a->include_zero == b->include_zero &&
           a->rounding == b->rounding;
}

enum quant_status quant_range_check(const struct quant_calibration_file *file, const char *path,
                                    const struct quant_spec *spec, struct quant_error *error)
{
    static const char *const schemes[] = {
        [QUANT_ABSMAX] = "absmax", [QUANT_ZERO_POINT] = "zero-point"};
    const struct quant_plan found = quant_rounds_plan(file);
    const struct quant_target wanted = quant_spec_target(spec);
    if (file->stage != QUANT_STAGE_COMPLETE)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' is not complete: it has no range until round %zu is merged",
                               path, quant_calibration_file_round(file));
    if (found.method != &quant_calibration_minmax && file->scheme != spec->scheme)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for the scheme %s, not %s", path,
                               file->method, schemes[file->scheme], schemes[spec->scheme]);
    if (!found.method->for_integers)
        return QUANT_OK;
    if (file->dtype != wanted.dtype)
        return quant_error_set(error, QUANT_INVALID, "'%s' was calibrated by %s for %s, not %s",
                               path, file->method, quant_dtype_info(file->dtype)->name,
                               quant_dtype_info(wanted.dtype)->name);
    if (!is_same_target(&found.target, &wanted))
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for another qmin, qmax, include-zero or "
                               "rounding",
                               path, file->method);
    if (found.target.scale_dtype != wanted.scale_dtype)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for scales of %s, not %s", path,
                               file->method, quant_dtype_info(found.target.scale_dtype)->name,
                               quant_dtype_info(wanted.scale_dtype)->name);
    return QUANT_OK;
}

void quant_range_widen(double range[2])
{
    const bool is_point = range[0] == range[1];
    range[0] = is_point ? fmin(range[0], 0) : range[0];
    range[1] = is_point ? fmax(range[1], 0) : range[1];
}

static enum quant_status refuse_groups(const struct quant_calibration_groups *groups,
                                       const char *path, struct quant_error *error)
{
    char options[QUANT_GRANULARITY_TEXT];
    const struct quant_granularity granularity =
        quant_granularity_again(groups->axis, groups->block_size, groups->block_rows);
    return quant_error_set(error, QUANT_INVALID, "'%s' has a range for each %s: quantize with %s",
                           path, groups->block_size > 0 ? "block" : "channel",
                           quant_granularity_text(&granularity, options));
}

enum quant_status quant_file_range(const char *path, const struct quant_cancel *cancel,
                                   struct quant_spec *spec, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_calibration_file file;
    enum quant_status status = quant_pointer_check(path, "a path", error);
    if (status == QUANT_OK)
        status = quant_pointer_check(spec, "a spec", error);
    if (status == QUANT_OK)
        status = quant_spec_check_values(spec, error);
    if (status != QUANT_OK)
        return status;
    status = quant_rounds_load(path, quant_cancel_of(cancel), &file, error);
    if (status == QUANT_OK)
        status = quant_range_check(&file, path, spec, error);
    if (status == QUANT_OK && file.has_groups)
        status = refuse_groups(&file.groups, path, error);
    if (status == QUANT_OK) { /* file.range is [0, 0] if nothing finite was calibrated */
        spec->has_clip = spec->clip_is_calibrated = true;
        spec->clip[0] = file.range[0];
        spec->clip[1] = file.range[1];
        quant_range_widen(spec->clip);
        spec->calibration = quant_rounds_plan(&file).method->name;
        spec->has_calibration_argument = file.has_argument;
        spec->calibration_argument = file.argument;
    }
    quant_calibration_file_release(&file);
    return status;
}
