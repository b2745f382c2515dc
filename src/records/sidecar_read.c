/* SPDX-License-Identifier: MIT */
/*
 * Reads the sidecar of one tensor. The text and its keys were checked before; here it is checked
 * that each field is there, with the right type and in its range, and that the fields agree.
 */
#include <stdlib.h>
#include <string.h>

#include "records/document.h"
#include "records/sidecar.h"
#include "records/sidecar_fields.h"
#include "records/sidecar_scales.h"
#include "records/sidecar_words.h"

/* QUANT_SIDECAR_SCALES of them take about 2 MiB of text: more is no sidecar. */
enum { SIZE_LIMIT = 16 << 20 };

static bool has_key(const cJSON *object, const char *key)
{
    return quant_field_find(object, key) != NULL;
}

/* Version 2 has more keys, and later programs may add others. */
static const char *const known_keys[] = {
    "format", "version",    "tool",   "scheme",   "dtype",      "qmin",
    "qmax",   "profile",    "exact",  "scale",    "zero_point", "scale_dtype",
    "axis",   "block_size", "scales", "rounding", "range",      "calibration",
    "shape",  "order",      "source", "data",     "bias",       NULL};

/* A sidecar has version 2 if and only if it has a key that came with version 2, or a block_size of
 * rows and columns, which did too. */
static void check_version(struct quant_fields *fields, const cJSON *root, double version)
{
    const cJSON *scales = quant_field_find(root, "scales");
    const char *found = has_key(root, "scale_dtype") || has_key(scales, "scale_dtype")
                            ? "scale_dtype"
                        : has_key(root, "profile")                            ? "profile"
                        : has_key(scales, "zero_points")                      ? "zero_points"
                        : cJSON_IsArray(quant_field_find(root, "block_size")) ? "block_size"
                                                                              : NULL;
    if (version == QUANT_SIDECAR_VERSION_2)
        quant_sidecar_check_keys(fields, root, known_keys);
    if (version == QUANT_SIDECAR_VERSION_2 && !found)
        quant_fields_fail(fields, QUANT_CORRUPT, "'version' is 2, but no key of version 2 occurs");
    if (version == QUANT_SIDECAR_VERSION_1 && found)
        quant_fields_fail(fields, QUANT_CORRUPT, "'version' is 1, but '%s' is a key of version 2",
                          found);
}

static void read_head(struct quant_fields *fields, const cJSON *root)
{
    quant_sidecar_check_format(fields, root);
    if (has_key(root, "tensors"))
        quant_fields_fail(fields, QUANT_UNSUPPORTED,
                          "it has 'tensors': it is the sidecar of many tensors, not of one");
    const double version = quant_field_number(fields, root, "version");
    if (version != QUANT_SIDECAR_VERSION_1 && version != QUANT_SIDECAR_VERSION_2)
        quant_fields_fail(fields, QUANT_UNSUPPORTED,
                          "version %.9g; this program reads versions %d and %d", version,
                          QUANT_SIDECAR_VERSION_1, QUANT_SIDECAR_VERSION_2);
    check_version(fields, root, version);
}

static bool has_zero_point(const struct quant_sidecar *sidecar)
{
    bool found = sidecar->params.zero_point != 0;
    for (uint64_t i = 0; sidecar->groups.zero_points && i < sidecar->groups.count; i++)
        found = found || sidecar->groups.zero_points[i] != 0;
    return found;
}

static void read_params(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    quant_sidecar_read_target(fields, root, &sidecar->params);
    if (fields->status != QUANT_OK)
        return;
    quant_sidecar_read_scales(fields, root, sidecar);
    quant_sidecar_read_rounding(fields, root, &sidecar->params);
    if (fields->status == QUANT_OK)
        quant_sidecar_check_float(fields, root, &sidecar->params, has_zero_point(sidecar),
                                  sidecar->has_groups);
}

static void read_shape(struct quant_fields *fields, const cJSON *root,
                       struct quant_sidecar *sidecar)
{
    quant_sidecar_read_shape(fields, root, &sidecar->shape);
    sidecar->order =
        (enum quant_order)quant_field_word(fields, root, "order", quant_sidecar_orders);
}

static void read_source(struct quant_fields *fields, const cJSON *root,
                        struct quant_sidecar *sidecar)
{
    const cJSON *source = quant_field_object(fields, root, "source");
    quant_field_path(fields, source, "path", &sidecar->source.path);
    quant_field_copy_word(fields, source, "format", sidecar->source.format, QUANT_SIDECAR_WORD);
    sidecar->source_dtype = quant_sidecar_read_source_dtype(fields, source);
    static const char *const byte_orders[] = {"little", "big", NULL};
    if (fields->status == QUANT_OK && quant_field_find(source, "byte_order"))
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
        (uint64_t)quant_field_integer(fields, data, "bytes", 0, QUANT_SIDECAR_INTEGER_MOST);
    sidecar->data_xxh3_64 = quant_field_checksum(fields, data, "xxh3_64");
}

static void read_calibration(struct quant_fields *fields, const cJSON *root,
                             struct quant_sidecar *sidecar)
{
    struct quant_sidecar_entry entry = {.method = ""};
    quant_sidecar_read_calibration(fields, root, &entry);
    if (fields->status != QUANT_OK)
        return;
    memcpy(sidecar->method, entry.method, strlen(entry.method) + 1);
    sidecar->has_argument = entry.has_argument;
    sidecar->argument = entry.argument;
    sidecar->has_range = entry.has_range;
    memcpy(sidecar->range, entry.range, sizeof sidecar->range);
    sidecar->has_observed = entry.has_observed;
    memcpy(sidecar->observed, entry.observed, sizeof sidecar->observed);
}

static void read_root(struct quant_fields *fields, const cJSON *root, struct quant_sidecar *sidecar)
{
    if (!cJSON_IsObject(root)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "not a JSON object");
        return;
    }
    read_head(fields, root);
    read_shape(fields, root, sidecar); /* which says how many scales there are */
    read_params(fields, root, sidecar);
    read_calibration(fields, root, sidecar);
    read_source(fields, root, sidecar);
    if (fields->status == QUANT_OK)
        quant_sidecar_follow_profile(&sidecar->params, sidecar->source_dtype, sidecar->method);
    read_data(fields, root, sidecar);
}

enum quant_status quant_sidecar_parse(struct quant_source *source, struct quant_sidecar *sidecar,
                                      struct quant_error *error)
{
    memset(sidecar, 0, sizeof *sidecar);
    struct quant_fields fields = {.source = source, .what = "not a valid sidecar", .error = error};
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
    free(sidecar->groups.biases);
    free(sidecar->groups.path);
    memset(sidecar, 0, sizeof *sidecar);
}
