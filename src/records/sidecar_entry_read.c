/* SPDX-License-Identifier: MIT */
/*
 * An entry is copied or quantized. A quantized one reads as the sidecar of one tensor does, except
 * that its scales are in the container: if there are groups, "scale" and "zero_point" are null, and
 * "scales" names tensors in place of a file.
 */
#include "records/sidecar_entry_read.h"

#include <string.h>

#include "base/shape.h"
#include "records/sidecar_fields.h"
#include "records/sidecar_words.h"

/* A string of at least one character. */
static const char *read_name(struct quant_fields *fields, const cJSON *object, const char *key)
{
    const char *name = quant_field_string(fields, object, key);
    if (*name == '\0')
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is empty", key);
    return name;
}

static uint64_t read_size(struct quant_fields *fields, const cJSON *object, const char *key)
{
    return (uint64_t)quant_field_integer(fields, object, key, 0, QUANT_SIDECAR_INTEGER_MOST);
}

static void read_data(struct quant_fields *fields, const cJSON *object,
                      struct quant_sidecar_entry *entry)
{
    entry->stored_type = read_name(fields, object, "dtype");
    entry->stored_nbytes = read_size(fields, object, "bytes");
    entry->digests.data = quant_field_checksum(fields, object, "xxh3_64");
}

static void read_shape(struct quant_fields *fields, const cJSON *object, struct quant_shape *shape,
                       struct quant_sidecar_entry *entry)
{
    quant_sidecar_read_shape(fields, object, shape);
    entry->ndim = shape->ndim;
    entry->dims = shape->dims;
}

/* ---- Copied ---- */

static void read_copied(struct quant_fields *fields, const cJSON *object, struct quant_shape *shape,
                        struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"copied", "dtype", "shape", "bytes", "xxh3_64", NULL};
    quant_sidecar_check_keys(fields, object, known);
    if (!cJSON_IsTrue(quant_field_get(fields, object, "copied")))
        quant_fields_fail(fields, QUANT_CORRUPT, "'copied' is not true");
    entry->is_copied = true;
    read_shape(fields, object, shape, entry);
    read_data(fields, object, entry);
}

/* ---- Scales ---- */

static void check_null(struct quant_fields *fields, const cJSON *object, const char *key,
                       const char *why)
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (item && !cJSON_IsNull(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not null, but %s", key, why);
}

static void read_one(struct quant_fields *fields, const cJSON *object,
                     struct quant_sidecar_entry *entry)
{
    struct quant_params *params = &entry->params;
    check_null(fields, object, "block_size", "'axis' is null");
    quant_sidecar_check_biases(fields, object, params, false);
    params->scale =
        quant_sidecar_scale(fields, quant_field_get(fields, object, "scale"), params, "scale");
    params->zero_point =
        (int32_t)quant_field_integer(fields, object, "zero_point", INT32_MIN, INT32_MAX);
    entry->scale_count = 1;
}

static void read_groups(struct quant_fields *fields, const cJSON *object,
                        const struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    entry->has_groups = true;
    entry->params.scale = 1;
    quant_sidecar_read_grouping(fields, object, shape, entry->order, entry);
    check_null(fields, object, "scale", "'axis' is set");
    check_null(fields, object, "zero_point", "'axis' is set");
    quant_sidecar_check_biases(fields, object, &entry->params, true);
    if (quant_params_have_biases(&entry->params))
        check_null(fields, object, "bias", "'axis' is set");
}

static void read_zero_points(struct quant_fields *fields, const cJSON *scales,
                             struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"tensor", "xxh3_64", NULL};
    const struct quant_dtype_info *info = quant_dtype_info(entry->params.dtype);
    const cJSON *zero_points = quant_field_get(fields, scales, "zero_points");
    if (cJSON_IsNull(zero_points)) {
        if (quant_params_have_zero_points(&entry->params))
            quant_fields_fail(fields, QUANT_CORRUPT,
                              "'zero_points' is null, but the tensor has zero points");
        return;
    }
    zero_points = quant_sidecar_open_object(fields, scales, "zero_points", known);
    if (fields->status == QUANT_OK && !info->is_integer)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'zero_points' is not null, but %s takes no zero points", info->name);
    entry->zero_point_name = read_name(fields, zero_points, "tensor");
    entry->digests.zero_points = quant_field_checksum(fields, zero_points, "xxh3_64");
}

/* In place of zero points. */
static void read_biases(struct quant_fields *fields, const cJSON *scales,
                        struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"tensor", "xxh3_64", NULL};
    const bool has_biases = quant_params_have_biases(&entry->params);
    if (fields->status == QUANT_OK && !has_biases && quant_field_find(scales, "biases"))
        quant_fields_fail(fields, QUANT_CORRUPT, "it has 'biases', but no 'profile' with biases");
    if (!has_biases)
        return;
    const cJSON *biases = quant_sidecar_open_object(fields, scales, "biases", known);
    if (fields->status == QUANT_OK && entry->zero_point_name)
        quant_fields_fail(fields, QUANT_CORRUPT, "it has both 'biases' and 'zero_points'");
    entry->zero_point_name = read_name(fields, biases, "tensor");
    entry->digests.zero_points = quant_field_checksum(fields, biases, "xxh3_64");
}

static void check_count(struct quant_fields *fields, const cJSON *scales,
                        const struct quant_sidecar_entry *entry)
{
    const uint64_t count = read_size(fields, scales, "count");
    if (count != entry->scale_count)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'count' is %llu; shape, 'axis' and 'block_size' need %llu",
                          (unsigned long long)count, (unsigned long long)entry->scale_count);
}

