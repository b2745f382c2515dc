/* SPDX-License-Identifier: MIT */
/*
 * Reading a sidecar back. cJSON parses; everything it leaves open is checked here: that keys come
 * once, that each field is there, of its type and inside its range, and that the fields agree.
 */
#include <stdlib.h>
#include <string.h>

#include "base/shape.h"
#include "records/document.h"
#include "records/field.h"
#include "records/sidecar.h"
#include "records/sidecar_scales.h"
#include "records/sidecar_words.h"

/* QUANT_SIDECAR_SCALES of them take about 2 MiB of text: more is no sidecar. */
enum { SIZE_LIMIT = 16 << 20 };

const char *const quant_sidecar_schemes[] = {
    [QUANT_ABSMAX] = "absmax", [QUANT_ZERO_POINT] = "zero-point", NULL};
const char *const quant_sidecar_roundings[] = {
    [QUANT_HALF_EVEN] = "half-even", [QUANT_HALF_AWAY] = "half-away", NULL};
const char *const quant_sidecar_orders[] = {
    [QUANT_ORDER_C] = "C", [QUANT_ORDER_FORTRAN] = "F", NULL};

static bool has_key(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
}

/* Version 2 has more keys, and each later program may add some that change what the others mean:
 * one that is not known here is an error. */
static void check_known_keys(struct quant_fields *fields, const cJSON *root)
{
    static const char *const known[] = {
        "format",      "version",    "tool",  "scheme", "dtype",      "qmin",       "qmax",
        "scale",       "zero_point", "axis",  "scales", "block_size", "rounding",   "range",
        "calibration", "shape",      "order", "source", "data",       "scale_dtype"};
    for (const cJSON *item = root->child; item; item = item->next) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            is_known = is_known || strcmp(item->string, known[i]) == 0;
        if (!is_known)
            quant_fields_fail(fields, QUANT_UNSUPPORTED,
                              "unknown key '%.64s': a later version of quant wrote it",
                              item->string);
    }
}

/* A sidecar is of version 2 where a key occurs that came with it, and only there. */
static void check_version(struct quant_fields *fields, const cJSON *root, double version)
{
    const cJSON *scales = cJSON_GetObjectItemCaseSensitive(root, "scales");
    const char *found = has_key(root, "scale_dtype") || has_key(scales, "scale_dtype")
                            ? "scale_dtype"
                        : has_key(scales, "zero_points") ? "zero_points"
                                                         : NULL;
    if (version == QUANT_SIDECAR_VERSION_2)
        check_known_keys(fields, root);
    if (version == QUANT_SIDECAR_VERSION_2 && !found)
        quant_fields_fail(fields, QUANT_CORRUPT, "'version' is 2, though no key of it occurs");
    if (version == QUANT_SIDECAR_VERSION_1 && found)
        quant_fields_fail(fields, QUANT_CORRUPT, "'version' is 1, though '%s' is of version 2",
                          found);
}

static void read_head(struct quant_fields *fields, const cJSON *root)
{
    if (strcmp(quant_field_string(fields, root, "format"), QUANT_SIDECAR_FORMAT) != 0)
        quant_fields_fail(fields, QUANT_UNRECOGNIZED, "'format' is not '" QUANT_SIDECAR_FORMAT "'");
    const double version = quant_field_number(fields, root, "version");
    if (version != QUANT_SIDECAR_VERSION_1 && version != QUANT_SIDECAR_VERSION_2)
        quant_fields_fail(fields, QUANT_UNSUPPORTED,
                          "version %.9g; this program reads versions %d and %d", version,
                          QUANT_SIDECAR_VERSION_1, QUANT_SIDECAR_VERSION_2);
    check_version(fields, root, version);
}

