/* SPDX-License-Identifier: MIT */
/* Only where the pieces begin and end is decided here: what is in them is checked by who parses
 * them. */
#include "records/sidecar_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/json_extent.h"
#include "records/json_keys.h"
#include "records/sidecar_tensors.h"

static enum quant_status append(struct quant_sidecar_text *text, const char *bytes, size_t nbytes,
                                struct quant_error *error)
{
    const size_t most = QUANT_SIDECAR_ENTRY_MOST;
    if (nbytes > most - text->length)
        return quant_source_error(text->source, error, QUANT_OUT_OF_RANGE,
                                  "not a valid sidecar: %s is longer than %zu bytes", text->noun,
                                  most);
    const size_t needed = text->length + nbytes + 1;
    if (needed > text->room) {
        const size_t room = 2 * needed + 1024;
        char *moved = realloc(text->bytes, room);
        if (!moved)
            return quant_error_no_memory(error, room, "sidecar");
        text->bytes = moved;
        text->room = room;
    }
    memcpy(text->bytes + text->length, bytes, nbytes);
    text->length += nbytes;
    text->bytes[text->length] = '\0';
    return QUANT_OK;
}

/* ---- Where the tensors are ---- */

/* A duplicate key keeps its first place here. The other one is in the head, where it is found. */
static bool note_key(void *context, const char *key, uint64_t begin, uint64_t end)
{
    struct quant_sidecar_text *text = context;
    if (strcmp(key, "tensors") == 0 && text->tensors_begin == 0) {
        text->tensors_begin = begin;
        text->tensors_end = end;
    }
    return text->tensors_begin > 0;
}

enum quant_status quant_sidecar_text_find(struct quant_sidecar_text *text,
                                          struct quant_error *error)
{
    quant_json_scan_init(&text->scan, text->source);
    text->scan.prefix = "not a valid sidecar: not JSON: ";
    return quant_json_keys_find(&text->scan, "sidecar", note_key, text, error);
}

/* ---- The head ---- */

/* Appends the source from begin to end, or to its last byte. */
static enum quant_status append_source(struct quant_sidecar_text *text, uint64_t begin,
                                       uint64_t end, struct quant_error *error)
{
    struct quant_source *source = text->source;
    char bytes[4096];
    size_t got = sizeof bytes;
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && begin < end && got == sizeof bytes) {
        const size_t nbytes = end - begin < sizeof bytes ? (size_t)(end - begin) : sizeof bytes;
        status = source->ops->read_at(source, begin, bytes, nbytes, &got, error);
        if (status == QUANT_OK)
            status = append(text, bytes, got, error);
        begin += got;
    }
    return status;
}

enum quant_status quant_sidecar_text_head(struct quant_sidecar_text *text,
                                          struct quant_error *error)
{
    text->length = 0;
    text->noun = "what is not in 'tensors'";
    text->offset = 0;
    enum quant_status status = append_source(text, 0, text->tensors_begin, error);
    text->gap = text->length + 2;
    text->gap_width = text->tensors_end - text->tensors_begin - 2;
    if (status == QUANT_OK)
        status = append(text, "{}", 2, error);
    if (status == QUANT_OK)
        status = append_source(text, text->tensors_end, UINT64_MAX, error);
    return status;
}

/* ---- Entries ---- */

void quant_sidecar_text_seek(struct quant_sidecar_text *text, uint64_t offset)
{
    quant_json_scan_init(&text->scan, text->source);
    text->scan.prefix = "not a valid sidecar: not JSON: ";
    text->scan.offset = offset;
}

enum quant_status quant_sidecar_text_enter(struct quant_sidecar_text *text,
                                           struct quant_error *error)
{
    int byte;
    quant_sidecar_text_seek(text, text->tensors_begin);
    const enum quant_status status = quant_json_scan_token(&text->scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte != '{')
        return quant_source_error(text->source, error, QUANT_CORRUPT,
                                  "not a valid sidecar: 'tensors' is not an object");
    quant_json_scan_skip(&text->scan);
    return QUANT_OK;
}

/* Appends the value that begins at the next byte, up to the first ',', ']' or '}' after it, which
 * is *byte. */
static enum quant_status append_value(struct quant_sidecar_text *text, int *byte,
                                      struct quant_error *error)
{
    struct quant_json_scan *scan = &text->scan;
    struct quant_json_extent extent = {.depth = 0};
    for (;;) {
        enum quant_status status = quant_json_scan_byte(scan, byte, error);
        if (status != QUANT_OK)
            return status;
        if (*byte == QUANT_JSON_END)
            return quant_json_keys_cut_short(scan, "sidecar", error);
        const char *end = quant_json_extent_end(&extent, scan->next, scan->end);
        status = append(text, scan->next, (size_t)(end - scan->next), error);
        scan->next = end;
        if (status != QUANT_OK || end < scan->end) {
            *byte = (unsigned char)*end;
            return status;
        }
    }
}

/* After the brace of the last entry, which was passed over: white space up to where the value of
 * "tensors" ended when it was found. */
static enum quant_status check_end(struct quant_sidecar_text *text, struct quant_error *error)
{
    struct quant_json_scan *scan = &text->scan;
    int byte;
    if (quant_json_scan_offset(scan) > text->tensors_end)
        return quant_source_error(text->source, error, QUANT_IO, "it changed while it was read");
    const enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK || quant_json_scan_offset(scan) == text->tensors_end)
        return status;
    return quant_json_scan_unexpected(scan, "',' or '}'", error);
}

enum quant_status quant_sidecar_text_next(struct quant_sidecar_text *text, bool *is_last,
                                          struct quant_error *error)
{
    int byte = 0;
    text->length = 0;
    text->noun = "an entry";
    text->gap = SIZE_MAX;
    enum quant_status status = quant_json_scan_token(&text->scan, &byte, error);
    text->offset = quant_json_scan_offset(&text->scan) - 1; /* of the brace that is put before it */
    if (status == QUANT_OK)
        status = append(text, "{", 1, error);
    if (status == QUANT_OK)
        status = append_value(text, &byte, error);
    if (status == QUANT_OK)
        status = append(text, "}", 1, error);
    if (status != QUANT_OK)
        return status;
    text->ended_by = byte;
    *is_last = byte != ',';
    if (byte == ']')
        return quant_json_scan_unexpected(&text->scan, "',' or '}'", error);
    quant_json_scan_skip(&text->scan);
    return *is_last ? check_end(text, error) : QUANT_OK;
}

/* ---- The piece ---- */

void quant_sidecar_text_unmask(struct quant_sidecar_text *text)
{
    if (text->gap == SIZE_MAX)
        text->bytes[text->length - 1] = (char)text->ended_by;
}

uint64_t quant_sidecar_text_offset(const struct quant_sidecar_text *text, size_t at)
{
    return text->offset + at + (at >= text->gap ? text->gap_width : 0);
}

void quant_sidecar_text_release(struct quant_sidecar_text *text)
{
    free(text->bytes);
    text->bytes = NULL;
}
