/* SPDX-License-Identifier: MIT */
/* The comparison as JSON. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/compare.h"
#include "cli/report_json.h"
#include "cli/values.h"

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

static bool fill_row(cJSON *object, const struct quant_comparison *row)
{
    const struct quant_choice *choice = &row->choice;
    char method[COMPARE_METHOD];
    compare_method(row->calibration, method);
    bool ok = cJSON_AddStringToObject(object, "scheme", choice_scheme(row->scheme)) &&
              cJSON_AddStringToObject(object, "method", method) &&
              add_pair(object, "range", choice->has_range, choice->range[0], choice->range[1]) &&
              add_number(object, "scale", (double)choice->params.scale) &&
              add_number(object, "zero_point", choice->params.zero_point);
    for (size_t i = 0; ok && compare_figure_at(i); i++) {
        const struct quant_figure *figure = quant_figure_from_key(compare_figure_at(i));
        ok = report_json_add_figure(object, figure, figure->get(&row->report));
    }
    const struct quant_figure *bits = quant_figure_from_key("bits_per_element");
    return ok && report_json_add_figure(object, bits, bits->get(&row->report));
}

static bool add_rows(cJSON *object, const struct quant_compare_result *result)
{
    cJSON *array = cJSON_AddArrayToObject(object, "rows");
    for (size_t i = 0; array && i < result->n; i++) {
        cJSON *row = cJSON_CreateObject();
        if (!row || !cJSON_AddItemToArray(array, row)) {
            cJSON_Delete(row);
            return false;
        }
        if (!fill_row(row, &result->rows[i]))
            return false;
    }
    return array != NULL;
}

bool compare_print_json(const char *path, const struct quant_compare_result *result)
{
    const struct quant_observed *observed = &result->observed;
    char advice[COMPARE_ADVICE];
    compare_advise(result, advice);
    char *text = NULL;
    cJSON *object = cJSON_CreateObject();
    if (object && report_json_add_path(object, path) &&
        add_number(object, "n", (double)(observed->count - observed->nonfinite)) &&
        add_number(object, "nonfinite", (double)observed->nonfinite) &&
        add_pair(object, "observed", observed->count > observed->nonfinite, (double)observed->least,
                 (double)observed->greatest) &&
        add_rows(object, result) && cJSON_AddStringToObject(object, "advice", advice))
        text = cJSON_PrintUnformatted(object);
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}
