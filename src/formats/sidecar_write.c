/* SPDX-License-Identifier: MIT */
/*
 * The sidecar as text, in one pass. It is read by way of cJSON, and was once written by it:
 * building the object node by node, printing it, and mending the indentation and the numbers
 * afterwards was more than half of all instructions that a small file takes outside the system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "formats/sidecar.h"
#include "formats/sidecar_words.h"

struct text {
    char *bytes;
    size_t length;
    size_t room;
    bool failed; /* no memory: one look at the end tells */
    int depth;   /* of objects */
};

static void put(struct text *text, const char *bytes, size_t nbytes)
{
    enum { FIRST_ROOM = 2 << 10 };
    if (text->failed)
        return;
    if (nbytes > text->room - text->length) {
        const size_t room = 2 * text->room + nbytes + FIRST_ROOM;
        char *grown = realloc(text->bytes, room);
        text->failed = !grown;
        if (!grown)
            return;
        text->bytes = grown;
        text->room = room;
    }
    memcpy(text->bytes + text->length, bytes, nbytes);
    text->length += nbytes;
}

static void put_word(struct text *text, const char *word)
{
    put(text, word, strlen(word));
}

static void put_line(struct text *text)
{
    static const char spaces[] = "    ";
    put(text, "\n", 1);
    put(text, spaces, 2 * (size_t)text->depth);
}

/* ---- Values ---- */

/* The number of bytes of *bytes that a JSON string takes as they are. */
static size_t plain_length(const char *bytes)
{
    size_t length = 0;
    while ((unsigned char)bytes[length] >= 0x20 && bytes[length] != '"' && bytes[length] != '\\')
        length++;
    return length;
}

static void put_escaped(struct text *text, char byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *known = strchr(bytes, byte);
    char escaped[8];
    if (known)
        snprintf(escaped, sizeof escaped, "\\%c", letters[known - bytes]);
    else
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)byte);
    put_word(text, escaped);
}

static void put_string(struct text *text, const char *string)
{
    if (!string) {
        put_word(text, "null");
        return;
    }
    put(text, "\"", 1);
    for (;;) {
        const size_t length = plain_length(string);
        put(text, string, length);
        string += length;
        if (!*string)
            break;
        put_escaped(text, *string++);
    }
    put(text, "\"", 1);
}

static void put_float(struct text *text, double value)
{
    char decimal[QUANT_DECIMAL_TEXT];
    put(text, decimal, quant_decimal_nine(value, decimal));
}

static void put_integer(struct text *text, int64_t value)
{
    char decimal[32];
    snprintf(decimal, sizeof decimal, "%lld", (long long)value);
    put_word(text, decimal);
}

/* ---- Members ---- */

static void begin(struct text *text)
{
    put(text, "{", 1);
    text->depth++;
}

static void end(struct text *text)
{
    text->depth--;
    put_line(text);
    put(text, "}", 1);
}

/* Up to the value. */
static void put_key(struct text *text, const char *key)
{
    if (!text->failed && text->bytes[text->length - 1] != '{')
        put(text, ",", 1);
    put_line(text);
    put(text, "\"", 1);
    put_word(text, key);
    put(text, "\": ", 3);
}

static void add_string(struct text *text, const char *key, const char *string)
{
    put_key(text, key);
    put_string(text, string);
}

static void add_integer(struct text *text, const char *key, int64_t value)
{
    put_key(text, key);
    put_integer(text, value);
}

static void add_float(struct text *text, const char *key, double value)
{
    put_key(text, key);
    put_float(text, value);
}

static void add_pair(struct text *text, const char *key, bool present, const double pair[2])
{
    if (!present) {
        add_string(text, key, NULL);
        return;
    }
    put_key(text, key);
    put(text, "[", 1);
    put_float(text, pair[0]);
    put(text, ", ", 2);
    put_float(text, pair[1]);
    put(text, "]", 1);
}

static void add_shape(struct text *text, const struct quant_shape *shape)
{
    put_key(text, "shape");
    put(text, "[", 1);
    for (int i = 0; i < shape->ndim; i++) {
        if (i > 0)
            put(text, ", ", 2);
        put_integer(text, (int64_t)shape->dims[i]); /* a product that fits 63 bits */
    }
    put(text, "]", 1);
}

/* ---- The sections ---- */

static void add_params(struct text *text, const struct quant_params *params)
{
    add_string(text, "scheme", quant_sidecar_schemes[params->scheme]);
    add_string(text, "dtype", quant_dtype_info(params->dtype)->name);
    add_integer(text, "qmin", params->qmin);
    add_integer(text, "qmax", params->qmax);
    add_float(text, "scale", (double)params->scale);
    add_integer(text, "zero_point", params->zero_point);
    add_string(text, "axis", NULL);
    add_string(text, "block_size", NULL);
    add_string(text, "rounding", quant_sidecar_roundings[params->rounding]);
}

static void add_calibration(struct text *text, const struct quant_sidecar *sidecar)
{
    put_key(text, "calibration");
    begin(text);
    add_string(text, "method", sidecar->method);
    add_pair(text, "observed", sidecar->has_observed, sidecar->observed);
    end(text);
}

static void add_source(struct text *text, const struct quant_sidecar *sidecar)
{
    put_key(text, "source");
    begin(text);
    add_string(text, "path", sidecar->source.path);
    add_string(text, "format", sidecar->source.format);
    add_string(text, "dtype", quant_dtype_info(sidecar->source_dtype)->name);
    /* Where the format tells it, as .npy does, nobody needs to be told again. */
    if (sidecar->source_byte_order != QUANT_BYTE_ORDER_NONE)
        add_string(text, "byte_order", sidecar->source_byte_order == QUANT_BIG ? "big" : "little");
    end(text);
}

static void add_data(struct text *text, const struct quant_sidecar *sidecar)
{
    char hexadecimal[17];
    snprintf(hexadecimal, sizeof hexadecimal, "%016llx", (unsigned long long)sidecar->data_xxh3_64);
    put_key(text, "data");
    begin(text);
    add_string(text, "path", sidecar->data.path);
    add_string(text, "format", sidecar->data.format);
    add_integer(text, "bytes", (int64_t)sidecar->data_bytes);
    add_string(text, "xxh3_64", hexadecimal);
    end(text);
}

static void put_sidecar(struct text *text, const struct quant_sidecar *sidecar)
{
    begin(text);
    add_string(text, "format", QUANT_SIDECAR_FORMAT);
    add_integer(text, "version", QUANT_SIDECAR_VERSION);
    add_string(text, "tool", "quant " QUANT_VERSION);
    add_params(text, &sidecar->params);
    add_pair(text, "range", sidecar->has_range, sidecar->range);
    add_calibration(text, sidecar);
    add_shape(text, &sidecar->shape);
    add_string(text, "order", quant_sidecar_orders[sidecar->order]);
    add_source(text, sidecar);
    add_data(text, sidecar);
    end(text);
    put(text, "\n", 1);
}

enum quant_status quant_sidecar_write(const struct quant_sidecar *sidecar, struct quant_sink *sink,
                                      struct quant_error *error)
{
    struct text text = {.bytes = NULL};
    put_sidecar(&text, sidecar);
    const enum quant_status status =
        text.failed
            ? quant_error_set(error, QUANT_NO_MEMORY, "no memory for the sidecar '%s'", sink->name)
            : quant_sink_write(sink, text.bytes, text.length, error);
    free(text.bytes);
    return status;
}
