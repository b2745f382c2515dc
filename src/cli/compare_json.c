/* SPDX-License-Identifier: MIT */
/* Prints the comparison as JSON. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/compare.h"
#include "cli/option_values.h"
#include "cli/report_json.h"

static bool add_number(cJSON *object, const char *key, double value)
{
    char text[REPORT_JSON_NUMBER];
    report_json_number(value, text);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_pair(cJSON *object, const char *key, bool is_present, double first, double second)
{
    if (!is_present)
        return cJSON_AddNullToObject(object, key) != NULL;
    const double values[] = {first, second};
    cJSON *array = cJSON_AddArrayToObject(object, key);
    for (size_t i = 0; array && i < 2; i++) {
        char text[REPORT_JSON_NUMBER];
        report_json_number(values[i], text);
        cJSON *item = cJSON_CreateRaw(text);
        if (!item || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            return false;
        }
    }
    return array != NULL;
}

static bool add_count(cJSON *object, const char *key, uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_method(cJSON *object, const struct quant_comparison *row)
{
    char method[COMPARE_METHOD];
    compare_method(row, method);
    return cJSON_AddStringToObject(object, "scheme", choice_scheme(row->scheme)) &&
           cJSON_AddStringToObject(object, "method", method);
}

/* For one scale. It has nine digits, as in the sidecar. */
static bool add_params(cJSON *object, const struct quant_comparison *row)
{
    double range[2] = {0, 0};
    char scale[REPORT_JSON_NUMBER];
    snprintf(scale, sizeof scale, "%.9g", (double)row->choice.params.scale);
    const bool has_range = compare_mapped_range(row, range);
    return add_pair(object, "range", has_range, range[0], range[1]) &&
           cJSON_AddRawToObject(object, "scale", scale) != NULL &&
           add_number(object, "zero_point", row->choice.params.zero_point);
}

static bool fill_row(cJSON *object, const struct compare_part *part,
                     const struct quant_comparison *row)
{
    bool ok = add_method(object, row) && (compare_is_grouped(part) || add_params(object, row));
    const struct quant_figure *figure;
    for (size_t i = 0; ok && (figure = quant_figure_at(i)) != NULL; i++)
        ok = report_json_add_figure(object, figure, figure->get(&row->report));
    return ok;
}

static bool add_rows(cJSON *object, const struct compare_part *part)
{
    cJSON *array = cJSON_AddArrayToObject(object, "rows");
    for (size_t i = 0; array && i < part->n; i++) {
        cJSON *row = cJSON_CreateObject();
        if (!row || !cJSON_AddItemToArray(array, row)) {
            cJSON_Delete(row);
            return false;
        }
        if (!fill_row(row, part, &part->rows[i]))
            return false;
    }
    return array != NULL;
}

static bool add_outliers(cJSON *object, const struct quant_outliers *outliers)
{
    cJSON *found = cJSON_AddObjectToObject(object, "outliers");
    return found && add_count(found, "count", outliers->count) &&
           add_pair(found, "others", outliers->min <= outliers->max, (double)outliers->min,
                    (double)outliers->max);
}

static bool add_recommendation(cJSON *object, const struct compare_part *part)
{
    struct compare_recommendation recommendation;
    compare_recommend(part, &recommendation);
    const struct quant_comparison *row = recommendation.row;
    if (!row)
        return cJSON_AddNullToObject(object, "recommendation") != NULL;
    cJSON *found = cJSON_AddObjectToObject(object, "recommendation");
    return found && cJSON_AddStringToObject(found, "options", recommendation.options) &&
           add_method(found, row) && add_number(found, "mse", row->report.mse) &&
           add_number(found, "default_mse", recommendation.plain->report.mse) &&
           cJSON_AddStringToObject(found, "reason", recommendation.reason);
}

static bool fill_part(cJSON *object, const struct compare_part *part)
{
    const struct quant_compare_result *result = part->result;
    const struct quant_observed *observed = &result->observed;
    const struct quant_dtype_info *info = quant_dtype_info(part->rows[0].choice.params.dtype);
    const bool is_named = part->tensor ? report_json_add_path(object, part->file) &&
                                             report_json_add_text(object, "tensor", part->tensor)
                                       : report_json_add_name(object, part->path);
    return is_named && cJSON_AddStringToObject(object, "dtype", info->name) &&
           (!compare_is_grouped(part) || report_json_add_grouping(object, &result->grouping)) &&
           report_json_add_layout(object, &result->shape, result->order) &&
           report_json_add_source(object, part->file ? part->file : part->path,
                                  result->source_format, result->source_dtype) &&
           add_count(object, "n", observed->count - observed->nonfinite) &&
           add_count(object, "nonfinite", observed->nonfinite) &&
           add_pair(object, "observed", observed->count > observed->nonfinite,
                    (double)observed->min, (double)observed->max) &&
           add_outliers(object, &result->outliers) && add_rows(object, part) &&
           add_recommendation(object, part);
}

bool compare_print_json(const struct compare_part *part)
{
    cJSON *object = cJSON_CreateObject();
    return report_json_print(stdout, object, object && fill_part(object, part));
}

bool compare_print_json_summary(size_t nfiles, size_t ntensors, size_t nfailed)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    return report_json_print(stdout, object,
                             summary && add_count(summary, "files", nfiles) &&
                                 add_count(summary, "failed", nfailed) &&
                                 (ntensors == 0 || add_count(summary, "tensors", ntensors)));
}
