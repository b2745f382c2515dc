/* SPDX-License-Identifier: MIT */
/* What the tests of the JSON reader share: reading a text twice. */
#ifndef QUANT_TESTS_FORMATS_TEST_JSON_H
#define QUANT_TESTS_FORMATS_TEST_JSON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nibble.h"
#include "base/shape.h"
#include "formats/format.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX = 64 };

/* The result of reading a text. */
struct outcome {
    enum quant_status status;
    struct quant_error error;
    enum quant_shape_knowledge at_open;
    struct quant_shape shape;
    size_t n;
    float x[MAX];
};

static inline struct quant_reader *open_text(struct quant_source **source, const char *text,
                                             size_t length, enum quant_dtype deliver,
                                             enum quant_status *status, struct quant_error *error)
{
    const struct quant_read_request request = {.deliver = deliver};
    struct quant_reader *reader = NULL;
    *source = quant_source_from_memory(text, length, "t.json");
    assert_non_null(*source);
    *status = quant_format_json.open_reader(*source, &request, &reader, error);
    return reader;
}

/* Reads once, capacity elements at a time; integers are stored in x too. */
static inline enum quant_status read_pass(struct quant_reader *reader, size_t capacity,
                                          struct outcome *outcome)
{
    union {
        float x[MAX];
        int8_t i8[MAX];
        uint8_t u8[MAX];
        int16_t i16[MAX];
        uint16_t u16[MAX];
    } chunk;
    size_t count;
    outcome->n = 0;
    do {
        const enum quant_status status =
            reader->ops->read(reader, &chunk, capacity, &count, &outcome->error);
        if (status != QUANT_OK)
            return status;
        assert_true(count <= capacity);
        for (size_t i = 0; i < count; i++) {
            const enum quant_dtype type = reader->delivered;
            float x = chunk.x[i];
            if (type == QUANT_INT8)
                x = chunk.i8[i];
            else if (type == QUANT_UINT8)
                x = chunk.u8[i];
            else if (type == QUANT_INT16)
                x = chunk.i16[i];
            else if (type == QUANT_UINT16)
                x = chunk.u16[i];
            else if (type == QUANT_INT4)
                x = (float)quant_nibble_signed(quant_nibble_get(chunk.u8, i));
            else if (type == QUANT_UINT4)
                x = (float)quant_nibble_get(chunk.u8, i);
            assert_true(outcome->n < MAX);
            outcome->x[outcome->n++] = x;
        }
    } while (count > 0);
    assert_int_equal(reader->knowledge, QUANT_SHAPE_KNOWN);
    assert_true(reader->nelems == outcome->n);
    outcome->shape = reader->shape;
    return QUANT_OK;
}

static inline struct outcome read_all(const char *text, size_t length, enum quant_dtype deliver,
                                      size_t capacity)
{
    struct outcome outcome = {.status = QUANT_OK};
    struct quant_source *source;
    struct quant_reader *reader =
        open_text(&source, text, length, deliver, &outcome.status, &outcome.error);
    if (reader) {
        outcome.at_open = reader->knowledge;
        outcome.status = read_pass(reader, capacity, &outcome);
        if (outcome.status == QUANT_OK) { /* and again, from the first element */
            struct outcome again = outcome;
            assert_int_equal(reader->ops->rewind(reader, &outcome.error), QUANT_OK);
            assert_int_equal(reader->knowledge, QUANT_SHAPE_KNOWN);
            assert_int_equal(read_pass(reader, capacity, &again), QUANT_OK);
            assert_int_equal(again.n, outcome.n);
            assert_memory_equal(again.x, outcome.x, outcome.n * sizeof(float));
            assert_true(quant_shape_equal(&again.shape, &outcome.shape));
        }
        reader->ops->close(reader);
    }
    quant_source_close(source);
    return outcome;
}

#endif
