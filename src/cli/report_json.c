/* SPDX-License-Identifier: MIT */
/*
 * The JSON report: an object on a line of its own for each file, whether it was measured or failed,
 * and one for all of them if there are several. Numbers are added as text that is
 * formatted here: cJSON compares with a tolerance when it decides whether fifteen digits are
 * enough, and would lose the last bit.
 */
#include <quant/profiles.h>
#include <quant/select.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/option_values.h"
#include "cli/report.h"
#include "cli/report_json.h"

/* A path is bytes, JSON is UTF-8: bytes that are not UTF-8 become '?'. */
static void mask_utf8(char *text)
{
    while (*text != '\0') {
        const size_t length = quant_utf8_length(text);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
    }
}

bool report_json_add_text(cJSON *object, const char *key, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return false;
    mask_utf8(copy);
    const bool is_added = cJSON_AddStringToObject(object, key, copy) != NULL;
    free(copy);
    return is_added;
}

bool report_json_add_path(cJSON *object, const char *path)
{
    return report_json_add_text(object, "path", path);
}

void report_json_number(double value, char text[static REPORT_JSON_NUMBER])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, REPORT_JSON_NUMBER, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
}

bool report_json_add_figure(cJSON *object, const struct quant_figure *figure, double value)
{
    if (!isfinite(value))
        return cJSON_AddNullToObject(object, figure->key) != NULL;
    char text[REPORT_JSON_NUMBER];
    if (figure->is_count)
        snprintf(text, sizeof text, "%.0f", value);
    else
        report_json_number(value, text);
    return cJSON_AddRawToObject(object, figure->key, text) != NULL;
}

/* ---- Groups ---- */

static bool add_number(cJSON *object, const char *key, double value)
{
    char text[REPORT_JSON_NUMBER];
    report_json_number(value, text);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static cJSON *create_count(uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_CreateRaw(text);
}

/* Takes ownership of item, which may be NULL (no memory). */
static bool add_item(cJSON *object, const char *key, cJSON *item)
{
    const bool is_added = item && (key ? cJSON_AddItemToObject(object, key, item)
                                       : cJSON_AddItemToArray(object, item));
    if (!is_added)
        cJSON_Delete(item);
    return is_added;
}

/* Adds the index of the first element of the group. */
static bool add_index(cJSON *object, const struct report_subject *subject, uint64_t group)
{
    uint64_t index[QUANT_MAX_DIMS];
    quant_shape_unravel(subject->shape, subject->order,
                        quant_grouping_first_of(subject->grouping, group), index);
    cJSON *array = cJSON_AddArrayToObject(object, "index");
    bool is_complete = array != NULL;
    for (int i = 0; is_complete && i < subject->shape->ndim; i++)
        is_complete = add_item(array, NULL, create_count(index[i]));
    return is_complete;
}

/* Adds null if the value is beyond double. */
static bool add_figure(cJSON *object, const char *key, double value)
{
    return isfinite(value) ? add_number(object, key, value)
                           : cJSON_AddNullToObject(object, key) != NULL;
}

static bool fill_group(cJSON *object, const struct report_subject *subject,
                       const struct quant_group_error *error)
{
    return add_item(object, "group", create_count(error->group)) &&
           add_index(object, subject, error->group) &&
           add_item(object, "n", create_count(error->n)) && add_figure(object, "mse", error->mse) &&
           add_figure(object, "sum_squared_error", error->sum_squared_error) &&
           add_number(object, "scale", (double)error->scale) &&
           add_number(object, "zero_point", error->zero_point) &&
           (!quant_params_have_biases(subject->params) ||
            add_number(object, "bias", (double)error->bias));
}

static bool add_worst(cJSON *object, const struct report_subject *subject)
{
    const struct quant_worst_groups *worst = subject->worst;
    cJSON *array = cJSON_AddArrayToObject(object, "worst");
    bool ok = array != NULL;
    for (size_t i = 0; ok && i < worst->n; i++) {
        cJSON *group = cJSON_CreateObject();
        ok = add_item(array, NULL, group) && fill_group(group, subject, &worst->groups[i]);
    }
    return ok;
}

/* ---- What identifies the tensor ---- */

/* With nine digits, as in the sidecar. */
static bool add_scale(cJSON *object, const struct quant_params *params)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%.9g", (double)params->scale);
    return cJSON_AddRawToObject(object, "scale", text) != NULL &&
           add_number(object, "zero_point", params->zero_point);
}

/* [rows, columns], or the elements along the axis, or null. */
static cJSON *create_block_size(const struct quant_grouping *grouping)
{
    if (grouping->block_rows == 0)
        return grouping->block_size > 0 ? create_count(grouping->block_size) : cJSON_CreateNull();
    cJSON *array = cJSON_CreateArray();
    if (array && add_item(array, NULL, create_count(grouping->block_rows)) &&
        add_item(array, NULL, create_count(grouping->block_size)))
        return array;
    cJSON_Delete(array);
    return NULL;
}

bool report_json_add_grouping(cJSON *object, const struct quant_grouping *grouping)
{
    return add_item(object, "scale_count", create_count(grouping->count)) &&
           add_item(object, "axis",
                    grouping->block_rows > 0 ? cJSON_CreateNull()
                                             : cJSON_CreateNumber(grouping->axis)) &&
           add_item(object, "block_size", create_block_size(grouping));
}