static void read_target_range(struct quant_fields *fields, const cJSON *root,
                              struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    params->qmin = (int32_t)quant_field_integer(fields, root, "qmin", info->least, info->greatest);
    params->qmax = (int32_t)quant_field_integer(fields, root, "qmax", info->least, info->greatest);
    if (params->qmin >= params->qmax)
        quant_fields_fail(fields, QUANT_CORRUPT, "'qmin' %d is not less than 'qmax' %d",
                          params->qmin, params->qmax);
}

static bool has_zero_point(const struct quant_sidecar *sidecar)
{
    bool found = sidecar->params.zero_point != 0;
    for (uint64_t i = 0; sidecar->groups.zero_points && i < sidecar->groups.count; i++)
        found = found || sidecar->groups.zero_points[i] != 0;
    return found;
}

/* What a float type leaves no choice about. */
static void check_float(struct quant_fields *fields, const cJSON *root,
                        const struct quant_sidecar *sidecar)
{
    const struct quant_params *params = &sidecar->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const cJSON *qmin = quant_field_get(fields, root, "qmin");
    const cJSON *qmax = quant_field_get(fields, root, "qmax");
    if (qmin && qmax && !(cJSON_IsNull(qmin) && cJSON_IsNull(qmax)))
        quant_fields_fail(fields, QUANT_CORRUPT, "'qmin' and 'qmax' of %s are not null",
                          info->name);
    if (params->scheme != QUANT_ABSMAX || params->rounding != QUANT_HALF_EVEN ||
        has_zero_point(sidecar))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "%s has the scheme absmax, the rounding half-even and the zero point 0",
                          info->name);
    if (info->is_unscaled && params->scale_dtype != QUANT_FLOAT32)
        quant_fields_fail(fields, QUANT_CORRUPT, "'scale_dtype' of %s, which is unscaled",
                          info->name);
    if (info->is_unscaled && sidecar->has_groups)
        quant_fields_fail(fields, QUANT_CORRUPT, "'axis' of %s, which is unscaled, is not null",
                          info->name);
    if (info->is_unscaled && params->scale != 1)
        quant_fields_fail(fields, QUANT_CORRUPT, "'scale' of %s, which is unscaled, is not 1",
                          info->name);
}

static void read_params(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    struct quant_params *params = &sidecar->params;
    params->scheme =
        (enum quant_scheme)quant_field_word(fields, root, "scheme", quant_sidecar_schemes);
    const char *dtype = quant_field_string(fields, root, "dtype");
    params->dtype = quant_dtype_from_name(dtype);
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || !info->quantizes)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'dtype': '%.64s'", dtype);
    if (fields->status != QUANT_OK)
        return;
    if (info->is_integer)
        read_target_range(fields, root, params);
    quant_sidecar_read_scales(fields, root, sidecar);
    params->rounding =
        (enum quant_rounding)quant_field_word(fields, root, "rounding", quant_sidecar_roundings);
    if (fields->status == QUANT_OK && !info->is_integer)
        check_float(fields, root, sidecar);
}

static void read_shape(struct quant_fields *fields, const cJSON *root,
                       struct quant_sidecar *sidecar)
{
    const cJSON *array = quant_field_get(fields, root, "shape");
    if (array && !cJSON_IsArray(array))
        quant_fields_fail(fields, QUANT_CORRUPT, "'shape' is not an array");
    const int ndim = fields->status == QUANT_OK ? cJSON_GetArraySize(array) : 0;
    if (ndim > QUANT_MAX_DIMS)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "'shape' has %d dimensions, more than %d",
                          ndim, QUANT_MAX_DIMS);
    struct quant_shape *shape = &sidecar->shape;
    const cJSON *item = fields->status == QUANT_OK ? array->child : NULL;
    for (; item; item = item->next)
        shape->dims[shape->ndim++] = (uint64_t)quant_field_integer_item(
            fields, item, "shape", 0, 9007199254740992.0 /* 2^53 */);
    uint64_t nelems;
    if (!quant_shape_count(shape, &nelems))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'shape' is larger than any file");
    sidecar->order =
        (enum quant_order)quant_field_word(fields, root, "order", quant_sidecar_orders);
}

