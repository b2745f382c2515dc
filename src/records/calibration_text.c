/* SPDX-License-Identifier: MIT */
/* Only where the pieces begin and end is decided here: what is in them is checked by who reads
 * them. */
#include "records/calibration_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/json_keys.h"

/* Everything but the arrays takes less than 1 KiB. */
enum { HEAD_MOST = 64 << 10 };

static const char PLACEHOLDER[] = "null";
enum { PLACEHOLDER_LENGTH = sizeof PLACEHOLDER - 1 };

const char *const quant_calibration_arrays[] = {
    [QUANT_CALIBRATION_RANGE] = "range", [QUANT_CALIBRATION_OBSERVED] = "observed"};

/* ---- Where the arrays are ---- */

/* A duplicate key keeps its first place here. The other one is in the head, where it is found. */
static bool note_key(void *context, const char *key, uint64_t begin, uint64_t end)
{
    struct quant_calibration_text *text = context;
    text->has_groups = text->has_groups || strcmp(key, "scale_shape") == 0;
    for (int i = 0; i < QUANT_CALIBRATION_ARRAYS; i++)
        if (strcmp(key, quant_calibration_arrays[i]) == 0 && text->begin[i] == 0) {
            text->begin[i] = begin;
            text->end[i] = end;
        }
    return text->has_groups;
}

enum quant_status quant_calibration_text_find(struct quant_calibration_text *text,
                                              struct quant_error *error)
{
    quant_json_scan_init(&text->scan, text->source);
    text->scan.prefix = "not a valid calibration: ";
    return quant_json_keys_find(&text->scan, "calibration", note_key, text, error);
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
    text->scan.prefix = "not a valid calibration: ";
    text->scan.offset = text->begin[array];
}

void quant_calibration_text_release(struct quant_calibration_text *text)
{
    free(text->head);
    text->head = NULL;
    text->length = 0;
}
