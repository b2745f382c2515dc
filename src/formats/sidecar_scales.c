/* SPDX-License-Identifier: MIT */
/*
 * 'axis' decides: where it is null there is one scale and one zero point. Else there are as many as
 * the shape has groups: in two arrays or, where both of these are null, in the file that 'scales'
 * names. Nothing is allocated before the text has been found to hold what goes there. cJSON's
 * arrays are lists, so they are walked once and never indexed.
 */
#include "formats/sidecar_scales.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/shape.h"

#define GREATEST_EXACT 9007199254740992.0 /* 2^53: beyond it doubles leave integers out */

/* ---- One scale, one zero point ---- */

static bool is_scale(const cJSON *item)
{
    return cJSON_IsNumber(item) && (float)item->valuedouble > 0 &&
           isfinite((float)item->valuedouble);
}

/* key being for the message. */
static float check_scale(struct quant_checker *checker, const cJSON *item, const char *key)
{
    if (is_scale(item))
        return (float)item->valuedouble;
    if (item && !cJSON_IsNumber(item))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not a number", key);
    else if (item)
        quant_check_fail(checker, QUANT_OUT_OF_RANGE,
                         "'%s' is %.9g; expected a finite float32 above 0", key, item->valuedouble);
    return 0;
}

static void check_not_array(struct quant_checker *checker, const cJSON *root, const char *key)
{
    if (cJSON_IsArray(quant_check_field(checker, root, key)))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is an array, though 'axis' is null", key);
}

static void read_one(struct quant_checker *checker, const cJSON *root, struct quant_params *params)
{
    const cJSON *block_size = quant_check_field(checker, root, "block_size");
    if (block_size && !cJSON_IsNull(block_size))
        quant_check_fail(checker, QUANT_CORRUPT, "'block_size' is set, though 'axis' is null");
    if (cJSON_GetObjectItemCaseSensitive(root, "scales"))
        quant_check_fail(checker, QUANT_CORRUPT, "it has 'scales', though 'axis' is null");
    check_not_array(checker, root, "scale");
    check_not_array(checker, root, "zero_point");
    params->scale = check_scale(checker, quant_check_field(checker, root, "scale"), "scale");
    params->zero_point =
        (int32_t)quant_check_integer(checker, root, "zero_point", INT32_MIN, INT32_MAX);
}

/* ---- Groups ---- */

static uint64_t count_groups(const struct quant_sidecar *sidecar)
{
    const struct quant_granularity granularity = {true, sidecar->groups.axis,
                                                  sidecar->groups.block_size};
    struct quant_grouping grouping = {.count = 0};
    quant_grouping_make(&granularity, &sidecar->shape, sidecar->order, &grouping, NULL);
    return grouping.count;
}

static void read_grouping(struct quant_checker *checker, const cJSON *root,
                          struct quant_sidecar *sidecar)
{
    const struct quant_shape *shape = &sidecar->shape;
    struct quant_sidecar_groups *groups = &sidecar->groups;
    char text[QUANT_SHAPE_TEXT];
    groups->axis = (int)quant_check_integer(checker, root, "axis", INT32_MIN, INT32_MAX);
    if (shape->ndim == 0)
        quant_check_fail(checker, QUANT_CORRUPT, "'axis' is %d; a scalar has none", groups->axis);
    else if (groups->axis < 0 || groups->axis >= shape->ndim)
        quant_check_fail(checker, QUANT_CORRUPT, "'axis' is %d; the shape %s has the axes 0 to %d",
                         groups->axis, quant_shape_text(shape, text), shape->ndim - 1);
    const cJSON *block_size = quant_check_field(checker, root, "block_size");
    if (block_size && !cJSON_IsNull(block_size))
        groups->block_size = (uint64_t)quant_check_integer_item(checker, block_size, "block_size",
                                                                1, GREATEST_EXACT);
    if (checker->status == QUANT_OK)
        groups->count = count_groups(sidecar);
}

/* ---- In arrays ---- */

/* An array with an entry for each group. More of them than QUANT_SIDECAR_SCALES are refused, since
 * the format puts them elsewhere: what every reader has to be ready for stays small. */
static const cJSON *check_array(struct quant_checker *checker, const cJSON *root, const char *key,
                                uint64_t count)
{
    const cJSON *array = quant_check_field(checker, root, key);
    if (array && !cJSON_IsArray(array))
        quant_check_fail(checker, QUANT_CORRUPT,
                         "'%s' is neither an array nor null, though 'axis' is set", key);
    const int length = checker->status == QUANT_OK ? cJSON_GetArraySize(array) : 0;
    if (length > QUANT_SIDECAR_SCALES)
        quant_check_fail(checker, QUANT_CORRUPT,
                         "'%s' has %d entries; more than %d belong in the file of 'scales'", key,
                         length, QUANT_SIDECAR_SCALES);
    if ((uint64_t)length != count)
        quant_check_fail(checker, QUANT_CORRUPT,
                         "'%s' has %d entries; shape, 'axis' and 'block_size' come to %llu", key,
                         length, (unsigned long long)count);
    return checker->status == QUANT_OK ? array : NULL;
}

