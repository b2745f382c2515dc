/* SPDX-License-Identifier: MIT */
/* cJSON builds and prints the object; numbers go in as ready-made text, since it would print as
 * many digits as a double needs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "records/document.h"

/* cJSON's functions accept NULL objects and report failure by NULL: one flag is enough. */
void quant_document_add(cJSON *object, const char *key, cJSON *item, bool *ok)
{
    if (!item || !cJSON_AddItemToObject(object, key, item)) {
        cJSON_Delete(item);
        *ok = false;
    }
}

cJSON *quant_document_float(double value)
{
    char text[QUANT_DECIMAL_TEXT];
    quant_decimal_nine(value, text);
    return cJSON_CreateRaw(text);
}

/* As few digits, from 15 on, as read back to the same double: cJSON is content with nearly. */
cJSON *quant_document_double(double value)
{
    char text[QUANT_DECIMAL_TEXT];
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    return cJSON_CreateRaw(text);
}

/* An end of a range is a float32 where it is an element's, or has as many digits as it needs. */
static cJSON *make_end(double value)
{
    char text[QUANT_DECIMAL_TEXT];
    quant_decimal_nine(value, text);
    if ((double)(float)value == value || strtod(text, NULL) == value)
        return cJSON_CreateRaw(text);
    return quant_document_double(value);
}

/* 64-bit integers as they are, where a double would round them. */
cJSON *quant_document_integer(uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return cJSON_CreateRaw(text);
}

cJSON *quant_document_string(const char *text)
{
    return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

cJSON *quant_document_checksum(uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return cJSON_CreateString(text);
}

/* Takes item also where it fails: cJSON does not. */
bool quant_document_append(cJSON *array, cJSON *item)
{
    if (array && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

cJSON *quant_document_pair(bool present, const double pair[2])
{
    if (!present)
        return cJSON_CreateNull();
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < 2; i++)
        if (!quant_document_append(array, make_end(pair[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

/* cJSON indents with tabs and puts one after a colon; in strings it escapes them. Two spaces and
 * one are what people's other tools write. Returns the length of what indented holds then, which
 * has room for twice the text and a newline. */
static size_t indent(const char *text, char *indented)
{
    size_t length = 0;
    bool line_begins = true;
    for (; *text; text++) {
        const char byte = *text == '\t' ? ' ' : *text;
        indented[length++] = byte;
        if (*text == '\t' && line_begins)
            indented[length++] = ' ';
        line_begins = *text == '\n' || (line_begins && *text == '\t');
    }
    indented[length++] = '\n';
    return length;
}

/* is_open: without the end of the object, which is CLOSING once it is indented. */
static enum quant_status write_indented(const char *text, bool is_open, const char *noun,
                                        struct quant_sink *sink, struct quant_error *error)
{
    static const char CLOSING[] = "\n}\n";
    const size_t room = 2 * strlen(text) + 1;
    char *indented = malloc(room);
    if (!indented)
        return quant_error_no_memory(error, room, noun);
    const size_t length = indent(text, indented) - (is_open ? sizeof CLOSING - 1 : 0);
    const enum quant_status status = quant_sink_write(sink, indented, length, error);
    free(indented);
    return status;
}

static enum quant_status write_object(quant_document_fill *fill, const void *content, bool is_open,
                                      const char *noun, struct quant_sink *sink,
                                      struct quant_error *error)
{
    bool ok = true;
    void *locale = quant_locale_enter();
    cJSON *root = cJSON_CreateObject();
    fill(root, content, &ok);
    char *text = ok ? cJSON_Print(root) : NULL;
    quant_locale_leave(locale);
    cJSON_Delete(root);
    if (!text)
        return quant_error_set(error, QUANT_NO_MEMORY, "no memory for the %s '%s'", noun,
                               sink->name);
    const enum quant_status status = write_indented(text, is_open, noun, sink, error);
    cJSON_free(text);
    return status;
}

enum quant_status quant_document_write(quant_document_fill *fill, const void *content,
                                       const char *noun, struct quant_sink *sink,
                                       struct quant_error *error)
{
    return write_object(fill, content, false, noun, sink, error);
}

enum quant_status quant_document_begin(quant_document_fill *fill, const void *content,
                                       const char *noun, struct quant_sink *sink,
                                       struct quant_error *error)
{
    return write_object(fill, content, true, noun, sink, error);
}
