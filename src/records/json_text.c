/* SPDX-License-Identifier: MIT */
/* Decoding escapes; what else is in a string must be UTF-8 already. */
#include "records/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/utf8.h"

static enum quant_status reserve(struct quant_json_scan *scan, struct quant_json_text *text,
                                 const char *noun, size_t most, struct quant_error *error)
{
    enum { LONGEST = 5 }; /* what is added at once: 4 bytes and the NUL */
    if (text->length > most)
        return quant_source_error(scan->source, error, QUANT_UNSUPPORTED,
                                  "a %s is longer than %zu bytes", noun, most);
    if (text->length + LONGEST <= text->room)
        return QUANT_OK;
    const size_t room = text->room ? 2 * text->room : 256;
    char *larger = realloc(text->bytes, room);
    if (!larger)
        return quant_error_no_memory(error, room, "text");
    text->bytes = larger;
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

static enum quant_status refuse(struct quant_json_scan *scan, const char *noun, const char *what,
                                struct quant_error *error)
{
    char place[QUANT_JSON_PLACE];
    return quant_source_error(scan->source, error, QUANT_CORRUPT, "a %s %s %s", noun, what,
                              quant_json_scan_place(scan, quant_json_scan_offset(scan) - 1, place));
}

/* After the escape of the first half the escape of the second follows. */
static enum quant_status read_second_half(struct quant_json_scan *scan, const char *noun,
                                          unsigned *code, struct quant_error *error)
{
    unsigned low = 0;
    int byte;
    enum quant_status status = quant_json_scan_byte(scan, &byte, error);
    if (status == QUANT_OK && byte == '\\') {
        quant_json_scan_skip(scan);
        status = quant_json_scan_escape(scan, &low, error);
    }
    if (status == QUANT_OK && !is_low(low))
        return refuse(scan, noun, "has half of a surrogate pair", error);
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return status;
}

static enum quant_status read_escaped(struct quant_json_scan *scan, const char *noun,
                                      struct quant_json_text *text, struct quant_error *error)
{
    unsigned code = 0;
    enum quant_status status = quant_json_scan_escape(scan, &code, error);
    if (status == QUANT_OK && is_high(code))
        status = read_second_half(scan, noun, &code, error);
    else if (status == QUANT_OK && is_low(code))
        status = refuse(scan, noun, "has half of a surrogate pair", error);
    if (status == QUANT_OK && code == 0)
        status = refuse(scan, noun, "has a NUL", error);
    if (status == QUANT_OK)
        put_code(text, code);
    return status;
}

enum quant_status quant_json_scan_text(struct quant_json_scan *scan, const char *noun, size_t most,
                                       struct quant_json_text *text, struct quant_error *error)
{
    enum quant_status status = quant_json_scan_expect(scan, '"', error);
    text->length = 0;
    for (;;) {
        int byte = 0;
        if (status == QUANT_OK)
            status = reserve(scan, text, noun, most, error);
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
            break;
        if (byte == '\\')
            status = read_escaped(scan, noun, text, error);
        else
            put(text, (unsigned)byte);
    }
    text->bytes[text->length] = '\0';
    return quant_is_utf8(text->bytes) ? QUANT_OK : refuse(scan, noun, "is not UTF-8", error);
}

void quant_json_text_release(struct quant_json_text *text)
{
    free(text->bytes);
    *text = (struct quant_json_text){.bytes = NULL};
}
