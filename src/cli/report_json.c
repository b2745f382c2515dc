/* SPDX-License-Identifier: MIT */
/*
 * The JSON report. Numbers are added as text of our own: cJSON compares with a tolerance when it
 * decides that fifteen digits will do, and would lose the last bit.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"

/* Bytes of the UTF-8 character that text begins with, by RFC 3629; 0 where it is none. */
static size_t utf8_length(const unsigned char *text)
{
    const unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) || /* surrogates */
        (first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

/* A path is bytes, JSON is UTF-8: whatever is not becomes '?'. */
static void mask_utf8(char *text)
{
    while (*text != '\0') {
        const size_t length = utf8_length((const unsigned char *)text);
        if (length == 0)
            *text = '?';
        text += length > 0 ? length : 1;
    }
}

bool report_json_add_path(cJSON *object, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return false;
    mask_utf8(copy);
    const bool is_added = cJSON_AddStringToObject(object, "path", copy) != NULL;
    free(copy);
    return is_added;
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

/* item is the object's, or the array's, from here on; NULL: there was no memory for it. */
static bool add_item(cJSON *object, const char *key, cJSON *item)
{
    const bool is_added = item && (key ? cJSON_AddItemToObject(object, key, item)
                                       : cJSON_AddItemToArray(object, item));
    if (!is_added)
        cJSON_Delete(item);
    return is_added;
}

/* Of the group's first element. */
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

static bool fill_group(cJSON *object, const struct report_subject *subject,
                       const struct quant_group_error *error)
{
    return add_item(object, "group", create_count(error->group)) &&
           add_index(object, subject, error->group) &&
           add_item(object, "n", create_count(error->n)) && add_number(object, "mse", error->mse) &&
           add_number(object, "sum_squared_error", error->sum_squared_error) &&
           add_number(object, "scale", (double)error->scale) &&
           add_number(object, "zero_point", error->zero_point);
}

static bool add_groups(cJSON *object, const struct report_subject *subject)
{
    const struct quant_grouping *grouping = subject->grouping;
    const struct quant_worst_groups *worst = subject->worst;
    bool is_complete = add_number(object, "axis", grouping->axis) &&
                       add_item(object, "block_size",
                                grouping->block_size > 0 ? create_count(grouping->block_size)
                                                         : cJSON_CreateNull()) &&
                       add_item(object, "scales", create_count(grouping->count));
    cJSON *array = is_complete ? cJSON_AddArrayToObject(object, "worst") : NULL;
    is_complete = array != NULL;
    for (size_t i = 0; is_complete && i < worst->n; i++) {
        cJSON *group = cJSON_CreateObject();
        is_complete = add_item(array, NULL, group) && fill_group(group, subject, &worst->groups[i]);
    }
    return is_complete;
}

bool report_print_json(const struct report_subject *subject)
{
    char *text = NULL;
    cJSON *object = cJSON_CreateObject();
    bool is_complete = object && report_json_add_path(object, subject->path);
    const struct quant_figure *figure;
    for (size_t i = 0; is_complete && (figure = quant_figure_at(i)) != NULL; i++)
        is_complete = report_json_add_figure(object, figure, figure->get(subject->figures));
    if (is_complete && report_is_grouped(subject))
        is_complete = add_groups(object, subject);
    if (is_complete)
        text = cJSON_PrintUnformatted(object);
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}
