/* SPDX-License-Identifier: MIT */
/* From a complete calibration file to a spec that quantizes by it. */
#include <math.h>

#include "base/error.h"
#include "engine/calibration/calibration_rounds.h"
#include "methods/spec.h"

static bool is_same_target(const struct quant_calibration_file *file, const struct quant_spec *spec)
{
    const struct quant_spec of_file = quant_rounds_spec(file);
    int32_t bounds[2];
    int32_t wanted[2];
    quant_spec_target(&of_file, &bounds[0], &bounds[1]);
    quant_spec_target(spec, &wanted[0], &wanted[1]);
    return bounds[0] == wanted[0] && bounds[1] == wanted[1] &&
           file->include_zero == spec->include_zero && file->rounding == spec->rounding;
}

static enum quant_status check_range(const struct quant_calibration_file *file, const char *path,
                                     const struct quant_spec *spec, struct quant_error *error)
{
    static const char *const schemes[] = {
        [QUANT_ABSMAX] = "absmax", [QUANT_ZERO_POINT] = "zero-point"};
    const struct quant_calibration *method = quant_calibration_from_name(file->method);
    if (file->stage != QUANT_STAGE_COMPLETE)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' is not complete: it has no range before round %zu is merged",
                               path, quant_calibration_file_round(file));
    if (method != &quant_calibration_minmax && file->scheme != spec->scheme)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for the scheme %s, not %s", path,
                               file->method, schemes[file->scheme], schemes[spec->scheme]);
    if (!method->for_integers)
        return QUANT_OK;
    if (file->dtype != quant_spec_dtype(spec))
        return quant_error_set(error, QUANT_INVALID, "'%s' was calibrated by %s for %s, not %s",
                               path, file->method, quant_dtype_info(file->dtype)->name,
                               quant_dtype_info(quant_spec_dtype(spec))->name);
    if (!is_same_target(file, spec))
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for another qmin, qmax, include-zero or "
                               "rounding",
                               path, file->method);
    const struct quant_spec of_file = quant_rounds_spec(file);
    const enum quant_dtype scales = quant_spec_scale_dtype(&of_file);
    if (scales != quant_spec_scale_dtype(spec))
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' was calibrated by %s for scales of %s, not %s", path,
                               file->method, quant_dtype_info(scales)->name,
                               quant_dtype_info(quant_spec_scale_dtype(spec))->name);
    return QUANT_OK;
}

enum quant_status quant_file_range(const char *path, const struct quant_cancel *cancel,
                                   struct quant_spec *spec, struct quant_error *error)
{
    struct quant_calibration_file file;
    enum quant_status status = quant_rounds_load(path, cancel, &file, error);
    if (status == QUANT_OK)
        status = check_range(&file, path, spec, error);
    if (status == QUANT_OK) { /* file.range is [0, 0] if nothing finite was calibrated */
        const bool is_point = file.range[0] == file.range[1];
        spec->has_clip = spec->clip_is_calibrated = true;
        spec->clip[0] = is_point ? fmin(file.range[0], 0) : file.range[0];
        spec->clip[1] = is_point ? fmax(file.range[1], 0) : file.range[1];
        spec->calibration = quant_calibration_from_name(file.method)->name;
        spec->has_calibration_argument = file.has_argument;
        spec->calibration_argument = file.argument;
    }
    quant_calibration_file_release(&file);
    return status;
}
