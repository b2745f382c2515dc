/* SPDX-License-Identifier: MIT */
/* A JSON record for each tensor that is inspected. */
#include <quant/profiles.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/inspect_json.h"
#include "cli/inspect_report.h"
#include "cli/option_values.h"
#include "cli/report_json.h"

bool inspect_add_count(cJSON *object, const char *key, uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

bool inspect_add_number(cJSON *object, const char *key, double value)
{
    char text[REPORT_JSON_NUMBER];
    if (!isfinite(value))
        return cJSON_AddNullToObject(object, key) != NULL;
    report_json_number(value, text);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

bool inspect_add_pair(cJSON *object, const char *key, bool is_present, const double pair[2])
{
    char text[2 * REPORT_JSON_NUMBER + 4];
    char ends[2][REPORT_JSON_NUMBER];
    if (!is_present)
        return cJSON_AddNullToObject(object, key) != NULL;
    report_json_number(pair[0], ends[0]);
    report_json_number(pair[1], ends[1]);
    snprintf(text, sizeof text, "[%s,%s]", ends[0], ends[1]);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_digest(cJSON *object, const char *key, uint64_t digest)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%016" PRIx64, digest);
    return cJSON_AddStringToObject(object, key, text) != NULL;
}

/* ---- What the sidecar says ---- */

static bool add_scales(cJSON *object, const struct quant_recorded *recorded)
{
    const struct quant_params *params = &recorded->params;
    char scale[REPORT_JSON_NUMBER];
    if (recorded->axis >= 0) {
        const struct quant_grouping grouping = {.count = recorded->scale_count,
                                                .axis = recorded->axis,
                                                .block_size = recorded->block_size,
                                                .block_rows = recorded->block_rows};
        return report_json_add_grouping(object, &grouping);
    }
    snprintf(scale, sizeof scale, "%.9g", (double)params->scale);
    return cJSON_AddRawToObject(object, "scale", scale) != NULL &&
           inspect_add_number(object, "zero_point", params->zero_point);
}

static bool add_source(cJSON *object, const struct quant_recorded *recorded)
{
    cJSON *source = cJSON_AddObjectToObject(object, "source");
    return source &&
           (recorded->source_path[0] == '\0'
                ? cJSON_AddNullToObject(source, "path") != NULL
                : report_json_add_path(source, recorded->source_path)) &&
           report_json_add_text(source, "format", recorded->source_format) &&
           cJSON_AddStringToObject(source, "dtype", quant_dtype_info(recorded->source_dtype)->name);
}

static bool add_recorded(cJSON *parent, const struct quant_recorded *recorded)
{
    const struct quant_params *params = &recorded->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    cJSON *object = cJSON_AddObjectToObject(parent, "quantized");
    bool ok = object && cJSON_AddStringToObject(object, "scheme", choice_scheme(params->scheme)) &&
              cJSON_AddStringToObject(object, "dtype", info->name) && add_scales(object, recorded);
    if (ok && info->is_integer)
        ok = inspect_add_number(object, "qmin", params->qmin) &&
             inspect_add_number(object, "qmax", params->qmax);
    if (ok && params->profile)
        ok = cJSON_AddStringToObject(object, "profile", params->profile->name) != NULL;
    if (ok && params->exact)
        ok = cJSON_AddBoolToObject(object, "exact", true) != NULL;
    if (ok && recorded->scale_count > 0)
        ok = cJSON_AddStringToObject(object, "scale_dtype",
                                     params->scale_dtype == QUANT_DTYPE_NONE
                                         ? "float32"
                                         : quant_dtype_info(params->scale_dtype)->name) != NULL;
    if (recorded->method[0] == '\0') /* another program has quantized it */
        return ok;
    ok = ok &&
         cJSON_AddStringToObject(object, "rounding", choice_rounding(params->rounding)) != NULL &&
         inspect_add_pair(object, "range", recorded->has_range, recorded->range) &&
         report_json_add_text(object, "method", recorded->method);
    if (ok && recorded->has_argument)
        ok = inspect_add_number(object, "argument", recorded->argument);
    return ok && inspect_add_pair(object, "observed", recorded->has_observed, recorded->observed) &&
           add_source(object, recorded) && add_digest(object, "xxh3_64", recorded->xxh3_64);
}

/* ---- Records ---- */

static bool add_dtype(cJSON *object, enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info ? cJSON_AddStringToObject(object, "dtype", info->name) != NULL
                : cJSON_AddNullToObject(object, "dtype") != NULL;
}

static bool add_fault(cJSON *object, const struct quant_inspect_result *file,
                      const struct quant_inspected *tensor)
{
    const struct quant_error *fault = file->is_container ? &tensor->fault : &file->fault;
    bool ok = true;
    if (fault->status != QUANT_OK)
        ok = report_json_add_text(object, "fault", fault->text);
    if (ok && !file->is_container && file->remark.status != QUANT_OK)
        ok = report_json_add_text(object, "remark", file->remark.text);
    return ok;
}

static bool fill_record(cJSON *object, const char *path, const char *name,
                        const struct quant_inspect_result *file,
                        const struct quant_inspected *tensor)
{
    bool ok =
        (name ? report_json_add_path(object, path) && report_json_add_text(object, "tensor", name)
              : report_json_add_name(object, path)) &&
        cJSON_AddStringToObject(object, "format", file->format) &&
        report_json_add_text(object, "type", tensor->type) && add_dtype(object, tensor->dtype) &&
        report_json_add_layout(object, &tensor->shape, tensor->order) &&
        inspect_add_count(object, "elements", tensor->nelems) &&
        inspect_add_count(object, "offset", tensor->offset) &&
        inspect_add_count(object, "bytes", tensor->nbytes) &&
        cJSON_AddStringToObject(object, "role", quant_role_name(tensor->role));
    if (ok && tensor->owner)
        ok = report_json_add_text(object, "of", tensor->owner);
    if (ok && tensor->role == QUANT_ROLE_QUANTIZED)
        ok = add_recorded(object, &tensor->recorded);
    if (ok && tensor->has_statistics)
        ok = inspect_add_statistics(object, tensor);
    return ok && add_fault(object, file, tensor);
}

bool inspect_print_json(const char *path, const char *name, const struct quant_inspect_result *file,
                        const struct quant_inspected *tensor)
{
    cJSON *object = cJSON_CreateObject();
    return report_json_print(stdout, object,
                             object && fill_record(object, path, name, file, tensor));
}

bool inspect_print_json_summary(const struct inspect_counts *counts)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    bool ok = summary && inspect_add_count(summary, "files", counts->nfiles) &&
              inspect_add_count(summary, "failed", counts->nfailed) &&
              inspect_add_count(summary, "tensors", counts->ntensors);
    for (int role = 0; ok && role <= QUANT_ROLE_UNKNOWN; role++)
        if (counts->roles[role] > 0)
            ok = inspect_add_count(summary, quant_role_name((enum quant_role)role),
                                   counts->roles[role]);
    if (ok && counts->nunfinished > 0)
        ok = inspect_add_count(summary, "without_sidecar", counts->nunfinished);
    return report_json_print(stdout, object,
                             ok && inspect_add_count(summary, "bytes", counts->nbytes));
}
