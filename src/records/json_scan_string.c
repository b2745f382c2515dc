/* SPDX-License-Identifier: MIT */
/* Strings, RFC 8259 section 7, and bare words. */
#include <stdio.h>
#include <string.h>

#include "records/json_scan.h"

static bool is_letter(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static int hexadecimal(int byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if ((byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'))
        return (byte | 0x20) - 'a' + 10;
    return -1;
}

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
        if (hexadecimal(byte) < 0)
            return quant_json_scan_unexpected(scan, "a hexadecimal digit", error);
        *code = *code * 16 + (unsigned)hexadecimal(byte);
        quant_json_scan_skip(scan);
    }
    return QUANT_OK;
}

enum quant_status quant_json_scan_escape(struct quant_json_scan *scan, unsigned *code,
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
        unsigned code = (unsigned)byte;
        if (byte == '\\')
            status = quant_json_scan_escape(scan, &code, error);
        if (length < QUANT_JSON_TOKEN - 1) {
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
    while (status == QUANT_OK && is_letter(byte) && length < QUANT_JSON_TOKEN - 1) {
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
    return quant_source_error(scan->source, error, QUANT_CORRUPT, "unexpected '%s' %s; expected %s",
                              word, quant_json_scan_place(scan, offset, place), expected);
}
