/* SPDX-License-Identifier: MIT */
/* Whether a quantization spec makes sense by itself, before any element is seen. */
#include "methods/spec.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "methods/method.h"

enum quant_dtype quant_spec_dtype(const struct quant_spec *spec)
{
    return spec->dtype == QUANT_DTYPE_NONE ? QUANT_INT8 : spec->dtype;
}

enum quant_dtype quant_spec_scale_dtype(const struct quant_spec *spec)
{
    return spec->scale_dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : spec->scale_dtype;
}

/* The least integer of the symmetric range leaves out one step, so that both sides are as long:
 * -127..127 for int8, 1..255 around 128 for uint8. */
void quant_spec_target(const struct quant_spec *spec, int32_t *qmin, int32_t *qmax)
{
    const struct quant_dtype_info *info = quant_dtype_info(quant_spec_dtype(spec));
    *qmin = *qmax = 0;
    if (!info->is_integer)
        return;
    *qmin = (int32_t)info->least + (spec->scheme == QUANT_ABSMAX ? 1 : 0);
    *qmax = (int32_t)info->greatest;
    if (spec->has_qmin)
        *qmin = spec->qmin;
    if (spec->has_qmax)
        *qmax = spec->qmax;
}

bool quant_spec_needs_range(const struct quant_spec *spec)
{
    const struct quant_dtype_info *info = quant_dtype_info(quant_spec_dtype(spec));
    return !spec->has_scale && !spec->has_clip && !(info && info->is_unscaled);
}

/* What only integers have. The calibration has been looked at already. */
static enum quant_status check_float(const struct quant_spec *spec, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(quant_spec_dtype(spec));
    const char *refused = NULL;
    if (spec->scheme != QUANT_ABSMAX)
        refused = "the scheme zero-point";
    else if (spec->has_zero_point)
        refused = "a zero point";
    else if (spec->include_zero)
        refused = "zero to be included";
    else if (spec->has_qmin || spec->has_qmax)
        refused = "a qmin or qmax";
    else if (spec->rounding != QUANT_HALF_EVEN)
        refused = "the rounding half-away";
    if (refused)
        return quant_error_set(error, QUANT_INVALID, "%s is a float type and does not take %s",
                               info->name, refused);
    if (info->is_unscaled && (spec->has_scale || spec->has_clip || spec->calibration))
        return quant_error_set(error, QUANT_INVALID,
                               "%s is unscaled: it does not take a scale, a clipping range or a "
                               "calibration",
                               info->name);
    const struct quant_calibration *method = quant_calibration_from_name(spec->calibration);
    if (method->for_integers)
        return quant_error_set(error, QUANT_INVALID,
                               "%s is a float type and does not take the calibration '%s', which "
                               "assumes evenly spaced levels",
                               info->name, method->name);
    return QUANT_OK;
}

static enum quant_status check_target(const struct quant_spec *spec, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(quant_spec_dtype(spec));
    int32_t qmin;
    int32_t qmax;
    quant_spec_target(spec, &qmin, &qmax);
    if (qmin < info->least || qmax > info->greatest)
        return quant_error_set(
            error, QUANT_INVALID,
            "the target range qmin..qmax is %d..%d, which is not within %s (%.0f..%.0f)", qmin,
            qmax, info->name, info->least, info->greatest);
    if (qmin >= qmax)
        return quant_error_set(
            error, QUANT_INVALID,
            "the target range qmin..qmax is %d..%d, which is empty: qmin must be less than qmax",
            qmin, qmax);
    if (spec->scheme == QUANT_ABSMAX && info->least < 0 && qmax <= 0)
        return quant_error_set(error, QUANT_INVALID, "absmax needs qmax above 0, found %d", qmax);
    return QUANT_OK;
}

