/* SPDX-License-Identifier: MIT */
/* Counts through the shape like an odometer; brackets are written when a wheel turns over. */
#include "formats/json/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/nibble.h"
#include "base/shape.h"
#include "base/small_float.h"
#include "formats/json/json_run.h"

enum {
    ROOM = 64 * 1024,
    /* The maximum for one element: every bracket closed and opened, a comma, the number. */
    ELEMENT_ROOM = 2 * QUANT_MAX_DIMS + 1 + QUANT_DECIMAL_TEXT,
    /* The maximum number of empty arrays for a shape such as (3, 0): a header of 100 bytes could
     * request 2^60 of them. */
    EMPTY_ARRAYS = 4096
};

struct json_writer {
    struct quant_writer head;
    uint64_t done; /* elements */
    uint64_t
        wheels[QUANT_MAX_DIMS]; /* items in the open array of each level, with the current one */
    size_t used;
    char text[ROOM];
};

static enum quant_status flush(struct json_writer *json, struct quant_error *error)
{
    const size_t nbytes = json->used;
    json->used = 0;
    return nbytes > 0 ? quant_sink_write(json->head.sink, json->text, nbytes, error) : QUANT_OK;
}

static enum quant_status make_room(struct json_writer *json, struct quant_error *error)
{
    return json->used + ELEMENT_ROOM > ROOM ? flush(json, error) : QUANT_OK;
}

static void put(struct json_writer *json, char c, int times)
{
    memset(json->text + json->used, c, (size_t)times);
    json->used += (size_t)times;
}

/* Writes what is between the previous element and this one. false: the shape has no more. */
static bool turn(struct json_writer *json, const struct quant_shape *shape)
{
    int level = shape->ndim;
    if (json->done == 0) {
        put(json, '[', level);
        for (int i = 0; i < level; i++)
            json->wheels[i] = 1;
        return true;
    }
    /* A dimension of 0 is not yet known: no array of its level has closed. */
    while (level > 0 && shape->dims[level - 1] != 0 &&
           json->wheels[level - 1] >= shape->dims[level - 1])
        json->wheels[--level] = 1;
    if (level == 0)
        return false;
    json->wheels[level - 1]++;
    put(json, ']', shape->ndim - level);
    put(json, ',', 1);
    put(json, '[', shape->ndim - level);
    return true;
}

static size_t integer_text(int32_t value, char *text)
{
    char digits[12];
    size_t n = 0;
    size_t length = 0;
    uint32_t rest = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        text[length++] = '-';
    while (n > 0)
        text[length++] = digits[--n];
    return length;
}

/* The value of an element of a float type; 0 for an integer, which is always finite. */
static float float_at(enum quant_dtype dtype, const void *elements, size_t i)
{
    const struct quant_small_float *type = quant_small_float(dtype);
    if (type)
        return quant_small_float_decode(type, quant_small_float_get(type, elements, i));
    return dtype == QUANT_FLOAT32 ? ((const float *)elements)[i] : 0;
}

static size_t element_text(enum quant_dtype dtype, const void *elements, size_t i, char *text)
{
    switch (dtype) {
    case QUANT_INT4:
        return integer_text(quant_nibble_signed(quant_nibble_get(elements, i)), text);
    case QUANT_UINT4:
        return integer_text((int32_t)quant_nibble_get(elements, i), text);
    case QUANT_INT8:
        return integer_text(((const int8_t *)elements)[i], text);
    case QUANT_UINT8:
        return integer_text(((const uint8_t *)elements)[i], text);
    case QUANT_INT16:
        return integer_text(((const int16_t *)elements)[i], text);
    case QUANT_UINT16:
        return integer_text(((const uint16_t *)elements)[i], text);
    case QUANT_INT32:
        return integer_text(((const int32_t *)elements)[i], text);
    default:
        return quant_decimal_short((double)float_at(dtype, elements, i), text);
    }
}

