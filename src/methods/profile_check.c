/* SPDX-License-Identifier: MIT */
/* One line for each combination, so that a person sees what to type instead. */
#include "methods/profile_check.h"

#include <quant/profiles.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "methods/method.h"

enum { LIST_ROOM = 512 };

static void add(char *text, const char *separator, const char *word)
{
    const size_t used = strlen(text);
    snprintf(text + used, LIST_ROOM - used, "%s%s", used > 0 ? separator : "", word);
}

/* ---- The name ---- */

static enum quant_status unknown_name(const struct quant_spec *spec, struct quant_error *error)
{
    char names[LIST_ROOM] = "";
    for (size_t i = 0; quant_profile_at(i); i++)
        add(names, ", ", quant_profile_at(i)->name);
    return quant_error_set(error, QUANT_INVALID, "unknown engine '%.64s'; expected one of %s",
                           spec->like, names);
}

/* ---- Types ---- */

static const char *scheme_name(const struct quant_spec *spec)
{
    return spec->scheme == QUANT_ABSMAX ? "absmax" : "zero-point";
}

static void list_types(const struct quant_profile *profile, enum quant_scheme scheme,
                       const char *name, char *text)
{
    bool is_first = true;
    for (size_t i = 0; i < profile->ntypes; i++) {
        if (profile->types[i].scheme != scheme)
            continue;
        if (is_first)
            add(text, "; ", name);
        add(text, is_first ? " " : ", ", quant_dtype_info(profile->types[i].dtype)->name);
        is_first = false;
    }
}

static enum quant_status unknown_type(const struct quant_profile *profile,
                                      const struct quant_spec *spec,
                                      const struct quant_dtype_info *info,
                                      struct quant_error *error)
{
    char known[LIST_ROOM] = "";
    list_types(profile, QUANT_ABSMAX, "absmax", known);
    list_types(profile, QUANT_ZERO_POINT, "zero-point", known);
    return quant_error_set(error, QUANT_INVALID, "%s does not quantize to %s by %s; it knows %s",
                           profile->name, info->name, scheme_name(spec), known);
}

static enum quant_status check_type(const struct quant_profile *profile,
                                    const struct quant_spec *spec, struct quant_error *error)
{
    const enum quant_dtype dtype = spec->dtype == QUANT_DTYPE_NONE ? QUANT_INT8 : spec->dtype;
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const struct quant_profile_type *type = quant_profile_type_of(profile, spec->scheme, dtype);
    if (!type)
        return unknown_type(profile, spec, info, error);
    if (!info->is_integer && info->block_nelems == 0 && !spec->exact)
        return quant_error_set(error, QUANT_INVALID,
                               "how %s rounds to %s is not followed; give --exact, by which it is "
                               "rounded to the nearest",
                               profile->name, info->name);
    if (type->divisor == 0 && !spec->has_scale && !spec->exact)
        return quant_error_set(error, QUANT_INVALID,
                               "%s quantizes to %s by %s with a given scale only", profile->name,
                               info->name, scheme_name(spec));
    if (spec->has_zero_point && (spec->zero_point < info->min || spec->zero_point > info->max))
        return quant_error_set(error, QUANT_INVALID,
                               "%s stores the zero point as %s (%.0f..%.0f), found %d",
                               profile->name, info->name, info->min, info->max, spec->zero_point);
    if ((spec->has_qmin && spec->qmin != type->qmin) ||
        (spec->has_qmax && spec->qmax != type->qmax))
        return quant_error_set(error, QUANT_INVALID,
                               "%s maps to %d..%d of %s and takes no other qmin and qmax",
                               profile->name, type->qmin, type->qmax, info->name);
    return QUANT_OK;
}

/* ---- Groups ---- */

static enum quant_granularity_kind kind_of(const struct quant_granularity *granularity)
{
    if (!quant_granularity_has_groups(granularity))
        return QUANT_PER_TENSOR;
    if (granularity->block_rows > 0)
        return QUANT_PER_TILE;
    return granularity->block_size > 0 ? QUANT_PER_BLOCK : QUANT_PER_CHANNEL;
}

static const struct {
    enum quant_granularity_kind kind;
    const char *name;
} kinds[] = {{QUANT_PER_TENSOR, "per tensor"},
             {QUANT_PER_CHANNEL, "per channel"},
             {QUANT_PER_BLOCK, "per block"},
             {QUANT_PER_TILE, "per block of rows and columns"}};

static enum quant_status check_granularity(const struct quant_profile *profile,
                                           const struct quant_granularity *granularity,
                                           struct quant_error *error)
{
    char known[LIST_ROOM] = "";
    const char *asked = "";
    if (!granularity || profile->granularities & kind_of(granularity))
        return QUANT_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == kind_of(granularity))
            asked = kinds[i].name;
        if (profile->granularities & kinds[i].kind)
            add(known, ", ", kinds[i].name);
    }
    return quant_error_set(error, QUANT_INVALID, "%s has no scale %s; it knows one %s",
                           profile->name, asked, known);
}

