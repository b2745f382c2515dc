/* SPDX-License-Identifier: MIT */
/* Types, ranges and known words; then how the fields agree with each other. */
#include "records/sidecar_fields.h"

#include <quant/profiles.h>

#include <math.h>
#include <string.h>

#include "base/grouping.h"
#include "base/rounding.h"
#include "base/shape.h"
#include "records/sidecar.h"
#include "records/sidecar_words.h"

const char *const quant_sidecar_schemes[] = {
    [QUANT_ABSMAX] = "absmax", [QUANT_ZERO_POINT] = "zero-point", NULL};
const char *const quant_sidecar_roundings[] = {
    [QUANT_HALF_EVEN] = "half-even", [QUANT_HALF_AWAY] = "half-away", NULL};
const char *const quant_sidecar_orders[] = {
    [QUANT_ORDER_C] = "C", [QUANT_ORDER_FORTRAN] = "F", NULL};

/* The index of key in known, searched from start on and then from the front. */
static size_t find_key(const char *key, const char *const *known, size_t start)
{
    size_t i = start;
    while (known[i] && strcmp(key, known[i]) != 0)
        i++;
    if (!known[i])
        for (i = 0; known[i] && strcmp(key, known[i]) != 0;)
            i++;
    return i;
}

/* Keys are mostly in the order of known: a search that starts after the last one that was found
 * takes one comparison. Reading 100,000 entries takes a fifth less time for it. */
void quant_sidecar_check_keys(struct quant_fields *fields, const cJSON *object,
                              const char *const *known)
{
    size_t next = 0;
    uint64_t seen = 0;
    for (const cJSON *item = object ? object->child : NULL; item; item = item->next) {
        const size_t found = find_key(item->string, known, next);
        const uint64_t bit = (uint64_t)1 << found;
        if (!known[found])
            quant_fields_fail(fields, QUANT_UNSUPPORTED,
                              "unknown key '%.64s': a later version of quant wrote it",
                              item->string);
        else if (seen & bit)
            quant_fields_fail(fields, QUANT_CORRUPT, "duplicate key '%.64s'", item->string);
        else
            next = found + 1;
        seen |= bit;
    }
}

const cJSON *quant_sidecar_open_object(struct quant_fields *fields, const cJSON *object,
                                       const char *key, const char *const *known)
{
    const cJSON *found = quant_field_object(fields, object, key);
    if (fields->status != QUANT_OK)
        return NULL;
    quant_sidecar_check_keys(fields, found, known);
    return fields->status == QUANT_OK ? found : NULL;
}

void quant_sidecar_check_format(struct quant_fields *fields, const cJSON *root)
{
    if (strcmp(quant_field_string(fields, root, "format"), QUANT_SIDECAR_FORMAT) != 0)
        quant_fields_fail(fields, QUANT_UNRECOGNIZED, "'format' is not '" QUANT_SIDECAR_FORMAT "'");
}

/* ---- The target ---- */

static void read_target_range(struct quant_fields *fields, const cJSON *object,
                              struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    params->qmin = (int32_t)quant_field_integer(fields, object, "qmin", info->min, info->max);
    params->qmax = (int32_t)quant_field_integer(fields, object, "qmax", info->min, info->max);
    if (params->qmin >= params->qmax)
        quant_fields_fail(fields, QUANT_CORRUPT, "'qmin' %d is not less than 'qmax' %d",
                          params->qmin, params->qmax);
}

/* ---- The profile ---- */

static void read_profile(struct quant_fields *fields, const cJSON *object,
                         struct quant_params *params)
{
    if (!quant_field_find(object, "profile")) {
        if (quant_field_find(object, "exact"))
            quant_fields_fail(fields, QUANT_CORRUPT, "it has 'exact', but no 'profile'");
        return;
    }
    const char *name = quant_field_string(fields, object, "profile");
    params->profile = quant_profile_from_name(name);
    if (fields->status == QUANT_OK && !params->profile)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'profile': '%.64s'", name);
    if (!quant_field_find(object, "exact"))
        return;
    if (!cJSON_IsTrue(quant_field_find(object, "exact")))
        quant_fields_fail(fields, QUANT_CORRUPT, "'exact' is not true");
    params->exact = 1;
}

static void check_profile(struct quant_fields *fields, const struct quant_params *params)
{
    if (fields->status == QUANT_OK && params->profile &&
        !quant_profile_type_of(params->profile, params->scheme, params->dtype))
        quant_fields_fail(fields, QUANT_CORRUPT, "'profile' is %s, which has no %s in this scheme",
                          params->profile->name, quant_dtype_info(params->dtype)->name);
}

void quant_sidecar_follow_profile(struct quant_params *params, enum quant_dtype source,
                                  const char *method)
{
    const enum quant_rounding rounding = params->rounding;
    quant_params_follow(params, source, strcmp(method, "given") == 0);
    params->rounding = rounding;
}

