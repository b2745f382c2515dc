/* SPDX-License-Identifier: MIT */
/* Characters to bytes of UTF-8. */
#include "records/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

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
        if (byte < 0x80 && byte != '\\') { /* a call for each would take longer */
            put(text, (unsigned)byte);
            continue;
        }
        unsigned code = 0;
        status = quant_json_scan_character(scan, byte, &code, error);
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
    if (!has_nul)
        return QUANT_OK;
    char place[QUANT_JSON_PLACE];
    quant_json_scan_place(scan, quant_json_scan_offset(scan) - 1, place);
    return quant_json_scan_error(scan, error, QUANT_UNSUPPORTED,
                                 "the %s that ends %s has a NUL, \\u0000", noun, place);
}

void quant_json_text_release(struct quant_json_text *text)
{
    free(text->bytes);
    *text = (struct quant_json_text){.bytes = NULL};
}
