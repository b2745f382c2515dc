/* SPDX-License-Identifier: MIT */
/* Reads brackets and commas around the numbers, and determines the shape from them. */
#include "formats/json/json_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "formats/json/json_nest.h"
#include "formats/json/json_object.h"
#include "formats/json/json_run.h"

_Static_assert((int)QUANT_JSON_TOKEN <= (int)QUANT_ELEMENT_TEXT, "a token is an element's text");

/* What is allowed next in the text. */
enum phase {
    AT_VALUE,    /* an array or a number */
    AT_FIRST,    /* the same, or the end of the array that just began */
    AFTER_VALUE, /* a comma or the end of the array; outside arrays, the end of the data */
    AT_END       /* nothing: everything was read and checked */
};

struct json_reader {
    struct quant_reader head;
    enum phase phase;
    bool is_object;
    bool at_number;                  /* the next byte begins an element */
    uint64_t done;                   /* elements read */
    struct quant_json_beyond beyond; /* set in the first pass that finds one */
    struct quant_json_nest nest;
    struct quant_json_object object;
    struct quant_json_scan scan;
};

static enum quant_status unexpected_value(struct json_reader *json, struct quant_error *error)
{
    const struct quant_json_nest *nest = &json->nest;
    const bool first = json->phase == AT_FIRST;
    const char *expected;
    if (nest->levels == nest->depth)
        expected = first ? "a number or ']'" : "a number";
    else if (nest->levels != QUANT_JSON_LEVELS_UNKNOWN)
        expected = first ? "'[' or ']'" : "'['";
    else if (first)
        expected = "a number, '[' or ']'";
    else
        expected =
            nest->depth == 0 && !json->is_object ? "a number, '[' or '{'" : "a number or '['";
    return quant_json_scan_unexpected(&json->scan, expected, error);
}

/* After the data: reads the rest of the object and the end of the text, and completes the shape. */
static enum quant_status end_data(struct json_reader *json, struct quant_error *error)
{
    struct quant_reader *head = &json->head;
    struct quant_shape shape;
    enum quant_status status = QUANT_OK;
    bool at_data;
    int byte;
    quant_json_nest_shape(&json->nest, &shape);
    if (json->is_object) {
        status = quant_json_object_read(&json->object, &json->scan, &at_data, error);
        if (status == QUANT_OK)
            status = quant_json_object_check(&json->object, &json->nest, json->done,
                                             json->scan.source, error);
        shape = json->object.shape;
    }
    if (status == QUANT_OK)
        status = quant_json_scan_token(&json->scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte != QUANT_JSON_END)
        return quant_json_scan_unexpected(&json->scan, "the end of the text", error);
    if (head->knowledge == QUANT_SHAPE_KNOWN && !quant_shape_equal(&head->shape, &shape))
        return quant_source_error(head->source, error, QUANT_CORRUPT,
                                  "it changed while it was read");
    head->shape = shape;
    head->nelems = json->done;
    head->knowledge = QUANT_SHAPE_KNOWN;
    json->phase = AT_END;
    return QUANT_OK;
}

static enum quant_status step_into_value(struct json_reader *json, int byte,
                                         struct quant_error *error)
{
    enum quant_status status;
    if (byte == '[') {
        status = quant_json_nest_open(&json->nest, &json->scan, error);
        if (status == QUANT_OK) {
            quant_json_scan_skip(&json->scan);
            json->phase = AT_FIRST;
        }
        return status;
    }
    if (!quant_json_scan_begins_number(byte, json->head.delivered == QUANT_FLOAT32))
        return unexpected_value(json, error);
    status = quant_json_nest_number(&json->nest, &json->scan, error);
    json->at_number = status == QUANT_OK;
    return status;
}

static enum quant_status step_out_of_array(struct json_reader *json, struct quant_error *error)
{
    const enum quant_status status = quant_json_nest_close(&json->nest, &json->scan, error);
    if (status == QUANT_OK) {
        quant_json_scan_skip(&json->scan);
        json->phase = AFTER_VALUE;
    }
    return status;
}

/* Advances to the next number, which sets at_number, or to the end of the text. */
static enum quant_status advance(struct json_reader *json, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    json->at_number = false;
    while (status == QUANT_OK && !json->at_number && json->phase != AT_END) {
        if (json->phase == AFTER_VALUE && json->nest.depth == 0) {
            status = end_data(json, error);
            continue;
        }
        int byte;
        status = quant_json_scan_token(&json->scan, &byte, error);
        if (status != QUANT_OK)
            break;
        if (byte == ']' && json->phase != AT_VALUE) {
            status = step_out_of_array(json, error);
        } else if (json->phase != AFTER_VALUE) {
            status = step_into_value(json, byte, error);
        } else if (byte == ',') {
            quant_json_scan_skip(&json->scan);
            json->phase = AT_VALUE;
        } else {
            status = quant_json_scan_unexpected(&json->scan, "',' or ']'", error);
        }
    }
    return status;
}

/* Updates the shape from the brackets, if they determine it. */
static void note_shape(struct json_reader *json)
{
    if (json->head.knowledge == QUANT_SHAPE_GROWING)
        quant_json_nest_shape(&json->nest, &json->head.shape);
}

