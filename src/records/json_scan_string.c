/* SPDX-License-Identifier: MIT */
/* Strings, RFC 8259 section 7, and bare words. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "records/json_bytes.h"
#include "records/json_scan.h"

/* The four digits after "\u". */
static enum quant_status read_code(struct quant_json_scan *scan, unsigned *code,
                                   struct quant_error *error)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int byte;
        const enum quant_status status = quant_json_scan_byte(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (quant_json_hexadecimal(byte) < 0)
            return quant_json_scan_unexpected(scan, "a hexadecimal digit", error);
        *code = *code * 16 + (unsigned)quant_json_hexadecimal(byte);
        quant_json_scan_skip(scan);
    }
    return QUANT_OK;
}

/* What follows a backslash: the code of the character, or for \u a UTF-16 unit. */
static enum quant_status read_escape(struct quant_json_scan *scan, unsigned *code,
                                     struct quant_error *error)
{
    int byte;
    const enum quant_status status = quant_json_scan_byte(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte <= 0 || !strchr("\"\\/bfnrtu", byte))
        return quant_json_scan_unexpected(scan, "one of \"\\/bfnrtu after the backslash", error);
    quant_json_scan_skip(scan);
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, byte);
    *code = letter ? (unsigned char)meanings[letter - letters] : (unsigned)byte;
    return byte == 'u' ? read_code(scan, code, error) : QUANT_OK;
}

static bool is_high(unsigned code)
{
    return code >= 0xd800 && code < 0xdc00;
}

static bool is_low(unsigned code)
{
    return code >= 0xdc00 && code < 0xe000;
}

/* The second half of a surrogate pair follows the first, as an escape too. */
static enum quant_status read_escaped(struct quant_json_scan *scan, unsigned *code,
                                      struct quant_error *error)
{
    const uint64_t offset = quant_json_scan_offset(scan) - 1;
    char place[QUANT_JSON_PLACE];
    int byte;
    unsigned low = 0;
    enum quant_status status = read_escape(scan, code, error);
    if (status != QUANT_OK || !(is_high(*code) || is_low(*code)))
        return status;
    status = quant_json_scan_byte(scan, &byte, error);
    if (status == QUANT_OK && is_high(*code) && byte == '\\') {
        quant_json_scan_skip(scan);
        status = read_escape(scan, &low, error);
    }
    if (status == QUANT_OK && byte == QUANT_JSON_END)
        return quant_json_scan_unexpected(scan, "the second half of a surrogate pair", error);
    if (status == QUANT_OK && !is_low(low))
        status = quant_json_scan_error(scan, error, QUANT_CORRUPT, "half of a surrogate pair %s",
                                       quant_json_scan_place(scan, offset, place));
    *code = 0x10000 + ((*code & 0x3ff) << 10) + (low & 0x3ff);
    return status;
}

static unsigned decode(const char *bytes, size_t length)
{
    unsigned code = (unsigned char)bytes[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
    return code;
}

/* Takes bytes until they are a character. A block may end anywhere in them. */
static enum quant_status read_utf8(struct quant_json_scan *scan, int byte, unsigned *code,
                                   struct quant_error *error)
{
    char bytes[4 + 1] = {(char)byte};
    char place[QUANT_JSON_PLACE];
    const uint64_t offset = quant_json_scan_offset(scan) - 1;
    size_t length = 1;
    while (length < 4 && quant_utf8_length(bytes) == 0) {
        const enum quant_status status = quant_json_scan_byte(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (byte == QUANT_JSON_END)
            return quant_json_scan_unexpected(scan, "the rest of a character", error);
        if (byte < 0x80 || byte > 0xbf)
            break;
        bytes[length++] = (char)byte;
        quant_json_scan_skip(scan);
    }
    if (quant_utf8_length(bytes) == 0)
        return quant_json_scan_error(scan, error, QUANT_CORRUPT, "text that is not UTF-8 %s",
                                     quant_json_scan_place(scan, offset, place));
    *code = decode(bytes, length);
    return QUANT_OK;
}

enum quant_status quant_json_scan_character(struct quant_json_scan *scan, int byte, unsigned *code,
                                            struct quant_error *error)
{
    *code = (unsigned)byte;
    if (byte == '\\')
        return read_escaped(scan, code, error);
    return byte < 0x80 ? QUANT_OK : read_utf8(scan, byte, code, error);
}

enum quant_status quant_json_scan_string(struct quant_json_scan *scan, const char *noun,
                                         char text[QUANT_JSON_TOKEN], struct quant_error *error)
{
    enum quant_status status = quant_json_scan_expect(scan, '"', error);
    size_t length = 0;
    text[0] = '\0';
    while (status == QUANT_OK) {
        int byte;
        status = quant_json_scan_byte(scan, &byte, error);
        if (status != QUANT_OK)
            break;
        if (byte == QUANT_JSON_END || byte < 0x20) {
            char expected[64];
            snprintf(expected, sizeof expected, "the quote that ends the %s", noun);
            return quant_json_scan_unexpected(scan, expected, error);
        }
        quant_json_scan_skip(scan);
        if (byte == '"')
            break;
        unsigned code;
        status = quant_json_scan_character(scan, byte, &code, error);
        if (status == QUANT_OK && length < QUANT_JSON_TOKEN - 1) {
            text[length++] = code >= 0x20 && code < 0x7f ? (char)code : '?';
            text[length] = '\0';
        }
    }
    return status;
}

enum quant_status quant_json_scan_word(struct quant_json_scan *scan, char word[QUANT_JSON_TOKEN],
                                       struct quant_error *error)
{
    size_t length = 0;
    int byte;
    enum quant_status status = quant_json_scan_byte(scan, &byte, error);
    while (status == QUANT_OK && quant_json_is_letter(byte) && length < QUANT_JSON_TOKEN - 1) {
        word[length++] = (char)byte;
        quant_json_scan_skip(scan);
        status = quant_json_scan_byte(scan, &byte, error);
    }
    word[length] = '\0';
    return status;
}

enum quant_status quant_json_scan_wrong_word(struct quant_json_scan *scan, const char *word,
                                             uint64_t offset, const char *expected,
                                             struct quant_error *error)
{
    int byte;
    char place[QUANT_JSON_PLACE];
    const enum quant_status status = quant_json_scan_byte(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte == QUANT_JSON_END)
        return quant_json_scan_unexpected(scan, expected, error);
    return quant_json_scan_error(scan, error, QUANT_CORRUPT, "unexpected '%s' %s; expected %s",
                                 word, quant_json_scan_place(scan, offset, place), expected);
}
