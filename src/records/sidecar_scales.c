/* SPDX-License-Identifier: MIT */
/*
 * If 'axis' is null there is one scale and one zero point. Otherwise there are as many as the shape
 * has groups: in two arrays or, if both of these are null, in the file that 'scales' names. Memory
 * is allocated only after the text was found to have the entries. cJSON's arrays are lists, so they
 * are walked once and never indexed.
 */
#include "records/sidecar_scales.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rounding.h"
#include "records/scale_records.h"
#include "records/sidecar_fields.h"
#include "records/sidecar_words.h"

/* ---- One scale, one zero point ---- */

static void check_not_array(struct quant_fields *fields, const cJSON *root, const char *key)
{
    if (cJSON_IsArray(quant_field_get(fields, root, key)))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is an array, but 'axis' is null", key);
}

static void read_one(struct quant_fields *fields, const cJSON *root, struct quant_params *params)
{
    const cJSON *block_size = quant_field_get(fields, root, "block_size");
    quant_sidecar_check_biases(fields, root, params, false);
    if (block_size && !cJSON_IsNull(block_size))
        quant_fields_fail(fields, QUANT_CORRUPT, "'block_size' is set, but 'axis' is null");
    if (quant_field_find(root, "scales"))
        quant_fields_fail(fields, QUANT_CORRUPT, "it has 'scales', but 'axis' is null");
    check_not_array(fields, root, "scale");
    check_not_array(fields, root, "zero_point");
    params->scale =
        quant_sidecar_scale(fields, quant_field_get(fields, root, "scale"), params, "scale");
    params->zero_point =
        (int32_t)quant_field_integer(fields, root, "zero_point", INT32_MIN, INT32_MAX);
}

/* ---- Groups ---- */

static void read_grouping(struct quant_fields *fields, const cJSON *root,
                          struct quant_sidecar *sidecar)
{
    struct quant_sidecar_entry entry = {.axis = 0};
    quant_sidecar_read_grouping(fields, root, &sidecar->shape, sidecar->order, &entry);
    sidecar->groups.axis = entry.axis;
    sidecar->groups.block_size = entry.block_size;
    sidecar->groups.block_rows = entry.block_rows;
    sidecar->groups.count = entry.scale_count;
}

/* ---- In arrays ---- */

/* An array with an entry for each group. More of them than QUANT_SIDECAR_SCALES are refused, since
 * the format puts them elsewhere: what every reader has to be ready for stays small. */
static const cJSON *check_array(struct quant_fields *fields, const cJSON *root, const char *key,
                                uint64_t count)
{
    const cJSON *array = quant_field_get(fields, root, key);
    if (array && !cJSON_IsArray(array))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'%s' is neither an array nor null, but 'axis' is set", key);
    const int length = fields->status == QUANT_OK ? cJSON_GetArraySize(array) : 0;
    if (length > QUANT_SIDECAR_SCALES)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'%s' has %d entries; more than %d belong in the file of 'scales'", key,
                          length, QUANT_SIDECAR_SCALES);
    if ((uint64_t)length != count)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'%s' has %d entries; shape, 'axis' and 'block_size' need %llu", key,
                          length, (unsigned long long)count);
    return fields->status == QUANT_OK ? array : NULL;
}

/* What messages call an entry, "scale[3]"; made only where there is something to say. */
enum { ENTRY_TEXT = 32 };
static const char *entry_text(const char *key, uint64_t i, char text[ENTRY_TEXT])
{
    snprintf(text, ENTRY_TEXT, "%s[%llu]", key, (unsigned long long)i);
    return text;
}

static void read_scale_array(struct quant_fields *fields, const cJSON *array,
                             const struct quant_params *params, float *scales)
{
    char text[ENTRY_TEXT];
    uint64_t i = 0;
    for (const cJSON *item = array->child; item; item = item->next, i++) {
        if (quant_sidecar_is_scale(item, params))
            scales[i] = (float)item->valuedouble;
        else
            quant_sidecar_scale(fields, item, params, entry_text("scale", i, text));
    }
}

