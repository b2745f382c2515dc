/* SPDX-License-Identifier: MIT */
/* What a sidecar says, key by key. */
#include <cjson/cJSON.h>

#include "records/document.h"
#include "records/sidecar.h"
#include "records/sidecar_words.h"

static cJSON *make_shape(const struct quant_shape *shape)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < shape->ndim; i++)
        if (!quant_document_append(array, quant_document_integer(shape->dims[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_calibration(const struct quant_sidecar *sidecar, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    quant_document_add(object, "method", quant_document_string(sidecar->method), ok);
    if (sidecar->has_argument)
        quant_document_add(object, "argument", quant_document_double(sidecar->argument), ok);
    quant_document_add(object, "observed",
                       quant_document_pair(sidecar->has_observed, sidecar->observed), ok);
    return object;
}

static cJSON *make_source(const struct quant_sidecar *sidecar, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    quant_document_add(object, "path", quant_document_string(sidecar->source.path), ok);
    quant_document_add(object, "format", quant_document_string(sidecar->source.format), ok);
    quant_document_add(object, "dtype",
                       quant_document_string(quant_dtype_info(sidecar->source_dtype)->name), ok);
    /* Where the format tells it, as .npy does, nobody needs to be told again. */
    if (sidecar->source_byte_order != QUANT_BYTE_ORDER_NONE)
        quant_document_add(
            object, "byte_order",
            quant_document_string(sidecar->source_byte_order == QUANT_BIG ? "big" : "little"), ok);
    return object;
}

static cJSON *make_data(const struct quant_sidecar *sidecar, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    quant_document_add(object, "path", quant_document_string(sidecar->data.path), ok);
    quant_document_add(object, "format", quant_document_string(sidecar->data.format), ok);
    quant_document_add(object, "bytes", quant_document_integer(sidecar->data_bytes), ok);
    quant_document_add(object, "xxh3_64", quant_document_checksum(sidecar->data_xxh3_64), ok);
    return object;
}

/* ---- Scales ---- */

static cJSON *make_scale(const struct quant_sidecar_groups *groups, uint64_t i)
{
    return quant_document_float((double)groups->scales[i]);
}

static cJSON *make_zero_point(const struct quant_sidecar_groups *groups, uint64_t i)
{
    return cJSON_CreateNumber(groups->zero_points[i]);
}

/* An entry for each group, or null where they are in a file. */
static cJSON *make_entries(const struct quant_sidecar_groups *groups,
                           cJSON *make(const struct quant_sidecar_groups *groups, uint64_t i))
{
    if (groups->path)
        return cJSON_CreateNull();
    cJSON *array = cJSON_CreateArray();
    for (uint64_t i = 0; i < groups->count; i++)
        if (!quant_document_append(array, make(groups, i))) /* which knows the last one */
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static bool has_float32_scales(const struct quant_params *params)
{
    return params->scale_dtype == QUANT_FLOAT32 || params->scale_dtype == QUANT_DTYPE_NONE;
}

static cJSON *make_scale_dtype(const struct quant_params *params)
{
    const enum quant_dtype dtype = has_float32_scales(params) ? QUANT_FLOAT32 : params->scale_dtype;
    return quant_document_string(quant_dtype_info(dtype)->name);
}

static cJSON *make_scales(const struct quant_sidecar *sidecar, bool *ok)
{
    const struct quant_sidecar_groups *groups = &sidecar->groups;
    cJSON *object = cJSON_CreateObject();
    quant_document_add(object, "path", quant_document_string(groups->path), ok);
    quant_document_add(object, "count", quant_document_integer(groups->count), ok);
    quant_document_add(object, "scale_dtype", make_scale_dtype(&sidecar->params), ok);
    quant_document_add(object, "zero_points", cJSON_CreateBool(groups->has_zero_points), ok);
    quant_document_add(object, "bytes", quant_document_integer(groups->bytes), ok);
    quant_document_add(object, "xxh3_64", quant_document_checksum(groups->xxh3_64), ok);
    return object;
}

/* Where it is not there, scales are float32. */
static void add_scale_dtype(cJSON *root, const struct quant_params *params, bool *ok)
{
    if (!has_float32_scales(params))
        quant_document_add(root, "scale_dtype", make_scale_dtype(params), ok);
}

static void add_one(cJSON *root, const struct quant_params *params, bool *ok)
{
    quant_document_add(root, "scale", quant_document_float((double)params->scale), ok);
    quant_document_add(root, "zero_point", cJSON_CreateNumber(params->zero_point), ok);
    add_scale_dtype(root, params, ok);
    quant_document_add(root, "axis", cJSON_CreateNull(), ok);
    quant_document_add(root, "block_size", cJSON_CreateNull(), ok);
}

static void add_groups(cJSON *root, const struct quant_sidecar *sidecar, bool *ok)
{
    const struct quant_sidecar_groups *groups = &sidecar->groups;
    quant_document_add(root, "scale", make_entries(groups, make_scale), ok);
    quant_document_add(root, "zero_point", make_entries(groups, make_zero_point), ok);
    add_scale_dtype(root, &sidecar->params, ok);
    quant_document_add(root, "axis", cJSON_CreateNumber(groups->axis), ok);
    quant_document_add(root, "block_size",
                       groups->block_size > 0 ? quant_document_integer(groups->block_size)
                                              : cJSON_CreateNull(),
                       ok);
    if (groups->path)
        quant_document_add(root, "scales", make_scales(sidecar, ok), ok);
}

/* ---- The whole ---- */

static int version_of(const struct quant_sidecar *sidecar)
{
    const bool has_file = sidecar->has_groups && sidecar->groups.path;
    return has_file || !has_float32_scales(&sidecar->params) ? QUANT_SIDECAR_VERSION_2
                                                             : QUANT_SIDECAR_VERSION_1;
}

static void fill(cJSON *root, const void *content, bool *ok)
{
    const struct quant_sidecar *sidecar = content;
    const struct quant_params *params = &sidecar->params;
    const bool is_integer = quant_dtype_info(params->dtype)->is_integer;
    quant_document_add(root, "format", quant_document_string(QUANT_SIDECAR_FORMAT), ok);
    quant_document_add(root, "version", cJSON_CreateNumber(version_of(sidecar)), ok);
    quant_document_add(root, "tool", quant_document_string("quant " QUANT_VERSION), ok);
    quant_document_add(root, "scheme", quant_document_string(quant_sidecar_schemes[params->scheme]),
                       ok);
    quant_document_add(root, "dtype", quant_document_string(quant_dtype_info(params->dtype)->name),
                       ok);
    quant_document_add(root, "qmin",
                       is_integer ? cJSON_CreateNumber(params->qmin) : cJSON_CreateNull(), ok);
    quant_document_add(root, "qmax",
                       is_integer ? cJSON_CreateNumber(params->qmax) : cJSON_CreateNull(), ok);
    if (sidecar->has_groups)
        add_groups(root, sidecar, ok);
    else
        add_one(root, params, ok);
    quant_document_add(root, "rounding",
                       quant_document_string(quant_sidecar_roundings[params->rounding]), ok);
    quant_document_add(root, "range", quant_document_pair(sidecar->has_range, sidecar->range), ok);
    quant_document_add(root, "calibration", make_calibration(sidecar, ok), ok);
    quant_document_add(root, "shape", make_shape(&sidecar->shape), ok);
    quant_document_add(root, "order", quant_document_string(quant_sidecar_orders[sidecar->order]),
                       ok);
    quant_document_add(root, "source", make_source(sidecar, ok), ok);
    quant_document_add(root, "data", make_data(sidecar, ok), ok);
}

enum quant_status quant_sidecar_write(const struct quant_sidecar *sidecar, struct quant_sink *sink,
                                      struct quant_error *error)
{
    return quant_document_write(fill, sidecar, "sidecar", sink, error);
}