static enum quant_status json_write(struct quant_writer *writer, const void *elements,
                                    size_t nelems, struct quant_error *error)
{
    struct json_writer *json = (struct json_writer *)writer;
    for (size_t i = 0; i < nelems; i++) {
        const float value = float_at(writer->dtype, elements, i);
        if (!isfinite(value))
            return quant_sink_error(writer->sink, error, QUANT_NONFINITE,
                                    "element %" PRIu64 " is %s, which JSON cannot express",
                                    json->done,
                                    isnan(value) ? "NaN"
                                    : value < 0  ? "-inf"
                                                 : "inf");
        const enum quant_status status = make_room(json, error);
        if (status != QUANT_OK)
            return status;
        if (!turn(json, writer->shape)) {
            char shape[QUANT_SHAPE_TEXT];
            return quant_sink_error(writer->sink, error, QUANT_INVALID,
                                    "more elements than the shape %s has",
                                    quant_shape_text(writer->shape, shape));
        }
        json->used += element_text(writer->dtype, elements, i, json->text + json->used);
        json->done++;
    }
    return QUANT_OK;
}

/* {"shape":[0,3],"data":[]} */
static void write_empty_object(struct json_writer *json)
{
    const struct quant_shape *shape = json->head.shape;
    for (int i = 0; i < shape->ndim; i++)
        json->used += (size_t)snprintf(json->text + json->used, ROOM - json->used, "%s%" PRIu64,
                                       i == 0 ? "{\"shape\":[" : ",", shape->dims[i]);
    json->used += (size_t)snprintf(json->text + json->used, ROOM - json->used, "],\"data\":[]}");
}

/* A tensor without elements. If only the last dimension is 0, it is written like a tensor with one
 * dimension less, with an empty array for each element. */
static enum quant_status write_empty(struct json_writer *json, struct quant_error *error)
{
    struct quant_shape outer = *json->head.shape;
    uint64_t arrays = 1;
    outer.ndim--;
    if (!quant_shape_count(&outer, &arrays) || arrays == 0 || arrays > EMPTY_ARRAYS) {
        write_empty_object(json);
        return QUANT_OK;
    }
    enum quant_status status = QUANT_OK;
    for (json->done = 0; json->done < arrays && status == QUANT_OK; json->done++) {
        status = make_room(json, error);
        turn(json, &outer);
        put(json, '[', 1);
        put(json, ']', 1);
    }
    put(json, ']', outer.ndim);
    return status;
}

static enum quant_status json_finish(struct quant_writer *writer, struct quant_error *error)
{
    struct json_writer *json = (struct json_writer *)writer;
    uint64_t nelems;
    if (!quant_shape_count(writer->shape, &nelems) || nelems != json->done) {
        char shape[QUANT_SHAPE_TEXT];
        return quant_sink_error(writer->sink, error, QUANT_INVALID,
                                "%" PRIu64 " elements for the shape %s", json->done,
                                quant_shape_text(writer->shape, shape));
    }
    enum quant_status status = make_room(json, error);
    if (status == QUANT_OK && nelems == 0)
        status = write_empty(json, error);
    else
        put(json, ']', writer->shape->ndim);
    if (status == QUANT_OK)
        status = make_room(json, error);
    put(json, '\n', 1);
    return status == QUANT_OK ? flush(json, error) : status;
}

static void json_close(struct quant_writer *writer)
{
    free(writer);
}

static const struct quant_writer_ops json_writer_ops = {json_write, json_finish, json_close};

enum quant_status quant_json_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error)
{
    if (!quant_json_takes(dtype)) {
        const struct quant_dtype_info *info = quant_dtype_info(dtype);
        return quant_sink_error(sink, error, QUANT_UNSUPPORTED, "JSON cannot hold %s elements",
                                info ? info->name : "these");
    }
    if (order == QUANT_ORDER_FORTRAN && quant_shape_has_order(shape))
        return quant_sink_error(sink, error, QUANT_UNSUPPORTED,
                                "JSON has no Fortran order; npy and raw have it");
    struct json_writer *json = malloc(sizeof *json);
    if (!json)
        return quant_error_no_memory(error, sizeof *json, "JSON writer");
    json->head = (struct quant_writer){
        .ops = &json_writer_ops, .sink = sink, .dtype = dtype, .shape = shape, .order = order};
    json->done = 0;
    json->used = 0;
    *writer = &json->head;
    return QUANT_OK;
}