static void read_zero_point_array(struct quant_fields *fields, const cJSON *array,
                                  int32_t *zero_points)
{
    char text[ENTRY_TEXT];
    uint64_t i = 0;
    for (const cJSON *item = array->child; item; item = item->next, i++) {
        const double value = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
        if (value >= INT32_MIN && value <= INT32_MAX && value == floor(value))
            zero_points[i] = (int32_t)value;
        else
            quant_field_integer_item(fields, item, entry_text("zero_point", i, text), INT32_MIN,
                                     INT32_MAX);
    }
}

/* Numbers of the type of the scales. */
static void read_bias_array(struct quant_fields *fields, const cJSON *array,
                            const struct quant_params *params, float *biases)
{
    const enum quant_dtype dtype = params->scale_dtype;
    uint64_t i = 0;
    for (const cJSON *item = array->child; item; item = item->next, i++) {
        const float bias = cJSON_IsNumber(item) ? (float)item->valuedouble : NAN;
        if (!isfinite(bias) || quant_round_to_dtype(dtype, (double)bias) != (double)bias)
            quant_fields_fail(fields, QUANT_CORRUPT, "bias[%llu] is not a finite number of %s",
                              (unsigned long long)i, quant_dtype_info(dtype)->name);
        biases[i] = bias;
    }
}

static void read_biases(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    struct quant_sidecar_groups *groups = &sidecar->groups;
    const cJSON *array = check_array(fields, root, "bias", groups->count);
    const size_t room = groups->count > 0 ? (size_t)groups->count : 1;
    if (fields->status != QUANT_OK)
        return;
    groups->biases = malloc(room * sizeof *groups->biases);
    if (groups->biases)
        read_bias_array(fields, array, &sidecar->params, groups->biases);
    else
        fields->status =
            quant_error_no_memory(fields->error, room * sizeof *groups->biases, "scales");
}

static void read_arrays(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    struct quant_sidecar_groups *groups = &sidecar->groups;
    if (quant_field_find(root, "scales"))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "it has 'scales', but 'scale' and 'zero_point' are not null");
    const cJSON *scales = check_array(fields, root, "scale", groups->count);
    const cJSON *zero_points = check_array(fields, root, "zero_point", groups->count);
    if (fields->status != QUANT_OK)
        return;
    const size_t room = groups->count > 0 ? (size_t)groups->count : 1;
    groups->scales = malloc(room * sizeof *groups->scales);
    groups->zero_points = malloc(room * sizeof *groups->zero_points);
    if (!groups->scales || !groups->zero_points) {
        fields->status =
            quant_error_no_memory(fields->error, room * QUANT_SCALE_RECORD_MOST, "scales");
        return;
    }
    read_scale_array(fields, scales, &sidecar->params, groups->scales);
    read_zero_point_array(fields, zero_points, groups->zero_points);
    if (quant_params_have_biases(&sidecar->params))
        read_biases(fields, root, sidecar);
}

/* ---- In a file ---- */

/* Version 1 said nothing of the records: they were a float32 and an int32. */
static struct quant_scale_records read_layout(struct quant_fields *fields, const cJSON *root,
                                              const cJSON *scales,
                                              const struct quant_params *params)
{
    struct quant_scale_records layout = {QUANT_FLOAT32, true, false};
    if (quant_field_number(fields, root, "version") == QUANT_SIDECAR_VERSION_1)
        return layout;
    quant_field_get(fields, scales, "scale_dtype");
    layout.dtype = quant_sidecar_read_scale_dtype(fields, scales);
    if (layout.dtype != params->scale_dtype)
        quant_fields_fail(fields, QUANT_CORRUPT, "the 'scale_dtype' of 'scales' is %s, not %s",
                          quant_dtype_info(layout.dtype)->name,
                          quant_dtype_info(params->scale_dtype)->name);
    const cJSON *zero_points = quant_field_get(fields, scales, "zero_points");
    if (zero_points && !cJSON_IsBool(zero_points))
        quant_fields_fail(fields, QUANT_CORRUPT, "'zero_points' is neither true nor false");
    layout.has_zero_points = cJSON_IsTrue(zero_points);
    layout.has_biases = cJSON_IsTrue(quant_field_find(scales, "biases"));
    if (layout.has_biases != quant_params_have_biases(params))
        quant_fields_fail(fields, QUANT_CORRUPT, "'biases' of 'scales' contradicts 'profile'");
    if (layout.has_biases && layout.has_zero_points)
        quant_fields_fail(fields, QUANT_CORRUPT, "it has both 'biases' and 'zero_points'");
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (layout.has_zero_points && !info->is_integer)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'zero_points' is true, but %s takes no zero points", info->name);
    if (!layout.has_zero_points && quant_params_have_zero_points(params))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'zero_points' is false, but 'scheme' and 'dtype' need them");
    return layout;
}