/* "32, 64 or 128" */
static void list_block_sizes(const struct quant_profile *profile, char *text)
{
    const uint64_t *sizes = profile->block_sizes;
    char word[32];
    for (size_t i = 0; sizes[i] > 0; i++) {
        snprintf(word, sizeof word, "%llu", (unsigned long long)sizes[i]);
        add(text, sizes[i + 1] > 0 ? ", " : " or ", word);
    }
}

static enum quant_status check_block_size(const struct quant_profile *profile,
                                          const struct quant_granularity *granularity,
                                          struct quant_error *error)
{
    char known[LIST_ROOM] = "";
    if (!granularity || !profile->block_sizes)
        return QUANT_OK;
    for (size_t i = 0; profile->block_sizes[i] > 0; i++)
        if (profile->block_sizes[i] == granularity->block_size)
            return QUANT_OK;
    list_block_sizes(profile, known);
    return quant_error_set(error, QUANT_INVALID, "%s knows blocks of %s, not of %llu",
                           profile->name, known, (unsigned long long)granularity->block_size);
}

enum quant_status quant_profile_check_shape(const struct quant_plan *plan,
                                            const struct quant_shape *shape,
                                            struct quant_error *error)
{
    const struct quant_profile *profile = plan->target.profile;
    const uint64_t size = plan->granularity.block_size;
    const int last = shape->ndim - 1;
    if (!profile || !profile->block_sizes || size == 0)
        return QUANT_OK;
    if (shape->ndim < 2)
        return quant_error_set(error, QUANT_INVALID,
                               "%s needs at least 2 dimensions, and the tensor has %d",
                               profile->name, shape->ndim);
    const int axis = plan->granularity.axis;
    if (plan->granularity.has_axis && axis != last && axis != -1)
        return quant_error_set(error, QUANT_INVALID,
                               "%s has its blocks along the last axis, %d, not along axis %d",
                               profile->name, last, axis);
    if (shape->dims[last] % size != 0)
        return quant_error_set(error, QUANT_INVALID,
                               "%s needs rows of whole blocks: %llu elements are no multiple of "
                               "%llu",
                               profile->name, (unsigned long long)shape->dims[last],
                               (unsigned long long)size);
    return QUANT_OK;
}

/* ---- The rest ---- */

/* What has a bias in each block has no rule for a scale alone. */
static enum quant_status check_biases(const struct quant_profile *profile,
                                      const struct quant_spec *spec, struct quant_error *error)
{
    if (profile->has_biases && spec->has_scale)
        return quant_error_set(error, QUANT_INVALID,
                               "%s finds the scale and the bias of each block, and takes neither "
                               "scales nor ranges",
                               profile->name);
    if (profile->has_biases && spec->include_zero)
        return quant_error_set(error, QUANT_INVALID,
                               "%s has biases, not zero points, and takes no include-zero",
                               profile->name);
    return QUANT_OK;
}

static enum quant_status check_ways(const struct quant_profile *profile,
                                    const struct quant_spec *spec,
                                    const struct quant_calibration *method,
                                    struct quant_error *error)
{
    if (spec->scale_dtype != QUANT_DTYPE_NONE)
        return quant_error_set(error, QUANT_INVALID,
                               "%s decides what scales are stored as and takes no other type",
                               profile->name);
    if (spec->rounding != QUANT_HALF_EVEN && spec->rounding != profile->rounding)
        return quant_error_set(error, QUANT_INVALID, "%s decides how ties are rounded",
                               profile->name);
    if (!spec->exact && quant_spec_needs_range(spec) && method != &quant_calibration_minmax)
        return quant_error_set(
            error, QUANT_INVALID,
            "%s takes its range from the extremes (method minmax), not by '%.32s'; with exact it "
            "takes any method",
            profile->name, spec->calibration);
    return QUANT_OK;
}

enum quant_status quant_profile_check(const struct quant_spec *spec,
                                      const struct quant_granularity *granularity,
                                      const struct quant_calibration *method,
                                      struct quant_error *error)
{
    const struct quant_profile *profile = quant_profile_from_name(spec->like);
    if (spec->exact && !spec->like)
        return quant_error_set(error, QUANT_INVALID, "exact is for use with an engine to be like");
    if (!spec->like)
        return QUANT_OK;
    if (!profile)
        return unknown_name(spec, error);
    enum quant_status status = check_type(profile, spec, error);
    if (status == QUANT_OK)
        status = check_granularity(profile, granularity, error);
    if (status == QUANT_OK)
        status = check_block_size(profile, granularity, error);
    if (status == QUANT_OK)
        status = check_biases(profile, spec, error);
    return status == QUANT_OK ? check_ways(profile, spec, method, error) : status;
}
