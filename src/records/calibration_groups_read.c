/* SPDX-License-Identifier: MIT */
/* The ranges of groups entry by entry: there may be millions, so no tree is made of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/shape.h"
#include "records/calibration_groups.h"
#include "records/json_number.h"
#include "records/sidecar_words.h"

static const double INTEGER_MOST = (double)QUANT_COUNT_MOST;

/* ---- The head ---- */

static void read_shape(struct quant_fields *fields, const cJSON *root, struct quant_shape *shape)
{
    const cJSON *array = quant_field_get(fields, root, "scale_shape");
    const int ndim = array && cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    if (array && (ndim < 1 || ndim > QUANT_MAX_DIMS))
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'scale_shape' is not an array of 1 to %d dimensions", QUANT_MAX_DIMS);
    const cJSON *item = fields->status == QUANT_OK ? array->child : NULL;
    for (shape->ndim = 0; item; item = item->next)
        shape->dims[shape->ndim++] =
            (uint64_t)quant_field_integer_item(fields, item, "scale_shape", 0, INTEGER_MOST);
}

/* [rows, columns] */
static void read_block(struct quant_fields *fields, const cJSON *block,
                       struct quant_calibration_groups *groups)
{
    if (cJSON_GetArraySize(block) != 2 || groups->scale_shape.ndim != 2)
        quant_fields_fail(
            fields, QUANT_CORRUPT,
            "'axis' is null, but 'block_size' and 'scale_shape' do not both have rows "
            "and columns");
    if (fields->status != QUANT_OK)
        return;
    groups->block_rows =
        (uint64_t)quant_field_integer_item(fields, block->child, "block_size[0]", 1, INTEGER_MOST);
    groups->block_size = (uint64_t)quant_field_integer_item(fields, block->child->next,
                                                            "block_size[1]", 1, INTEGER_MOST);
}

static void read_axis(struct quant_fields *fields, const cJSON *root, const cJSON *block,
                      struct quant_calibration_groups *groups)
{
    const bool has_blocks = !cJSON_IsNull(block);
    const int ndim = groups->scale_shape.ndim;
    const int most = has_blocks && fields->status == QUANT_OK ? ndim : QUANT_MAX_DIMS;
    groups->axis = (int)quant_field_integer(fields, root, "axis", 0, most - 1);
    if (has_blocks)
        groups->block_size =
            (uint64_t)quant_field_integer_item(fields, block, "block_size", 1, INTEGER_MOST);
    else if (ndim != 1)
        quant_fields_fail(fields, QUANT_CORRUPT,
                          "'block_size' is null, but 'scale_shape' has %d dimensions, not 1", ndim);
}

void quant_calibration_groups_read_head(struct quant_fields *fields, const cJSON *root,
                                        struct quant_calibration_groups *groups)
{
    read_shape(fields, root, &groups->scale_shape);
    groups->order = (enum quant_order)quant_field_word(fields, root, "order", quant_sidecar_orders);
    const cJSON *axis = quant_field_get(fields, root, "axis");
    const cJSON *block = quant_field_get(fields, root, "block_size");
    if (fields->status != QUANT_OK)
        return;
    groups->axis = -1;
    if (cJSON_IsNull(axis))
        read_block(fields, block, groups);
    else
        read_axis(fields, root, block, groups);
    if (!quant_shape_count(&groups->scale_shape, &groups->count))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'scale_shape' is larger than any file");
}

/* ---- Entries ---- */

/* The nine digits of a float32 may be those of another double too. */
double quant_calibration_end(double value)
{
    char text[QUANT_DECIMAL_TEXT];
    const double nearest = (double)(float)value;
    if (!isfinite(nearest))
        return value;
    quant_decimal_nine(nearest, text);
    return quant_decimal_parse(text) == value ? nearest : value;
}

static enum quant_status read_number(struct quant_json_scan *scan, double *value,
                                     struct quant_error *error)
{
    int byte;
    const enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (!quant_json_scan_begins_number(byte, false))
        return quant_json_scan_unexpected(scan, "a number", error);
    const char *after = quant_json_fast_double(scan->next, value);
    if (after) {
        scan->next = after;
        return QUANT_OK;
    }
    struct quant_json_decimal decimal;
    char token[QUANT_JSON_TOKEN];
    const enum quant_status exact = quant_json_scan_number(scan, &decimal, token, error);
    *value = quant_json_decimal_double(&decimal);
    return exact;
}

static enum quant_status read_null(struct quant_json_scan *scan, struct quant_error *error)
{
    char word[QUANT_JSON_TOKEN];
    const uint64_t offset = quant_json_scan_offset(scan);
    const enum quant_status status = quant_json_scan_word(scan, word, error);
    return status == QUANT_OK && strcmp(word, "null") != 0
               ? quant_json_scan_wrong_word(scan, word, offset, "two numbers or null", error)
               : status;
}

/* Two numbers, or null, which leaves *present as it is. */
static enum quant_status read_pair(struct quant_json_scan *scan, bool *present, double pair[2],
                                   struct quant_error *error)
{
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status == QUANT_OK && byte == 'n')
        return read_null(scan, error);
    if (status == QUANT_OK && byte != '[')
        return quant_json_scan_unexpected(scan, "two numbers in brackets or null", error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, '[', error);
    if (status == QUANT_OK)
        status = read_number(scan, &pair[0], error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ',', error);
    if (status == QUANT_OK)
        status = read_number(scan, &pair[1], error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ']', error);
    *present = true;
    return status;
}

/* ---- Arrays ---- */

struct reading {
    struct quant_calibration_text *text;
    struct quant_calibration_groups *groups;
    enum quant_calibration_array array;
    struct quant_error *error;
};