static void read_scale_tensors(struct quant_fields *fields, const cJSON *object,
                               struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"tensor",      "count",  "scale_dtype", "xxh3_64",
                                        "zero_points", "biases", NULL};
    const cJSON *scales = quant_sidecar_open_object(fields, object, "scales", known);
    if (!scales)
        return;
    entry->scale_name = read_name(fields, scales, "tensor");
    check_count(fields, scales, entry);
    quant_field_get(fields, scales, "scale_dtype");
    const enum quant_dtype dtype = quant_sidecar_read_scale_dtype(fields, scales);
    if (dtype != entry->params.scale_dtype)
        quant_fields_fail(fields, QUANT_CORRUPT, "the 'scale_dtype' of 'scales' is %s, not %s",
                          quant_dtype_info(dtype)->name,
                          quant_dtype_info(entry->params.scale_dtype)->name);
    entry->digests.scales = quant_field_checksum(fields, scales, "xxh3_64");
    read_zero_points(fields, scales, entry);
    read_biases(fields, scales, entry);
}

static void read_scales(struct quant_fields *fields, const cJSON *object,
                        const struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    const cJSON *axis = quant_field_get(fields, object, "axis");
    entry->params.scale_dtype = quant_sidecar_read_scale_dtype(fields, object);
    if (fields->status != QUANT_OK)
        return;
    if (!quant_sidecar_has_groups(fields, object, axis))
        read_one(fields, object, entry);
    else
        read_groups(fields, object, shape, entry);
    if (fields->status != QUANT_OK)
        return;
    if (!quant_dtype_info(entry->params.dtype)->is_unscaled) {
        read_scale_tensors(fields, object, entry);
        return;
    }
    check_null(fields, object, "scales", "the tensor is unscaled");
    entry->scale_count = 0;
}

/* ---- Quantized ---- */

static void read_source(struct quant_fields *fields, const cJSON *object,
                        struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"dtype", NULL};
    const cJSON *source = quant_sidecar_open_object(fields, object, "source", known);
    entry->source_dtype = quant_sidecar_read_source_dtype(fields, source);
}

static void read_stored(struct quant_fields *fields, const cJSON *object,
                        const struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"dtype", "bytes", "xxh3_64", NULL};
    const cJSON *data = quant_sidecar_open_object(fields, object, "data", known);
    if (!data)
        return;
    read_data(fields, data, entry);
    uint64_t nelems = 0;
    quant_shape_count(shape, &nelems);
    const uint64_t nbytes = quant_dtype_bytes(entry->params.dtype, nelems);
    if (nbytes != entry->stored_nbytes)
        quant_fields_fail(fields, QUANT_CORRUPT, "'bytes' is %llu; shape and 'dtype' need %llu",
                          (unsigned long long)entry->stored_nbytes, (unsigned long long)nbytes);
}

/* How an engine's file has it. */
static void read_layout(struct quant_fields *fields, const cJSON *object,
                        struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {"tensor", "dtype", "beside", NULL};
    struct quant_sidecar_stored *stored = &entry->stored;
    const cJSON *item = quant_sidecar_open_object(fields, object, "stored", known);
    const cJSON *beside = quant_field_get(fields, item, "beside");
    stored->data = read_name(fields, item, "tensor");
    stored->type = read_name(fields, item, "dtype");
    if (!cJSON_IsArray(beside) || cJSON_GetArraySize(beside) > QUANT_SIDECAR_BESIDE) {
        quant_fields_fail(fields, QUANT_CORRUPT, "'beside' is not an array of at most %d names",
                          QUANT_SIDECAR_BESIDE);
        return;
    }
    for (const cJSON *name = beside->child; name; name = name->next) {
        if (!cJSON_IsString(name))
            quant_fields_fail(fields, QUANT_CORRUPT, "'beside' is not an array of names");
        stored->beside[stored->nbeside++] = name->valuestring;
    }
}

static void read_quantized(struct quant_fields *fields, const cJSON *object,
                           struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    static const char *const known[] = {
        "scheme",   "dtype",      "qmin",        "qmax",  "profile",    "exact",
        "scale",    "zero_point", "scale_dtype", "axis",  "block_size", "scales",
        "rounding", "range",      "calibration", "shape", "order",      "source",
        "data",     "stored",     "bias",        NULL};
    static const char *const calibration[] = {"method", "argument", "observed", NULL};
    quant_sidecar_check_keys(fields, object, known);
    read_shape(fields, object, shape, entry);
    entry->order =
        (enum quant_order)quant_field_word(fields, object, "order", quant_sidecar_orders);
    quant_sidecar_read_target(fields, object, &entry->params);
    if (fields->status != QUANT_OK)
        return;
    quant_sidecar_read_rounding(fields, object, &entry->params);
    read_scales(fields, object, shape, entry);
    quant_sidecar_check_float(fields, object, &entry->params, entry->params.zero_point != 0,
                              entry->has_groups);
    if (quant_sidecar_open_object(fields, object, "calibration", calibration))
        quant_sidecar_read_calibration(fields, object, entry);
    read_source(fields, object, entry);
    if (fields->status == QUANT_OK)
        quant_sidecar_follow_profile(&entry->params, entry->source_dtype, entry->method);
    read_stored(fields, object, shape, entry);
    if (fields->status == QUANT_OK && quant_field_find(object, "stored"))
        read_layout(fields, object, entry);
}

void quant_sidecar_read_entry(struct quant_fields *fields, const cJSON *object,
                              struct quant_shape *shape, struct quant_sidecar_entry *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->axis = -1;
    if (!cJSON_IsObject(object)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "not an object");
        return;
    }
    if (quant_field_find(object, "copied"))
        read_copied(fields, object, shape, entry);
    else
        read_quantized(fields, object, shape, entry);
}
