/* SPDX-License-Identifier: MIT */
/* Only where the pieces begin and end is decided here: what is in them is checked by who reads
 * them. */
#include "records/calibration_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/json_extent.h"

/* Everything but the arrays takes less than 1 KiB. */
enum { HEAD_MOST = 64 << 10 };

static const char PLACEHOLDER[] = "null";
enum { PLACEHOLDER_LENGTH = sizeof PLACEHOLDER - 1 };

const char *const quant_calibration_arrays[] = {
    [QUANT_CALIBRATION_RANGE] = "range", [QUANT_CALIBRATION_OBSERVED] = "observed"};

/* ---- Where the arrays are ---- */

/* To the first ',', ']' or '}' after the value that begins at the next byte; *byte is
 * QUANT_JSON_END if the text ends before it. */
static enum quant_status pass_value(struct quant_json_scan *scan, int *byte,
                                    struct quant_error *error)
{
    struct quant_json_extent extent = {.depth = 0};
    for (;;) {
        const enum quant_status status = quant_json_scan_byte(scan, byte, error);
        if (status != QUANT_OK || *byte == QUANT_JSON_END)
            return status;
        scan->next = quant_json_extent_end(&extent, scan->next, scan->end);
        if (scan->next < scan->end) {
            *byte = (unsigned char)*scan->next;
            return QUANT_OK;
        }
    }
}

/* A key and its colon, up to its value. */
static enum quant_status pass_key(struct quant_json_scan *scan, char key[QUANT_JSON_TOKEN],
                                  struct quant_error *error)
{
    int byte;
    enum quant_status status = quant_json_scan_string(scan, "key", key, error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ':', error);
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, error);
    return status;
}

/* A duplicate key keeps its first place here. The other one is in the head, where it is found. */
static void note_key(struct quant_calibration_text *text, const char *key, uint64_t begin)
{
    text->has_groups = text->has_groups || strcmp(key, "scale_shape") == 0;
    for (int i = 0; i < QUANT_CALIBRATION_ARRAYS; i++)
        if (strcmp(key, quant_calibration_arrays[i]) == 0 && text->begin[i] == 0) {
            text->begin[i] = begin;
            text->end[i] = quant_json_scan_offset(&text->scan);
        }
}

/* Passes over the keys of the whole text; the next byte is its opening brace. */
static enum quant_status pass_keys(struct quant_calibration_text *text, struct quant_error *error)
{
    int byte = 0;
    enum quant_status status;
    do {
        char key[QUANT_JSON_TOKEN];
        quant_json_scan_skip(&text->scan); /* the brace, or the comma before the key */
        status = pass_key(&text->scan, key, error);
        const uint64_t begin = quant_json_scan_offset(&text->scan);
        if (status == QUANT_OK)
            status = pass_value(&text->scan, &byte, error);
        if (status == QUANT_OK)
            note_key(text, key, begin);
    } while (status == QUANT_OK && byte == ',');
    if (status == QUANT_OK && byte == QUANT_JSON_END)
        return quant_source_error(text->source, error, QUANT_TRUNCATED,
                                  "not a valid calibration: the text ends at byte %llu, inside an "
                                  "object",
                                  (unsigned long long)quant_json_scan_offset(&text->scan));
    return status;
}

enum quant_status quant_calibration_text_find(struct quant_calibration_text *text,
                                              struct quant_error *error)
{
    int byte;
    struct quant_error own;
    quant_json_scan_init(&text->scan, text->source);
    enum quant_status status = quant_json_scan_token(&text->scan, &byte, error);
    if (status != QUANT_OK || byte != '{')
        return status;
    status = pass_keys(text, &own);
    const bool is_form = status == QUANT_CORRUPT || status == QUANT_TRUNCATED;
    if (!text->has_groups && is_form)
        return QUANT_OK;
    if (status != QUANT_OK && error)
        *error = own;
    return status;
}

/* ---- The head ---- */

/* The array that begins first at offset or after it; QUANT_CALIBRATION_ARRAYS: none. */
static int next_array(const struct quant_calibration_text *text, uint64_t offset)
{
    int next = QUANT_CALIBRATION_ARRAYS;
    for (int i = 0; i < QUANT_CALIBRATION_ARRAYS; i++)
        if (text->begin[i] > offset &&
            (next == QUANT_CALIBRATION_ARRAYS || text->begin[i] < text->begin[next]))
            next = i;
    return next;
}

/* Appends the source from begin to end, or to its last byte. */
static enum quant_status append_source(struct quant_calibration_text *text, uint64_t begin,
                                       uint64_t end, struct quant_error *error)
{
    struct quant_source *source = text->source;
    const uint64_t left = HEAD_MOST - text->length;
    const size_t nbytes = (size_t)(end - begin < left ? end - begin : left);
    size_t got;
    const enum quant_status status =
        source->ops->read_at(source, begin, text->head + text->length, nbytes, &got, error);
    if (status != QUANT_OK)
        return status;
    text->length += got;
    if (text->length == HEAD_MOST)
        return quant_source_error(source, error, QUANT_OUT_OF_RANGE,
                                  "not a valid calibration: what is not in 'range' and 'observed' "
                                  "has more than %d bytes",
                                  HEAD_MOST - 1);
    return QUANT_OK;
}

enum quant_status quant_calibration_text_cut(struct quant_calibration_text *text,
                                             struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    uint64_t offset = 0;
    text->head = malloc(HEAD_MOST + PLACEHOLDER_LENGTH);
    if (!text->head)
        return quant_error_no_memory(error, HEAD_MOST + PLACEHOLDER_LENGTH, "calibration");
    for (int i; status == QUANT_OK && (i = next_array(text, offset)) < QUANT_CALIBRATION_ARRAYS;) {
        status = append_source(text, offset, text->begin[i], error);
        if (status == QUANT_OK && HEAD_MOST - text->length > PLACEHOLDER_LENGTH) {
            memcpy(text->head + text->length, PLACEHOLDER, PLACEHOLDER_LENGTH);
            text->length += PLACEHOLDER_LENGTH;
        }
        offset = text->end[i];
    }
    if (status == QUANT_OK)
        status = append_source(text, offset, UINT64_MAX, error);
    if (status == QUANT_OK)
        text->head[text->length] = '\0';
    return status;
}

uint64_t quant_calibration_text_offset(const struct quant_calibration_text *text, size_t at)
{
    uint64_t offset = at;
    uint64_t done = 0;
    for (int i; (i = next_array(text, done)) < QUANT_CALIBRATION_ARRAYS; done = text->end[i])
        if (offset >= text->begin[i] + PLACEHOLDER_LENGTH)
            offset += text->end[i] - text->begin[i] - PLACEHOLDER_LENGTH;
    return offset;
}

void quant_calibration_text_seek(struct quant_calibration_text *text,
                                 enum quant_calibration_array array)
{
    quant_json_scan_init(&text->scan, text->source);
    text->scan.offset = text->begin[array];
}

void quant_calibration_text_release(struct quant_calibration_text *text)
{
    free(text->head);
    text->head = NULL;
    text->length = 0;
}