/* The file is beside the sidecar, wherever the data is: a path that leads elsewhere is refused. */
static bool is_name(const char *path)
{
    return *path && !strchr(path, '/') && strcmp(path, ".") != 0 && strcmp(path, "..") != 0;
}

static void read_file(struct quant_fields *fields, const cJSON *root, struct quant_sidecar *sidecar)
{
    struct quant_sidecar_groups *groups = &sidecar->groups;
    const cJSON *scales = quant_field_object(fields, root, "scales");
    quant_field_path(fields, scales, "path", &groups->path);
    if (fields->status == QUANT_OK && !groups->path)
        quant_fields_fail(fields, QUANT_CORRUPT, "the 'path' of 'scales' is null");
    if (fields->status == QUANT_OK && !is_name(groups->path))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'scales' names a file beside the sidecar, not '%.200s'", groups->path);
    const double count =
        quant_field_integer(fields, scales, "count", 0, QUANT_SIDECAR_INTEGER_MOST);
    if ((uint64_t)count != groups->count)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'count' is %.0f; shape, 'axis' and 'block_size' need %llu", count,
                          (unsigned long long)groups->count);
    const struct quant_scale_records layout = read_layout(fields, root, scales, &sidecar->params);
    const size_t size = quant_scale_record_size(&layout);
    groups->has_zero_points = layout.has_zero_points;
    groups->bytes =
        (uint64_t)quant_field_integer(fields, scales, "bytes", 0, QUANT_SIDECAR_INTEGER_MOST);
    if (fields->status == QUANT_OK && groups->bytes != size * groups->count)
        quant_fields_fail(
            fields, QUANT_CORRUPT, "'bytes' of 'scales' is %llu, not %zu for each of %llu",
            (unsigned long long)groups->bytes, size, (unsigned long long)groups->count);
    groups->xxh3_64 = quant_field_checksum(fields, scales, "xxh3_64");
}

/* ---- All of it ---- */

void quant_sidecar_read_scales(struct quant_fields *fields, const cJSON *root,
                               struct quant_sidecar *sidecar)
{
    const cJSON *axis = quant_field_get(fields, root, "axis");
    sidecar->params.scale_dtype = quant_sidecar_read_scale_dtype(fields, root);
    if (!axis)
        return;
    if (!quant_sidecar_has_groups(fields, root, axis)) {
        read_one(fields, root, &sidecar->params);
        return;
    }
    sidecar->params.scale = 1;
    sidecar->params.zero_point = 0;
    sidecar->has_groups = true;
    read_grouping(fields, root, sidecar);
    quant_sidecar_check_biases(fields, root, &sidecar->params, true);
    const bool scale_is_null = cJSON_IsNull(quant_field_get(fields, root, "scale"));
    const bool zero_point_is_null = cJSON_IsNull(quant_field_get(fields, root, "zero_point"));
    if (scale_is_null != zero_point_is_null)
        quant_fields_fail(fields, QUANT_CORRUPT, "only one of 'scale' and 'zero_point' is null");
    if (quant_params_have_biases(&sidecar->params) &&
        cJSON_IsNull(quant_field_get(fields, root, "bias")) != scale_is_null)
        quant_fields_fail(fields, QUANT_CORRUPT, "only one of 'scale' and 'bias' is null");
    if (scale_is_null)
        read_file(fields, root, sidecar);
    else
        read_arrays(fields, root, sidecar);
}
