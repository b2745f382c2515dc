/* SPDX-License-Identifier: MIT */
/* The mapping of a range to a scale is computed again, by the code that quantizing uses. */
#include "engine/files/verify_params.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "core/range_params.h"
#include "engine/tensor/group_walk.h"

/* quant_choose keeps zero points that are computed within these. */
enum { ZERO_POINT_MOST = 1 << 22 };

static struct quant_target target_of(const struct quant_params *params)
{
    return (struct quant_target){.scheme = params->scheme,
                                 .dtype = params->dtype,
                                 .scale_dtype = params->scale_dtype,
                                 .rounding = params->rounding,
                                 .qmin = params->qmin,
                                 .qmax = params->qmax,
                                 .profile = params->profile,
                                 .exact = params->exact,
                                 .include_zero =
                                     params->profile && params->scheme == QUANT_ZERO_POINT,
                                 .input = params->arithmetic};
}

static void fail(struct quant_findings *findings, enum quant_fault_kind kind, const char *name,
                 const char *text)
{
    struct quant_error error;
    quant_error_set(&error, QUANT_CORRUPT, "'%.400s': %s", name, text);
    quant_findings_add(findings, kind, &error);
}

/* ---- One scale ---- */

/* A range so far from zero that its scale was raised is recorded as what is then mapped. Computed
 * from that, the scale may differ in its last bit. */
static bool is_scale_of(const struct quant_params *params, const struct quant_params *expected)
{
    const bool was_raised = abs(params->zero_point) >= ZERO_POINT_MOST - (1 << 16);
    const double difference = fabs((double)params->scale - (double)expected->scale);
    if (was_raised && params->scheme == QUANT_ZERO_POINT)
        return difference <= 0x1p-7 * (double)expected->scale;
    return params->scale == expected->scale && params->zero_point == expected->zero_point;
}

/* An end of a range is written with nine digits if it is a float32, or if these are all of it. So
 * the number that was read may stand for the float32 that has these nine digits. */
static double as_float(double end)
{
    char text[QUANT_DECIMAL_TEXT];
    quant_decimal_nine((double)(float)end, text);
    return quant_decimal_parse(text) == end ? (double)(float)end : end;
}

static bool is_of_range(const struct quant_params *params, const struct quant_target *target,
                        double low, double high, struct quant_choice *choice)
{
    *choice = quant_choice_of_nothing(target);
    quant_choice_set_range(choice, target, low, high);
    return is_scale_of(params, &choice->params);
}

void quant_verify_range(struct quant_findings *findings, const struct quant_params *params,
                        const char *method, const double *range, const char *name)
{
    const struct quant_target target = target_of(params);
    struct quant_choice choice = quant_choice_of_nothing(&target);
    if (quant_dtype_info(params->dtype)->is_unscaled || strcmp(method, "given") == 0)
        return;
    if (!range && is_scale_of(params, &choice.params))
        return;
    if (range && (is_of_range(params, &target, range[0], range[1], &choice) ||
                  is_of_range(params, &target, as_float(range[0]), as_float(range[1]), &choice)))
        return;
    struct quant_error error;
    quant_error_set(&error, QUANT_CORRUPT,
                    "'%.400s' contradicts itself: scale %.9g and zero point %d are not those of "
                    "its range, which gives %.9g and %d",
                    name, (double)params->scale, params->zero_point, (double)choice.params.scale,
                    choice.params.zero_point);
    quant_findings_add(findings, QUANT_FAULT_SIDECAR, &error);
}

/* ---- Groups ---- */

struct looking {
    const struct quant_params *params;
    int32_t middle;        /* of absmax */
    int32_t middle_inside; /* the same within the target range, for a group of nothing */
    bool is_found;
    uint64_t group;
    int32_t value;
};

static bool is_expected(const struct looking *looking, int32_t zero_point)
{
    if (looking->params->scheme == QUANT_ABSMAX)
        return zero_point == looking->middle || zero_point == looking->middle_inside;
    return abs(zero_point) <= ZERO_POINT_MOST;
}

static bool look(void *context, const struct quant_group_params *groups, size_t n)
{
    struct looking *looking = context;
    for (size_t i = 0; i < n; i++) {
        if (is_expected(looking, groups->zero_points[i]))
            continue;
        looking->is_found = true;
        looking->group = groups->first + i;
        looking->value = groups->zero_points[i];
        return false;
    }
    return true;
}

enum quant_status quant_verify_zero_points(struct quant_findings *findings,
                                           const struct quant_group_source *groups,
                                           const struct quant_params *params, bool is_given,
                                           const char *name, struct quant_error *error)
{
    const struct quant_target target = target_of(params);
    struct looking looking = {.params = params,
                              .middle = quant_target_middle(&target),
                              .middle_inside = quant_choice_of_nothing(&target).params.zero_point};
    if (is_given)
        return QUANT_OK;
    const enum quant_status status = quant_group_source_walk(groups, look, &looking, error);
    if (status != QUANT_OK || !looking.is_found)
        return status;
    char text[160];
    snprintf(text, sizeof text,
             params->scheme == QUANT_ABSMAX
                 ? "the zero point of group %llu is %d; absmax gives %d"
                 : "the zero point of group %llu is %d, farther from 0 than %d",
             (unsigned long long)looking.group, looking.value,
             params->scheme == QUANT_ABSMAX ? looking.middle : (int)ZERO_POINT_MOST);
    fail(findings, QUANT_FAULT_SCALES, name, text);
    return QUANT_OK;
}
