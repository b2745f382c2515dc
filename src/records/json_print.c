/* SPDX-License-Identifier: MIT */
/* The text grows by doubling. cJSON would build a tree first, which takes ten times as long: that
 * counts for 100,000 tensors. */
#include "records/json_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

static void grow(struct quant_json_printer *printer, size_t nbytes)
{
    enum { MIN_ROOM = 256 };
    size_t room = printer->room < MIN_ROOM ? MIN_ROOM : printer->room;
    while (room - printer->length < nbytes && room <= SIZE_MAX / 4)
        room *= 2;
    char *text = room - printer->length < nbytes ? NULL : realloc(printer->text, room);
    printer->no_memory = !text;
    if (!text)
        return;
    printer->text = text;
    printer->room = room;
}

void quant_json_reserve(struct quant_json_printer *printer, size_t nbytes)
{
    if (!printer->no_memory && printer->room - printer->length < nbytes)
        grow(printer, nbytes);
}

static void put(struct quant_json_printer *printer, const char *bytes, size_t nbytes)
{
    quant_json_reserve(printer, nbytes);
    if (printer->no_memory)
        return;
    memcpy(printer->text + printer->length, bytes, nbytes);
    printer->length += nbytes;
}

void quant_json_raw(struct quant_json_printer *printer, const char *text)
{
    put(printer, text, strlen(text));
}

/* Room for nbytes, which count as printed; NULL: no memory. */
static char *take(struct quant_json_printer *printer, size_t nbytes)
{
    quant_json_reserve(printer, nbytes);
    if (printer->no_memory)
        return NULL;
    printer->length += nbytes;
    return printer->text + printer->length - nbytes;
}

static void begin_line(struct quant_json_printer *printer)
{
    const size_t indent = 2 * (size_t)printer->depth;
    char *to = take(printer, 1 + indent);
    if (!to)
        return;
    *to = '\n';
    memset(to + 1, ' ', indent);
}

void quant_json_open(struct quant_json_printer *printer, char bracket)
{
    put(printer, &bracket, 1);
    printer->depth += bracket == '{';
    printer->has_item = false;
}

void quant_json_close(struct quant_json_printer *printer, char bracket)
{
    printer->depth -= bracket == '}';
    if (bracket == '}' && printer->is_indented)
        begin_line(printer);
    put(printer, &bracket, 1);
    printer->has_item = true;
}

void quant_json_key(struct quant_json_printer *printer, const char *key)
{
    if (printer->has_item)
        put(printer, ", ", printer->is_indented ? 1 : 2);
    if (printer->is_indented)
        begin_line(printer);
    quant_json_string(printer, key);
    put(printer, ": ", 2);
    printer->has_item = true;
}

void quant_json_item(struct quant_json_printer *printer)
{
    if (printer->has_item)
        put(printer, ", ", 2);
    printer->has_item = true;
}

static bool is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

static size_t count_plain(const char *text)
{
    size_t n = 0;
    while (is_plain(text[n]))
        n++;
    return n;
}

static void put_escaped(struct quant_json_printer *printer, char byte)
{
    static const char letters[] = "\"\\bfnrt";
    static const char bytes[] = "\"\\\b\f\n\r\t";
    const char *found = strchr(bytes, byte);
    char text[8];
    if (found)
        snprintf(text, sizeof text, "\\%c", letters[found - bytes]);
    else
        snprintf(text, sizeof text, "\\u%04x", (unsigned char)byte);
    quant_json_raw(printer, text);
}

static void put_plain(struct quant_json_printer *printer, const char *text, size_t length)
{
    char *to = take(printer, length + 2);
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, text, length);
    to[length + 1] = '"';
}

void quant_json_string(struct quant_json_printer *printer, const char *text)
{
    if (!text) {
        put(printer, "null", 4);
        return;
    }
    const size_t length = count_plain(text);
    if (!text[length]) {
        put_plain(printer, text, length);
        return;
    }
    put(printer, "\"", 1);
    while (*text) {
        const size_t n = count_plain(text);
        put(printer, text, n);
        text += n;
        if (*text)
            put_escaped(printer, *text++);
    }
    put(printer, "\"", 1);
}

void quant_json_size(struct quant_json_printer *printer, uint64_t value)
{
    char text[20]; /* digits of 2^64 */
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put(printer, text + at, sizeof text - at);
}

void quant_json_integer(struct quant_json_printer *printer, int64_t value)
{
    if (value < 0)
        put(printer, "-", 1);
    quant_json_size(printer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void quant_json_checksum(struct quant_json_printer *printer, uint64_t value)
{
    char text[18] = "\"................";
    for (int i = 0; i < 16; i++)
        text[1 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    text[17] = '"';
    put(printer, text, sizeof text);
}

/* ---- Numbers with a fraction ---- */

void quant_json_nine(struct quant_json_printer *printer, double value)
{
    char text[QUANT_DECIMAL_TEXT];
    put(printer, text, quant_decimal_nine(value, text));
}

void quant_json_double(struct quant_json_printer *printer, double value)
{
    char text[QUANT_DECIMAL_TEXT];
    void *locale = quant_locale_enter();
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    quant_locale_leave(locale);
    quant_json_raw(printer, text);
}

/* An end of a range is a float32 if it is an element's; a method may find any double. */
static void put_end(struct quant_json_printer *printer, double value)
{
    char text[QUANT_DECIMAL_TEXT];
    const size_t length = quant_decimal_nine(value, text);
    quant_json_item(printer);
    if ((double)(float)value == value || quant_decimal_parse(text) == value)
        put(printer, text, length);
    else
        quant_json_double(printer, value);
}

void quant_json_pair(struct quant_json_printer *printer, bool present, const double pair[2])
{
    if (!present) {
        quant_json_raw(printer, "null");
        return;
    }
    quant_json_open(printer, '[');
    put_end(printer, pair[0]);
    put_end(printer, pair[1]);
    quant_json_close(printer, ']');
}