void quant_sidecar_read_target(struct quant_fields *fields, const cJSON *object,
                               struct quant_params *params)
{
    params->scheme =
        (enum quant_scheme)quant_field_word(fields, object, "scheme", quant_sidecar_schemes);
    const char *dtype = quant_field_string(fields, object, "dtype");
    params->dtype = quant_dtype_from_name(dtype);
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || !info->quantizes)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'dtype': '%.64s'", dtype);
    if (fields->status == QUANT_OK && info->is_integer)
        read_target_range(fields, object, params);
    read_profile(fields, object, params);
    check_profile(fields, params);
}

void quant_sidecar_read_rounding(struct quant_fields *fields, const cJSON *object,
                                 struct quant_params *params)
{
    params->rounding =
        (enum quant_rounding)quant_field_word(fields, object, "rounding", quant_sidecar_roundings);
}

static void check_unscaled(struct quant_fields *fields, const struct quant_params *params,
                           bool has_groups)
{
    const char *name = quant_dtype_info(params->dtype)->name;
    if (params->scale_dtype != QUANT_FLOAT32)
        quant_fields_fail(fields, QUANT_CORRUPT, "'scale_dtype' is set, but %s is unscaled", name);
    if (has_groups)
        quant_fields_fail(fields, QUANT_CORRUPT, "'axis' is not null, but %s is unscaled", name);
    if (params->scale != 1)
        quant_fields_fail(fields, QUANT_CORRUPT, "'scale' is not 1, but %s is unscaled", name);
}

void quant_sidecar_check_float(struct quant_fields *fields, const cJSON *object,
                               const struct quant_params *params, bool has_zero_point,
                               bool has_groups)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || info->is_integer)
        return;
    const cJSON *qmin = quant_field_get(fields, object, "qmin");
    const cJSON *qmax = quant_field_get(fields, object, "qmax");
    if (qmin && qmax && !(cJSON_IsNull(qmin) && cJSON_IsNull(qmax)))
        quant_fields_fail(fields, QUANT_CORRUPT, "'qmin' and 'qmax' of %s are not null",
                          info->name);
    if (params->scheme != QUANT_ABSMAX || params->rounding != QUANT_HALF_EVEN || has_zero_point)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "%s has the scheme absmax, the rounding half-even and the zero point 0",
                          info->name);
    if (info->is_unscaled)
        check_unscaled(fields, params, has_groups);
}

/* ---- The tensor ---- */

void quant_sidecar_read_shape(struct quant_fields *fields, const cJSON *object,
                              struct quant_shape *shape)
{
    const cJSON *array = quant_field_get(fields, object, "shape");
    if (array && !cJSON_IsArray(array))
        quant_fields_fail(fields, QUANT_CORRUPT, "'shape' is not an array");
    const int ndim = fields->status == QUANT_OK ? cJSON_GetArraySize(array) : 0;
    if (ndim > QUANT_MAX_DIMS)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "'shape' has %d dimensions, more than %d",
                          ndim, QUANT_MAX_DIMS);
    shape->ndim = 0;
    const cJSON *item = fields->status == QUANT_OK ? array->child : NULL;
    for (; item; item = item->next)
        shape->dims[shape->ndim++] = (uint64_t)quant_field_integer_item(fields, item, "shape", 0,
                                                                        QUANT_SIDECAR_INTEGER_MOST);
    uint64_t nelems;
    if (!quant_shape_count(shape, &nelems))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'shape' is larger than any file");
}

void quant_sidecar_read_calibration(struct quant_fields *fields, const cJSON *object,
                                    struct quant_sidecar_entry *entry)
{
    quant_field_pair(fields, object, "range", &entry->has_range, entry->range);
    const cJSON *calibration = quant_field_object(fields, object, "calibration");
    entry->method = quant_field_string(fields, calibration, "method");
    if (strlen(entry->method) >= QUANT_SIDECAR_WORD)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'method': '%.64s'", entry->method);
    if (fields->status == QUANT_OK && quant_field_find(calibration, "argument")) {
        entry->argument = quant_field_number(fields, calibration, "argument");
        entry->has_argument = true;
        if (!(entry->argument > 0 && entry->argument <= 1e30))
            quant_fields_fail(fields, QUANT_OUT_OF_RANGE,
                              "'argument' is %.9g; expected a number above 0 and at most 1e30",
                              entry->argument);
    }
    quant_field_pair(fields, calibration, "observed", &entry->has_observed, entry->observed);
}

enum quant_dtype quant_sidecar_read_source_dtype(struct quant_fields *fields, const cJSON *source)
{
    const char *name = quant_field_string(fields, source, "dtype");
    const enum quant_dtype dtype = quant_dtype_from_name(name);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (!info || !info->is_source)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'dtype' of the source: '%.64s'",
                          name);
    return dtype;
}

/* ---- Scales ---- */

enum quant_dtype quant_sidecar_read_scale_dtype(struct quant_fields *fields, const cJSON *object)
{
    if (!object || !quant_field_find(object, "scale_dtype"))
        return QUANT_FLOAT32;
    const char *name = quant_field_string(fields, object, "scale_dtype");
    const enum quant_dtype dtype = quant_dtype_from_name(name);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (info && info->is_scale)
        return dtype;
    quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'scale_dtype': '%.64s'", name);
    return QUANT_FLOAT32;
}