/* What messages call an entry, "scale[3]"; made only where there is something to say. */
enum { ENTRY_TEXT = 32 };
static const char *entry_text(const char *key, uint64_t i, char text[ENTRY_TEXT])
{
    snprintf(text, ENTRY_TEXT, "%s[%llu]", key, (unsigned long long)i);
    return text;
}

static void read_scale_array(struct quant_checker *checker, const cJSON *array, float *scales)
{
    char text[ENTRY_TEXT];
    uint64_t i = 0;
    for (const cJSON *item = array->child; item; item = item->next, i++) {
        if (is_scale(item))
            scales[i] = (float)item->valuedouble;
        else
            check_scale(checker, item, entry_text("scale", i, text));
    }
}

static void read_zero_point_array(struct quant_checker *checker, const cJSON *array,
                                  int32_t *zero_points)
{
    char text[ENTRY_TEXT];
    uint64_t i = 0;
    for (const cJSON *item = array->child; item; item = item->next, i++) {
        const double value = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
        if (value >= INT32_MIN && value <= INT32_MAX && value == floor(value))
            zero_points[i] = (int32_t)value;
        else
            quant_check_integer_item(checker, item, entry_text("zero_point", i, text), INT32_MIN,
                                     INT32_MAX);
    }
}

static void read_arrays(struct quant_checker *checker, const cJSON *root,
                        struct quant_sidecar_groups *groups)
{
    if (cJSON_GetObjectItemCaseSensitive(root, "scales"))
        quant_check_fail(checker, QUANT_CORRUPT,
                         "it has 'scales', though 'scale' and 'zero_point' are not null");
    const cJSON *scales = check_array(checker, root, "scale", groups->count);
    const cJSON *zero_points = check_array(checker, root, "zero_point", groups->count);
    if (checker->status != QUANT_OK)
        return;
    const size_t room = groups->count > 0 ? (size_t)groups->count : 1;
    groups->scales = malloc(room * sizeof *groups->scales);
    groups->zero_points = malloc(room * sizeof *groups->zero_points);
    if (!groups->scales || !groups->zero_points) {
        checker->status =
            quant_error_no_memory(checker->error, room * QUANT_SCALES_RECORD, "scales");
        return;
    }
    read_scale_array(checker, scales, groups->scales);
    read_zero_point_array(checker, zero_points, groups->zero_points);
}

/* ---- In a file ---- */

static void read_file(struct quant_checker *checker, const cJSON *root,
                      struct quant_sidecar_groups *groups)
{
    const cJSON *scales = quant_check_object(checker, root, "scales");
    quant_check_path(checker, scales, "path", &groups->path);
    if (checker->status == QUANT_OK && !groups->path)
        quant_check_fail(checker, QUANT_CORRUPT, "the 'path' of 'scales' is null");
    const double count = quant_check_integer(checker, scales, "count", 0, GREATEST_EXACT);
    if ((uint64_t)count != groups->count)
        quant_check_fail(checker, QUANT_CORRUPT,
                         "'count' is %.0f; shape, 'axis' and 'block_size' come to %llu", count,
                         (unsigned long long)groups->count);
    groups->bytes = (uint64_t)quant_check_integer(checker, scales, "bytes", 0, GREATEST_EXACT);
    if (checker->status == QUANT_OK && groups->bytes != QUANT_SCALES_RECORD * groups->count)
        quant_check_fail(checker, QUANT_CORRUPT,
                         "'bytes' of 'scales' is %llu, not %d for each of %llu",
                         (unsigned long long)groups->bytes, QUANT_SCALES_RECORD,
                         (unsigned long long)groups->count);
    groups->xxh3_64 = quant_check_checksum(checker, scales, "xxh3_64");
}

/* ---- All of it ---- */

void quant_sidecar_read_scales(struct quant_checker *checker, const cJSON *root,
                               struct quant_sidecar *sidecar)
{
    const cJSON *axis = quant_check_field(checker, root, "axis");
    if (!axis)
        return;
    if (cJSON_IsNull(axis)) {
        read_one(checker, root, &sidecar->params);
        return;
    }
    sidecar->params.scale = 1;
    sidecar->params.zero_point = 0;
    sidecar->has_groups = true;
    read_grouping(checker, root, sidecar);
    const bool scale_is_null = cJSON_IsNull(quant_check_field(checker, root, "scale"));
    const bool zero_point_is_null = cJSON_IsNull(quant_check_field(checker, root, "zero_point"));
    if (scale_is_null != zero_point_is_null)
        quant_check_fail(checker, QUANT_CORRUPT, "only one of 'scale' and 'zero_point' is null");
    if (scale_is_null)
        read_file(checker, root, &sidecar->groups);
    else
        read_arrays(checker, root, &sidecar->groups);
}
