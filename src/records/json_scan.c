/* SPDX-License-Identifier: MIT */
/* Blocks, white space, and the words for what should not be there. */
#include "records/json_scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "records/json_bytes.h"

void quant_json_scan_init(struct quant_json_scan *scan, struct quant_source *source)
{
    scan->source = source;
    scan->prefix = "";
    scan->offset = 0;
    scan->line = 1;
    scan->line_offset = 0;
    scan->next = scan->end = scan->block;
    memset(scan->block, 0, QUANT_JSON_PADDING);
}

uint64_t quant_json_scan_offset(const struct quant_json_scan *scan)
{
    return scan->offset + (uint64_t)(scan->next - scan->block);
}

/* A token is cut where a block ends; it takes the exact way, which needs no more than one byte. */
static enum quant_status next_block(struct quant_json_scan *scan, struct quant_error *error)
{
    size_t got = 0;
    scan->offset += (uint64_t)(scan->end - scan->block);
    const enum quant_status status = scan->source->ops->read_at(
        scan->source, scan->offset, scan->block, QUANT_JSON_BLOCK, &got, error);
    if (status != QUANT_OK)
        got = 0;
    scan->next = scan->block;
    scan->end = scan->block + got;
    memset(scan->block + got, 0, QUANT_JSON_PADDING);
    return status;
}

enum quant_status quant_json_scan_byte(struct quant_json_scan *scan, int *byte,
                                       struct quant_error *error)
{
    if (scan->next == scan->end) {
        const enum quant_status status = next_block(scan, error);
        if (status != QUANT_OK)
            return status;
    }
    *byte = scan->next == scan->end ? QUANT_JSON_END : (unsigned char)*scan->next;
    return QUANT_OK;
}

enum quant_status quant_json_scan_token(struct quant_json_scan *scan, int *byte,
                                        struct quant_error *error)
{
    do {
        scan->next = quant_json_scan_space(scan, scan->next);
        if (scan->next < scan->end) {
            *byte = (unsigned char)*scan->next;
            return QUANT_OK;
        }
        const enum quant_status status = next_block(scan, error);
        if (status != QUANT_OK)
            return status;
    } while (scan->next < scan->end);
    *byte = QUANT_JSON_END;
    return QUANT_OK;
}

enum quant_status quant_json_scan_expect(struct quant_json_scan *scan, char expected,
                                         struct quant_error *error)
{
    int byte;
    const enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte != (unsigned char)expected)
        return quant_json_scan_unexpected(scan, (const char[]){'\'', expected, '\'', '\0'}, error);
    quant_json_scan_skip(scan);
    return QUANT_OK;
}

const char *quant_json_scan_place(const struct quant_json_scan *scan, uint64_t offset,
                                  char text[QUANT_JSON_PLACE])
{
    const int length = snprintf(text, QUANT_JSON_PLACE, "at byte %" PRIu64, offset);
    if (scan->line > 1 && offset >= scan->line_offset)
        snprintf(text + length, (size_t)(QUANT_JSON_PLACE - length),
                 " (line %" PRIu64 ", column %" PRIu64 ")", scan->line,
                 offset - scan->line_offset + 1);
    return text;
}

enum quant_status quant_json_scan_error(const struct quant_json_scan *scan,
                                        struct quant_error *error, enum quant_status status,
                                        const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return quant_source_error(scan->source, error, status, "%s%s", scan->prefix, text);
}

static bool is_printable(int byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

enum quant_status quant_json_scan_unexpected(struct quant_json_scan *scan, const char *expected,
                                             struct quant_error *error)
{
    char place[QUANT_JSON_PLACE];
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    int byte;
    enum quant_status status = quant_json_scan_byte(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte == QUANT_JSON_END)
        return quant_json_scan_error(scan, error, QUANT_TRUNCATED, "the text ends %s; expected %s",
                                     place, expected);
    char found[QUANT_JSON_TOKEN + 2];
    if (!is_printable(byte) || byte == '\'') {
        snprintf(found, sizeof found, "byte 0x%02x", (unsigned)byte);
    } else {
        size_t length = 0;
        found[length++] = '\'';
        do {
            found[length++] = (char)byte;
            quant_json_scan_skip(scan);
            if (!quant_json_is_of_word(byte))
                break;
            status = quant_json_scan_byte(scan, &byte, error);
            if (status != QUANT_OK)
                return status;
        } while (length < QUANT_JSON_TOKEN && quant_json_is_of_word(byte));
        found[length++] = '\'';
        found[length] = '\0';
    }
    return quant_json_scan_error(scan, error, QUANT_CORRUPT, "unexpected %s %s; expected %s", found,
                                 place, expected);
}