void quant_sidecar_check_biases(struct quant_fields *fields, const cJSON *object,
                                const struct quant_params *params, bool has_groups)
{
    const bool has_biases = quant_params_have_biases(params);
    if (fields->status != QUANT_OK)
        return;
    if (has_biases && !has_groups)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'axis' is null, but %s has a scale and a bias for each block",
                          params->profile->name);
    if (!has_biases && quant_field_find(object, "bias"))
        quant_fields_fail(fields, QUANT_CORRUPT, "it has 'bias', but no 'profile' with biases");
}

/* The nine digits are near a number of a 16-bit type, and read back to it as a float32. */
bool quant_sidecar_is_scale(const cJSON *item, const struct quant_params *params)
{
    if (!cJSON_IsNumber(item))
        return false;
    const float scale = (float)item->valuedouble;
    const enum quant_dtype dtype = params->scale_dtype;
    return (scale > 0 || quant_params_take_any_scale(params)) && isfinite(scale) &&
           (dtype == QUANT_FLOAT32 || quant_round_to_dtype(dtype, (double)scale) == (double)scale);
}

float quant_sidecar_scale(struct quant_fields *fields, const cJSON *item,
                          const struct quant_params *params, const char *key)
{
    if (quant_sidecar_is_scale(item, params))
        return (float)item->valuedouble;
    if (item && !cJSON_IsNumber(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not a number", key);
    else if (item)
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'%s' is %.9g; expected a finite %s%s", key,
                          item->valuedouble, quant_dtype_info(params->scale_dtype)->name,
                          quant_params_take_any_scale(params) ? "" : " above 0");
    return 0;
}

static uint64_t count_groups(const struct quant_sidecar_entry *entry,
                             const struct quant_shape *shape, enum quant_order order)
{
    const struct quant_granularity granularity =
        quant_granularity_again(entry->axis, entry->block_size, entry->block_rows);
    struct quant_grouping grouping = {.count = 0};
    quant_grouping_make(&granularity, shape, order, &grouping, NULL);
    return grouping.count;
}

bool quant_sidecar_has_groups(struct quant_fields *fields, const cJSON *object, const cJSON *axis)
{
    return !cJSON_IsNull(axis) || cJSON_IsArray(quant_field_get(fields, object, "block_size"));
}

/* [rows, columns] */
static void read_block(struct quant_fields *fields, const cJSON *block_size,
                       const struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    char text[QUANT_SHAPE_TEXT];
    if (cJSON_GetArraySize(block_size) != 2)
        quant_fields_fail(fields, QUANT_CORRUPT, "'block_size' has %d entries, not 2",
                          cJSON_GetArraySize(block_size));
    if (shape->ndim != 2)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'block_size' has rows and columns, but the shape %s is not a matrix",
                          quant_shape_text(shape, text));
    if (fields->status != QUANT_OK)
        return;
    entry->axis = 1;
    entry->block_rows = (uint64_t)quant_field_integer_item(
        fields, block_size->child, "block_size[0]", 1, QUANT_SIDECAR_INTEGER_MOST);
    entry->block_size = (uint64_t)quant_field_integer_item(
        fields, block_size->child->next, "block_size[1]", 1, QUANT_SIDECAR_INTEGER_MOST);
    if (fields->status == QUANT_OK)
        entry->scale_count = count_groups(entry, shape, QUANT_ORDER_C);
}

void quant_sidecar_read_grouping(struct quant_fields *fields, const cJSON *object,
                                 const struct quant_shape *shape, enum quant_order order,
                                 struct quant_sidecar_entry *entry)
{
    char text[QUANT_SHAPE_TEXT];
    const cJSON *axis = quant_field_get(fields, object, "axis");
    const cJSON *block_size = quant_field_get(fields, object, "block_size");
    if (cJSON_IsNull(axis)) {
        read_block(fields, block_size, shape, entry);
        return;
    }
    entry->axis = (int)quant_field_integer(fields, object, "axis", INT32_MIN, INT32_MAX);
    if (shape->ndim == 0)
        quant_fields_fail(fields, QUANT_CORRUPT, "'axis' is %d, but a scalar has no axis",
                          entry->axis);
    else if (entry->axis < 0 || entry->axis >= shape->ndim)
        quant_fields_fail(fields, QUANT_CORRUPT, "'axis' is %d, but the shape %s has axes 0 to %d",
                          entry->axis, quant_shape_text(shape, text), shape->ndim - 1);
    if (block_size && !cJSON_IsNull(block_size))
        entry->block_size = (uint64_t)quant_field_integer_item(fields, block_size, "block_size", 1,
                                                               QUANT_SIDECAR_INTEGER_MOST);
    if (fields->status == QUANT_OK)
        entry->scale_count = count_groups(entry, shape, order);
}