bool report_json_add_layout(cJSON *object, const struct quant_shape *shape, enum quant_order order)
{
    cJSON *array = cJSON_AddArrayToObject(object, "shape");
    bool ok = array != NULL;
    for (int i = 0; ok && i < shape->ndim; i++)
        ok = add_item(array, NULL, create_count(shape->dims[i]));
    return ok && cJSON_AddStringToObject(object, "order", order == QUANT_ORDER_C ? "C" : "F");
}

/* As in the sidecar, but with the path that was opened. */
bool report_json_add_source(cJSON *object, const char *path, const char *format,
                            enum quant_dtype dtype)
{
    cJSON *source = cJSON_AddObjectToObject(object, "source");
    const bool is_stream = strcmp(path, "-") == 0;
    return source &&
           (is_stream ? cJSON_AddNullToObject(source, "path") != NULL
                      : report_json_add_path(source, path)) &&
           cJSON_AddStringToObject(source, "format", format) &&
           cJSON_AddStringToObject(source, "dtype", quant_dtype_info(dtype)->name);
}

/* A file has one tensor, without a name. */
bool report_json_add_name(cJSON *object, const char *path)
{
    return report_json_add_path(object, path) && cJSON_AddNullToObject(object, "tensor") != NULL;
}

static bool add_name(cJSON *object, const struct report_subject *subject)
{
    if (!subject->tensor)
        return report_json_add_name(object, subject->path);
    return report_json_add_path(object, subject->file) &&
           report_json_add_text(object, "tensor", subject->tensor);
}

static bool add_identity(cJSON *object, const struct report_subject *subject)
{
    const struct quant_params *params = subject->params;
    return add_name(object, subject) &&
           cJSON_AddStringToObject(object, "scheme", choice_scheme(params->scheme)) &&
           (!params->profile ||
            cJSON_AddStringToObject(object, "profile", params->profile->name) != NULL) &&
           cJSON_AddStringToObject(object, "dtype", quant_dtype_info(params->dtype)->name) &&
           (report_is_grouped(subject) ? report_json_add_grouping(object, subject->grouping)
                                       : add_scale(object, params)) &&
           report_json_add_layout(object, subject->shape, subject->order) &&
           report_json_add_source(object, subject->source_path, subject->source_format,
                                  subject->source_dtype);
}

/* ---- Records ---- */

/* Prints one line. Control characters, which a terminal could obey, are escaped: C0 by cJSON, DEL
 * and U+0080 to U+009F (C2 80 to C2 9F) here. They occur only inside strings. */
static void print_line(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    for (; *at != '\0'; at++) {
        if (*at == 0x7F)
            fputs("\\u007f", out);
        else if (at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F)
            fprintf(out, "\\u00%02x", *++at);
        else
            fputc(*at, out);
    }
    fputc('\n', out);
}

bool report_json_print(FILE *out, cJSON *object, bool ok)
{
    char *text = object && ok ? cJSON_PrintUnformatted(object) : NULL;
    if (text)
        print_line(out, text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}

static bool print_file(struct report *report, const struct report_subject *subject)
{
    cJSON *object = cJSON_CreateObject();
    bool ok = object && add_identity(object, subject);
    const struct quant_figure *figure;
    for (size_t i = 0; ok && (figure = quant_figure_at(i)) != NULL; i++)
        ok = report_json_add_figure(object, figure, figure->get(subject->figures));
    if (ok && report_is_grouped(subject))
        ok = add_worst(object, subject);
    return report_json_print(report->output.stream, object, ok);
}

bool report_json_print_failure(FILE *out, const char *path, const char *tensor, const char *text)
{
    cJSON *object = cJSON_CreateObject();
    const bool ok = object && report_json_add_path(object, path) &&
                    (tensor ? report_json_add_text(object, "tensor", tensor)
                            : cJSON_AddNullToObject(object, "tensor") != NULL) &&
                    report_json_add_text(object, "error", text);
    return report_json_print(out, object, ok);
}

static bool print_failure(struct report *report, const char *path, const char *tensor,
                          const char *text)
{
    return report_json_print_failure(report->output.stream, path, tensor, text);
}

/* The bytes of what was measured and of what was copied. */
static bool add_counts(cJSON *summary, const struct report *report)
{
    const struct quant_report *total = &report->total;
    return add_item(summary, "files", create_count(report->nfiles)) &&
           add_item(summary, "tensors", create_count(report->ntensors)) &&
           add_item(summary, "copied", create_count(report->ncopied)) &&
           add_item(summary, "failed", create_count(report->nfailed)) &&
           add_item(summary, "bytes_before",
                    create_count(total->bytes_in + report->bytes_copied)) &&
           add_item(summary, "bytes_after", create_count(total->bytes_out + report->bytes_copied));
}

/* No time and no thread count: the same files give the same bytes. */
static bool print_summary(struct report *report)
{
    if (report->nfiles < 2 && !report->has_containers)
        return true;
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    bool ok = summary && add_counts(summary, report);
    const struct quant_figure *figure;
    for (size_t i = 0; ok && (figure = quant_figure_at(i)) != NULL; i++)
        if (figure->has_total)
            ok = report_json_add_figure(summary, figure, figure->get(&report->total));
    return report_json_print(report->output.stream, object, ok);
}

const struct report_kind report_json = {
    .name = "json",
    .file = print_file,
    .failure = print_failure,
    .end = print_summary,
};
