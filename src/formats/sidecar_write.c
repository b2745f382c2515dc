/* SPDX-License-Identifier: MIT */
/* The sidecar as text. cJSON builds and prints the object; float32 values go in as ready-made text
 * of nine digits, since it would print as many as a double needs. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "formats/sidecar.h"
#include "formats/sidecar_words.h"

/* cJSON's functions accept NULL objects and report failure by NULL: one flag at the end tells. */
static void add(cJSON *object, const char *key, cJSON *item, bool *ok)
{
    if (!item || !cJSON_AddItemToObject(object, key, item)) {
        cJSON_Delete(item);
        *ok = false;
    }
}

static cJSON *make_float(double value)
{
    char text[QUANT_DECIMAL_TEXT];
    quant_decimal_nine(value, text);
    return cJSON_CreateRaw(text);
}

/* As few digits, from 15 on, as read back to the same double: cJSON is content with nearly. */
static cJSON *make_double(double value)
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
    return make_double(value);
}

/* 64-bit integers as they are, where a double would round them. */
static cJSON *make_integer(uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return cJSON_CreateRaw(text);
}

static cJSON *make_string(const char *text)
{
    return text ? cJSON_CreateString(text) : cJSON_CreateNull();
}

/* Takes item also where it fails: cJSON does not. */
static bool append(cJSON *array, cJSON *item)
{
    if (array && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static cJSON *make_pair(bool present, const double pair[2])
{
    if (!present)
        return cJSON_CreateNull();
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < 2; i++)
        if (!append(array, make_end(pair[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_shape(const struct quant_shape *shape)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < shape->ndim; i++)
        if (!append(array, make_integer(shape->dims[i])))
            goto fail;
    return array;
fail:
    cJSON_Delete(array);
    return NULL;
}

static cJSON *make_calibration(const struct quant_sidecar *sidecar, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    add(object, "method", make_string(sidecar->method), ok);
    if (sidecar->has_argument)
        add(object, "argument", make_double(sidecar->argument), ok);
    add(object, "observed", make_pair(sidecar->has_observed, sidecar->observed), ok);
    return object;
}

static cJSON *make_source(const struct quant_sidecar *sidecar, bool *ok)
{
    cJSON *object = cJSON_CreateObject();
    add(object, "path", make_string(sidecar->source.path), ok);
    add(object, "format", make_string(sidecar->source.format), ok);
    add(object, "dtype", make_string(quant_dtype_info(sidecar->source_dtype)->name), ok);
    /* Where the format tells it, as .npy does, nobody needs to be told again. */
    if (sidecar->source_byte_order != QUANT_BYTE_ORDER_NONE)
        add(object, "byte_order",
            make_string(sidecar->source_byte_order == QUANT_BIG ? "big" : "little"), ok);
    return object;
}

static cJSON *make_data(const struct quant_sidecar *sidecar, bool *ok)
{
    char hexadecimal[17];
    snprintf(hexadecimal, sizeof hexadecimal, "%016llx", (unsigned long long)sidecar->data_xxh3_64);
    cJSON *object = cJSON_CreateObject();
    add(object, "path", make_string(sidecar->data.path), ok);
    add(object, "format", make_string(sidecar->data.format), ok);
    add(object, "bytes", make_integer(sidecar->data_bytes), ok);
    add(object, "xxh3_64", make_string(hexadecimal), ok);
    return object;
}

static cJSON *make_sidecar(const struct quant_sidecar *sidecar, bool *ok)
{
    const struct quant_params *params = &sidecar->params;
    const bool is_integer = quant_dtype_info(params->dtype)->is_integer;
    cJSON *root = cJSON_CreateObject();
    add(root, "format", make_string(QUANT_SIDECAR_FORMAT), ok);
    add(root, "version", cJSON_CreateNumber(QUANT_SIDECAR_VERSION), ok);
    add(root, "tool", make_string("quant " QUANT_VERSION), ok);
    add(root, "scheme", make_string(quant_sidecar_schemes[params->scheme]), ok);
    add(root, "dtype", make_string(quant_dtype_info(params->dtype)->name), ok);
    add(root, "qmin", is_integer ? cJSON_CreateNumber(params->qmin) : cJSON_CreateNull(), ok);
    add(root, "qmax", is_integer ? cJSON_CreateNumber(params->qmax) : cJSON_CreateNull(), ok);
    add(root, "scale", make_float((double)params->scale), ok);
    add(root, "zero_point", cJSON_CreateNumber(params->zero_point), ok);
    add(root, "axis", cJSON_CreateNull(), ok);
    add(root, "block_size", cJSON_CreateNull(), ok);
    add(root, "rounding", make_string(quant_sidecar_roundings[params->rounding]), ok);
    add(root, "range", make_pair(sidecar->has_range, sidecar->range), ok);
    add(root, "calibration", make_calibration(sidecar, ok), ok);
    add(root, "shape", make_shape(&sidecar->shape), ok);
    add(root, "order", make_string(quant_sidecar_orders[sidecar->order]), ok);
    add(root, "source", make_source(sidecar, ok), ok);
    add(root, "data", make_data(sidecar, ok), ok);
    return root;
}

/* cJSON indents with tabs and puts one behind a colon; in strings it escapes them. Two spaces and
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

static enum quant_status write_indented(const char *text, struct quant_sink *sink,
                                        struct quant_error *error)
{
    const size_t room = 2 * strlen(text) + 1;
    char *indented = malloc(room);
    if (!indented)
        return quant_error_no_memory(error, room, "sidecar");
    const enum quant_status status =
        quant_sink_write(sink, indented, indent(text, indented), error);
    free(indented);
    return status;
}

enum quant_status quant_sidecar_write(const struct quant_sidecar *sidecar, struct quant_sink *sink,
                                      struct quant_error *error)
{
    bool ok = true;
    void *locale = quant_locale_enter();
    cJSON *root = make_sidecar(sidecar, &ok);
    char *text = ok ? cJSON_Print(root) : NULL;
    quant_locale_leave(locale);
    cJSON_Delete(root);
    if (!text)
        return quant_error_set(error, QUANT_NO_MEMORY, "no memory for the sidecar '%s'",
                               sink->name);
    const enum quant_status status = write_indented(text, sink, error);
    cJSON_free(text);
    return status;
}
