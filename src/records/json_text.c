/* SPDX-License-Identifier: MIT */
/* Decoding escapes; what else is in a string must be UTF-8 already. */
#include "records/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/utf8.h"

/* What is added at once: a character of 4 bytes, and the NUL. */
enum { FIRST_ROOM = 256, ADDED_MOST = 5 };

static enum quant_status reserve(struct quant_json_text *text, struct quant_error *error)
{
    if (text->room - text->length >= ADDED_MOST)
        return QUANT_OK;
    const size_t room = text->room > 0 ? 2 * text->room : FIRST_ROOM;
    char *bytes = realloc(text->bytes, room);
    if (!bytes)
        return quant_error_no_memory(error, room, "text");
    text->bytes = bytes;
    text->room = room;
    return QUANT_OK;
}

static void put(struct quant_json_text *text, unsigned byte)
{
    text->bytes[text->length++] = (char)(unsigned char)byte;
}

/* RFC 3629: six bits in each byte but the first. */
static void put_code(struct quant_json_text *text, unsigned code)
{
    if (code < 0x80) {
        put(text, code);
    } else if (code < 0x800) {
        put(text, 0xc0 | code >> 6);
        put(text, 0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(text, 0xe0 | code >> 12);
        put(text, 0x80 | (code >> 6 & 0x3f));
        put(text, 0x80 | (code & 0x3f));
    } else {
        put(text, 0xf0 | code >> 18);
        put(text, 0x80 | (code >> 12 & 0x3f));
        put(text, 0x80 | (code >> 6 & 0x3f));
        put(text, 0x80 | (code & 0x3f));
    }
}

static bool is_high(unsigned code)
{
    return code >= 0xd800 && code < 0xdc00;
}

static bool is_low(unsigned code)
{
    return code >= 0xdc00 && code < 0xe000;
}

static enum quant_status refuse(struct quant_json_scan *scan, enum quant_status status,
                                const char *noun, const char *what, struct quant_error *error)
{
    char place[QUANT_JSON_PLACE];
    return quant_source_error(scan->source, error, status, "the %s that ends %s %s", noun,
                              quant_json_scan_place(scan, quant_json_scan_offset(scan) - 1, place),
                              what);
}

/* The character after a backslash. The second half of a surrogate pair follows the first, as an
 * escape too. */
static enum quant_status read_character(struct quant_json_scan *scan, unsigned *code,
                                        struct quant_error *error)
{
    const uint64_t offset = quant_json_scan_offset(scan) - 1;
    char place[QUANT_JSON_PLACE];
    int byte;
    unsigned low = 0;
    enum quant_status status = quant_json_scan_escape(scan, code, error);
    if (status != QUANT_OK || !(is_high(*code) || is_low(*code)))
        return status;
    status = quant_json_scan_byte(scan, &byte, error);
    if (status == QUANT_OK && is_high(*code) && byte == '\\') {
        quant_json_scan_skip(scan);
        status = quant_json_scan_escape(scan, &low, error);
    }
    if (status == QUANT_OK && !is_low(low))
        status =
            quant_source_error(scan->source, error, QUANT_CORRUPT, "half of a surrogate pair %s",
                               quant_json_scan_place(scan, offset, place));
    *code = 0x10000 + ((*code & 0x3ff) << 10) + (low & 0x3ff);
    return status;
}

/* Up to the closing quote, which is passed over too. */
static enum quant_status read_rest(struct quant_json_scan *scan, const char *noun,
                                   struct quant_json_text *text, bool *has_nul,
                                   struct quant_error *error)
{
    for (;;) {
        int byte;
        enum quant_status status = reserve(text, error);
        if (status == QUANT_OK)
            status = quant_json_scan_byte(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (byte == QUANT_JSON_END || byte < 0x20) {
            char expected[64];
            snprintf(expected, sizeof expected, "the quote that ends the %s", noun);
            return quant_json_scan_unexpected(scan, expected, error);
        }
        quant_json_scan_skip(scan);
        if (byte == '"')
            return QUANT_OK;
        if (byte != '\\') {
            put(text, (unsigned)byte);
            continue;
        }
        unsigned code = 0;
        status = read_character(scan, &code, error);
        if (status != QUANT_OK)
            return status;
        *has_nul = *has_nul || code == 0;
        put_code(text, code);
    }
}

enum quant_status quant_json_scan_text(struct quant_json_scan *scan, const char *noun,
                                       struct quant_json_text *text, struct quant_error *error)
{
    bool has_nul = false;
    text->length = 0;
    enum quant_status status = quant_json_scan_expect(scan, '"', error);
    if (status == QUANT_OK)
        status = read_rest(scan, noun, text, &has_nul, error);
    if (status != QUANT_OK)
        return status;
    text->bytes[text->length] = '\0';
    if (has_nul)
        return refuse(scan, QUANT_UNSUPPORTED, noun, "has a NUL, \\u0000", error);
    return quant_is_utf8(text->bytes) ? QUANT_OK
                                      : refuse(scan, QUANT_CORRUPT, noun, "is not UTF-8", error);
}

void quant_json_text_release(struct quant_json_text *text)
{
    free(text->bytes);
    *text = (struct quant_json_text){.bytes = NULL};
}