/* Reads from the first byte to the first number. A shape that is complete does not change. */
static enum quant_status start(struct json_reader *json, struct quant_error *error)
{
    struct quant_reader *head = &json->head;
    const bool known = head->knowledge == QUANT_SHAPE_KNOWN;
    json->phase = AT_VALUE;
    json->done = 0;
    quant_json_nest_init(&json->nest);
    memset(&json->object, 0, sizeof json->object);
    quant_json_scan_init(&json->scan, head->source);

    int byte;
    enum quant_status status = quant_json_scan_token(&json->scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    json->is_object = byte == '{';
    if (!json->is_object && !known)
        head->knowledge = QUANT_SHAPE_GROWING;
    if (json->is_object) {
        bool at_data;
        quant_json_scan_skip(&json->scan);
        status = quant_json_object_read(&json->object, &json->scan, &at_data, error);
        if (status != QUANT_OK)
            return status;
        if (json->object.has_shape && !known) {
            head->shape = json->object.shape;
            head->nelems = json->object.nelems;
            head->knowledge = QUANT_SHAPE_KNOWN;
        }
    }
    status = advance(json, error);
    note_shape(json);
    if (status == QUANT_OK && head->knowledge == QUANT_SHAPE_GROWING && head->shape.ndim == 0) {
        head->knowledge = QUANT_SHAPE_KNOWN;
        head->nelems = 1;
    }
    return status;
}

/* Reads the numbers that follow without brackets, at least one, to elements from index first on. */
static enum quant_status read_numbers(struct json_reader *json, void *elements, size_t first,
                                      size_t capacity, size_t *count, struct quant_error *error)
{
    const struct quant_reader *head = &json->head;
    if (head->knowledge == QUANT_SHAPE_KNOWN) {
        const uint64_t left = head->nelems - json->done;
        if (left == 0) {
            char shape[QUANT_SHAPE_TEXT];
            char place[QUANT_JSON_PLACE];
            return quant_source_error(
                head->source, error, QUANT_CORRUPT,
                "an element %s beyond the %" PRIu64 " of the shape %s",
                quant_json_scan_place(&json->scan, quant_json_scan_offset(&json->scan), place),
                head->nelems, quant_shape_text(&head->shape, shape));
        }
        capacity = left < capacity ? (size_t)left : capacity;
    }
    bool after_number = false;
    *count = json->nest.depth == 0 ? 0
                                   : quant_json_run(&json->scan, head->delivered, elements, first,
                                                    capacity, &after_number);
    enum quant_status status = QUANT_OK;
    if (*count > 0) {
        json->phase = after_number ? AFTER_VALUE : AT_VALUE;
    } else {
        status = quant_json_one(&json->scan, head->delivered, json->done, elements, first,
                                &json->beyond, error);
        if (status != QUANT_OK)
            return status;
        json->phase = AFTER_VALUE;
        *count = 1;
    }
    quant_json_nest_count(&json->nest, *count);
    json->done += *count;
    return QUANT_OK;
}

static enum quant_status json_read(struct quant_reader *reader, void *elements, size_t capacity,
                                   size_t *count, struct quant_error *error)
{
    struct json_reader *json = (struct json_reader *)reader;
    enum quant_status status = QUANT_OK;
    size_t done = 0;
    while (status == QUANT_OK && done < capacity) {
        size_t n = 0;
        if (!json->at_number)
            status = advance(json, error);
        if (status != QUANT_OK || !json->at_number)
            break;
        status = read_numbers(json, elements, done, capacity - done, &n, error);
        json->at_number = false;
        done += n;
    }
    note_shape(json);
    *count = status == QUANT_OK ? done : 0;
    return status;
}

static bool json_is_beyond(struct quant_reader *reader, uint64_t index,
                           char text[QUANT_ELEMENT_TEXT])
{
    const struct json_reader *json = (const struct json_reader *)reader;
    if (!json->beyond.found || json->beyond.index != index)
        return false;
    memcpy(text, json->beyond.token, sizeof json->beyond.token);
    return true;
}

static enum quant_status json_rewind(struct quant_reader *reader, struct quant_error *error)
{
    return start((struct json_reader *)reader, error);
}

static void json_close(struct quant_reader *reader)
{
    free(reader);
}

static const struct quant_reader_ops json_reader_ops = {
    .read = json_read,
    .is_beyond = json_is_beyond,
    .rewind = json_rewind,
    .close = json_close,
};

enum quant_status quant_json_open_reader(struct quant_source *source,
                                         const struct quant_read_request *request,
                                         struct quant_reader **reader, struct quant_error *error)
{
    if (!quant_json_takes(request->deliver)) {
        const struct quant_dtype_info *info = quant_dtype_info(request->deliver);
        return quant_source_error(source, error, QUANT_UNSUPPORTED, "JSON cannot hold %s elements",
                                  info ? info->name : "these");
    }
    struct json_reader *json = malloc(sizeof *json);
    if (!json)
        return quant_error_no_memory(error, sizeof *json, "JSON reader");
    json->head = (struct quant_reader){.ops = &json_reader_ops,
                                       .format = &quant_format_json,
                                       .source = source,
                                       .stored = request->deliver,
                                       .delivered = request->deliver,
                                       .byte_order = QUANT_BYTE_ORDER_NONE,
                                       .order = QUANT_ORDER_C,
                                       .knowledge = QUANT_SHAPE_UNKNOWN};
    json->beyond.found = false;
    const enum quant_status status = start(json, error);
    if (status != QUANT_OK) {
        free(json);
        return status;
    }
    *reader = &json->head;
    return QUANT_OK;
}