static void read_source(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    const cJSON *source = quant_field_object(fields, root, "source");
    quant_field_path(fields, source, "path", &sidecar->source.path);
    quant_field_copy_word(fields, source, "format", sidecar->source.format, QUANT_SIDECAR_WORD);
    const char *dtype = quant_field_string(fields, source, "dtype");
    sidecar->source_dtype = quant_dtype_from_name(dtype);
    const struct quant_dtype_info *info = quant_dtype_info(sidecar->source_dtype);
    if (!info || !info->is_source)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown 'dtype' of the source: '%.64s'",
                          dtype);
    static const char *const byte_orders[] = {"little", "big", NULL};
    if (fields->status == QUANT_OK && cJSON_HasObjectItem(source, "byte_order"))
        sidecar->source_byte_order =
            quant_field_word(fields, source, "byte_order", byte_orders) == 0 ? QUANT_LITTLE
                                                                             : QUANT_BIG;
}

static void read_data(struct quant_fields *fields, const cJSON *root, struct quant_sidecar *sidecar)
{
    const cJSON *data = quant_field_object(fields, root, "data");
    quant_field_path(fields, data, "path", &sidecar->data.path);
    quant_field_copy_word(fields, data, "format", sidecar->data.format, QUANT_SIDECAR_WORD);
    sidecar->data_bytes =
        (uint64_t)quant_field_integer(fields, data, "bytes", 0, 9007199254740992.0);
    sidecar->data_xxh3_64 = quant_field_checksum(fields, data, "xxh3_64");
}

static void read_calibration(struct quant_fields *fields, const cJSON *root,
                             struct quant_sidecar *sidecar)
{
    quant_field_pair(fields, root, "range", &sidecar->has_range, sidecar->range);
    const cJSON *calibration = quant_field_object(fields, root, "calibration");
    quant_field_copy_word(fields, calibration, "method", sidecar->method, QUANT_SIDECAR_WORD);
    if (fields->status == QUANT_OK && cJSON_HasObjectItem(calibration, "argument")) {
        sidecar->argument = quant_field_number(fields, calibration, "argument");
        sidecar->has_argument = true;
        if (!(sidecar->argument > 0 && sidecar->argument <= 1e30))
            quant_fields_fail(fields, QUANT_OUT_OF_RANGE,
                              "'argument' is %.9g; expected a number above 0 and at most 1e30",
                              sidecar->argument);
    }
    quant_field_pair(fields, calibration, "observed", &sidecar->has_observed, sidecar->observed);
}

static void read_root(struct quant_fields *fields, const cJSON *root, struct quant_sidecar *sidecar)
{
    if (!cJSON_IsObject(root)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "not a JSON object");
        return;
    }
    quant_fields_check_keys(fields, root);
    for (const cJSON *item = root->child; item; item = item->next)
        if (cJSON_IsObject(item))
            quant_fields_check_keys(fields, item);
    read_head(fields, root);
    read_shape(fields, root, sidecar); /* which says how many scales there are */
    read_params(fields, root, sidecar);
    read_calibration(fields, root, sidecar);
    read_source(fields, root, sidecar);
    read_data(fields, root, sidecar);
}

enum quant_status quant_sidecar_read(struct quant_source *source, struct quant_sidecar *sidecar,
                                     struct quant_error *error)
{
    memset(sidecar, 0, sizeof *sidecar);
    struct quant_fields fields = {source, "not a valid sidecar", error, QUANT_OK};
    cJSON *root = quant_document_read(&fields, "sidecar", SIZE_LIMIT);
    if (root)
        read_root(&fields, root, sidecar);
    cJSON_Delete(root);
    return fields.status;
}

void quant_sidecar_release(struct quant_sidecar *sidecar)
{
    free(sidecar->source.path);
    free(sidecar->data.path);
    free(sidecar->groups.scales);
    free(sidecar->groups.zero_points);
    free(sidecar->groups.path);
    memset(sidecar, 0, sizeof *sidecar);
}
