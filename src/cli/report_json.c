/* SPDX-License-Identifier: MIT */
/*
 * The JSON report. Numbers are added as text of our own: cJSON compares with a tolerance when it
 * decides that fifteen digits will do, and would lose the last bit.
 */
#include <cjson/cJSON.h>
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

bool report_print_json(const struct report_subject *subject)
{
    char *text = NULL;
    cJSON *object = cJSON_CreateObject();
    bool is_complete = object && report_json_add_path(object, subject->path);
    const struct quant_figure *figure;
    for (size_t i = 0; is_complete && (figure = quant_figure_at(i)) != NULL; i++)
        is_complete = report_json_add_figure(object, figure, figure->get(subject->figures));
    if (is_complete)
        text = cJSON_PrintUnformatted(object);
    if (text)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(object);
    return text != NULL;
}