static enum quant_status refuse(const struct reading *run, const char *what)
{
    return quant_source_error(run->text->source, run->error, QUANT_CORRUPT,
                              "not a valid calibration: '%s' %s",
                              quant_calibration_arrays[run->array], what);
}

static enum quant_status refuse_count(const struct reading *run, const char *which)
{
    return quant_source_error(run->text->source, run->error, QUANT_CORRUPT,
                              "not a valid calibration: '%s' has %s entries than 'scale_shape' "
                              "needs, %llu",
                              quant_calibration_arrays[run->array], which,
                              (unsigned long long)run->groups->count);
}

static enum quant_status refuse_entry(const struct reading *run, uint64_t i, const char *why)
{
    return quant_source_error(run->text->source, run->error, QUANT_OUT_OF_RANGE,
                              "not a valid calibration: entry %llu of '%s' %s",
                              (unsigned long long)i, quant_calibration_arrays[run->array], why);
}

/* observed comes first. */
static enum quant_status set_entry(const struct reading *run, uint64_t i, bool present,
                                   const double pair[2])
{
    struct quant_calibration_groups *groups = run->groups;
    if (present && !(pair[0] <= pair[1] && isfinite((float)pair[0]) && isfinite((float)pair[1])))
        return refuse_entry(run, i, "is not a range of float32");
    if (run->array == QUANT_CALIBRATION_OBSERVED) {
        groups->observed[i][0] = present ? (float)pair[0] : INFINITY;
        groups->observed[i][1] = present ? (float)pair[1] : -INFINITY;
        return QUANT_OK;
    }
    if (present != quant_calibration_groups_have(groups, i))
        return refuse_entry(run, i, "does not agree with 'observed'");
    groups->ranges[i][0] = present ? quant_calibration_end(pair[0]) : 0;
    groups->ranges[i][1] = present ? quant_calibration_end(pair[1]) : 0;
    return QUANT_OK;
}

/* From after the opening bracket. */
static enum quant_status read_entries(const struct reading *run)
{
    struct quant_json_scan *scan = &run->text->scan;
    int byte = 0;
    enum quant_status status = quant_json_scan_token(scan, &byte, run->error);
    for (uint64_t i = 0; status == QUANT_OK && byte != ']'; i++) {
        double pair[2] = {0, 0};
        bool present = false;
        if (i == run->groups->count)
            return refuse_count(run, "more");
        if (i > 0)
            status = quant_json_scan_expect(scan, ',', run->error);
        if (status == QUANT_OK)
            status = read_pair(scan, &present, pair, run->error);
        if (status == QUANT_OK)
            status = set_entry(run, i, present, pair);
        if (status == QUANT_OK)
            status = quant_json_scan_token(scan, &byte, run->error);
        if (status == QUANT_OK && byte == ']' && i + 1 < run->groups->count)
            return refuse_count(run, "fewer");
    }
    return status;
}

/* After the bracket that ends the array: white space up to where the value ended when it was found.
 */
static enum quant_status check_end(const struct reading *run)
{
    struct quant_json_scan *scan = &run->text->scan;
    const uint64_t end = run->text->end[run->array];
    int byte;
    quant_json_scan_skip(scan);
    if (quant_json_scan_offset(scan) > end)
        return quant_source_error(run->text->source, run->error, QUANT_IO,
                                  "it changed while it was read");
    const enum quant_status status = quant_json_scan_token(scan, &byte, run->error);
    if (status != QUANT_OK || quant_json_scan_offset(scan) == end)
        return status;
    return quant_json_scan_unexpected(scan, "',' or '}'", run->error);
}

/* An entry takes five bytes or more, so memory is allocated only for as many as there can be. */
static enum quant_status read_array(const struct reading *run, void **entries, size_t size)
{
    struct quant_calibration_text *text = run->text;
    const uint64_t count = run->groups->count;
    int byte;
    if (text->begin[run->array] == 0)
        return refuse(run, "is missing");
    quant_calibration_text_seek(text, run->array);
    const enum quant_status status = quant_json_scan_byte(&text->scan, &byte, run->error);
    if (status != QUANT_OK)
        return status;
    if (byte != '[')
        return refuse(run, "is not an array, but there is 'scale_shape'");
    if (count > (text->end[run->array] - text->begin[run->array]) / 5)
        return refuse_count(run, "fewer");
    *entries = malloc((size_t)count * size + 1);
    if (!*entries)
        return quant_error_no_memory(run->error, (size_t)count * size, "calibration");
    quant_json_scan_skip(&text->scan);
    const enum quant_status read = read_entries(run);
    return read == QUANT_OK ? check_end(run) : read;
}

static void join_observed(const struct quant_calibration_groups *groups, bool *any,
                          double observed[2])
{
    float min = INFINITY;
    float max = -INFINITY;
    for (uint64_t i = 0; i < groups->count; i++) {
        min = fminf(min, groups->observed[i][0]);
        max = fmaxf(max, groups->observed[i][1]);
    }
    *any = min <= max;
    observed[0] = *any ? (double)min : 0;
    observed[1] = *any ? (double)max : 0;
}

enum quant_status quant_calibration_groups_read_arrays(struct quant_calibration_text *text,
                                                       struct quant_calibration_groups *groups,
                                                       bool *any, double observed[2],
                                                       struct quant_error *error)
{
    struct reading run = {text, groups, QUANT_CALIBRATION_OBSERVED, error};
    enum quant_status status =
        read_array(&run, (void **)&groups->observed, sizeof *groups->observed);
    run.array = QUANT_CALIBRATION_RANGE;
    if (status == QUANT_OK)
        status = read_array(&run, (void **)&groups->ranges, sizeof *groups->ranges);
    if (status == QUANT_OK)
        join_observed(groups, any, observed);
    return status;
}