/* A calibration of zeros, or of nothing finite, has a range without width; no other has. */
static bool is_clip(const struct quant_spec *spec)
{
    const double *clip = spec->clip;
    const bool is_empty = spec->clip_is_calibrated && clip[0] == 0 && clip[1] == 0;
    return is_empty ||
           (clip[0] < clip[1] && clip[0] >= -(double)FLT_MAX && clip[1] <= (double)FLT_MAX);
}

static enum quant_status check_range(const struct quant_spec *spec, struct quant_error *error)
{
    if (spec->has_zero_point && !spec->has_scale)
        return quant_error_set(error, QUANT_INVALID, "a zero point needs a scale");
    if (spec->has_scale && spec->has_clip)
        return quant_error_set(error, QUANT_INVALID,
                               "a scale and a clipping range exclude each other");
    if (spec->has_scale && !(spec->scale > 0 && isfinite(spec->scale)))
        return quant_error_set(error, QUANT_INVALID,
                               "a scale must be above 0 and finite as float32, found %.9g",
                               (double)spec->scale);
    if (spec->has_clip && !is_clip(spec))
        return quant_error_set(
            error, QUANT_INVALID,
            "a clipping range needs LO < HI, both within float32, found %.9g to %.9g",
            spec->clip[0], spec->clip[1]);
    return QUANT_OK;
}

/* A given scale is never rounded, so it must be a number of the type that it is stored as. */
static enum quant_status check_scale_dtype(const struct quant_spec *spec, struct quant_error *error)
{
    const enum quant_dtype dtype = quant_spec_scale_dtype(spec);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info || !info->is_scale)
        return quant_error_set(error, QUANT_UNSUPPORTED, "this version cannot store scales as %s",
                               info ? info->name : "an unknown type");
    const struct quant_dtype_info *target = quant_dtype_info(quant_spec_dtype(spec));
    if (spec->scale_dtype != QUANT_DTYPE_NONE && target->is_unscaled)
        return quant_error_set(error, QUANT_INVALID,
                               "%s is unscaled: it does not take a type for scales", target->name);
    if (!spec->has_scale)
        return QUANT_OK;
    const double scale = (double)spec->scale;
    const double nearest = quant_dtype_round(dtype, scale);
    if (isinf(nearest) || nearest == 0)
        return quant_error_set(error, QUANT_INVALID,
                               "the scale %.9g is %s %s, which it is to be stored as", scale,
                               nearest == 0 ? "below" : "beyond", info->name);
    if (nearest != scale)
        return quant_error_set(error, QUANT_INVALID,
                               "the scale %.9g is not a %s, which it is to be stored as; the "
                               "nearest is %.9g",
                               scale, info->name, nearest);
    return QUANT_OK;
}

static enum quant_status check_calibration(const struct quant_spec *spec, struct quant_error *error)
{
    const struct quant_calibration *method = quant_calibration_from_name(spec->calibration);
    if (!method)
        return quant_error_set(error, QUANT_UNSUPPORTED, "unknown calibration method '%s'",
                               spec->calibration);
    if (!spec->has_calibration_argument)
        return QUANT_OK;
    if (!method->argument)
        return quant_error_set(error, QUANT_INVALID, "calibration '%s' takes no argument",
                               method->name);
    if (!method->accepts(spec->calibration_argument))
        return quant_error_set(error, QUANT_INVALID, "calibration '%s:%s' needs %s, found %.9g",
                               method->name, method->argument, method->expected,
                               spec->calibration_argument);
    return QUANT_OK;
}

enum quant_status quant_spec_check(const struct quant_spec *spec, struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(quant_spec_dtype(spec));
    if (!info || !info->quantizes)
        return quant_error_set(error, QUANT_UNSUPPORTED, "this version cannot quantize to %s",
                               info ? info->name : "an unknown type");
    enum quant_status status = check_calibration(spec, error);
    if (status == QUANT_OK)
        status = info->is_integer ? check_target(spec, error) : check_float(spec, error);
    if (status == QUANT_OK)
        status = check_range(spec, error);
    return status == QUANT_OK ? check_scale_dtype(spec, error) : status;
}
