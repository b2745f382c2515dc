/* SPDX-License-Identifier: MIT */
/* The JSON reader with valid input: every form of a shape, block boundaries, a shape that grows.
 * test_json_errors.c has the errors. */
#include "test_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/json_scan.h"

struct form {
    const char *text;
    const char *shape;
    enum quant_shape_knowledge at_open;
    size_t n; /* the elements are 1, 2, 3 ... */
};

static const struct form forms[] = {
    {"1", "()", QUANT_SHAPE_KNOWN, 1},
    {" \t\r\n1\n", "()", QUANT_SHAPE_KNOWN, 1},
    {"[1]", "(1,)", QUANT_SHAPE_GROWING, 1},
    {"[1,2,3]", "(3,)", QUANT_SHAPE_GROWING, 3},
    {"[1.0,20e-1,0.3E+1]", "(3,)", QUANT_SHAPE_GROWING, 3},
    {" [ 1 , 2 ] ", "(2,)", QUANT_SHAPE_GROWING, 2},
    {"[\n1\n,\r\n2\t]\n\n", "(2,)", QUANT_SHAPE_GROWING, 2},
    {"[[1,2],[3,4],[5,6]]", "(3, 2)", QUANT_SHAPE_GROWING, 6},
    {"[[[1],[2]],[[3],[4]]]", "(2, 2, 1)", QUANT_SHAPE_GROWING, 4},
    {"[[[1,2,3]]]", "(1, 1, 3)", QUANT_SHAPE_GROWING, 3},
    {"[]", "(0,)", QUANT_SHAPE_KNOWN, 0},
    {"[ ]\n", "(0,)", QUANT_SHAPE_KNOWN, 0},
    {"[[],[]]", "(2, 0)", QUANT_SHAPE_KNOWN, 0},
    {"[[[],[],[]]]", "(1, 3, 0)", QUANT_SHAPE_KNOWN, 0},
    {"{\"shape\":[3],\"data\":[1,2,3]}", "(3,)", QUANT_SHAPE_KNOWN, 3},
    {" { \"shape\" : [ 1 , 2 ] , \"data\" : [ 1 , 2 ] } \n", "(1, 2)", QUANT_SHAPE_KNOWN, 2},
    {"{\"shape\":[2,2],\"data\":[[1,2],[3,4]]}", "(2, 2)", QUANT_SHAPE_KNOWN, 4},
    {"{\"data\":[1,2,3,4],\"shape\":[2,2]}", "(2, 2)", QUANT_SHAPE_UNKNOWN, 4},
    {"{\"data\":[[1,2],[3,4]],\"shape\":[2,2]}", "(2, 2)", QUANT_SHAPE_UNKNOWN, 4},
    {"{\"shape\":[],\"data\":1}", "()", QUANT_SHAPE_KNOWN, 1},
    {"{\"shape\":[],\"data\":[1]}", "()", QUANT_SHAPE_KNOWN, 1},
    {"{\"data\":1,\"shape\":[]}", "()", QUANT_SHAPE_UNKNOWN, 1},
    {"{\"shape\":[0,3],\"data\":[]}", "(0, 3)", QUANT_SHAPE_KNOWN, 0},
    {"{\"shape\":[2,0,3],\"data\":[[],[]]}", "(2, 0, 3)", QUANT_SHAPE_KNOWN, 0},
    {"{\"data\":[],\"shape\":[2,0]}", "(2, 0)", QUANT_SHAPE_KNOWN, 0},
    {"{\"shape\":[1e1,0],\"data\":[]}", "(10, 0)", QUANT_SHAPE_KNOWN, 0},
    {"{\"name\":\"w\",\"shape\":[2],\"n\":-1.5e3,\"data\":[1,2],\"ok\":true}", "(2,)",
     QUANT_SHAPE_KNOWN, 2},
    {"{\"a\":{},\"b\":[],\"data\":[1],\"c\":[[{\"shape\":[7]},{}],[]] , \"shape\" : [1]}", "(1,)",
     QUANT_SHAPE_UNKNOWN, 1},
    {"{\"a\":null,\"a\":false,\"format\":[\"quant-\"],\"data\":[1],\"shape\":[1]}", "(1,)",
     QUANT_SHAPE_UNKNOWN, 1},
    {"{\"format\":\"other\",\"a\":[NaN,-Infinity, 1e999],\"sh\\u0061pe\":[1],\"data\":[1]}", "(1,)",
     QUANT_SHAPE_KNOWN, 1},
    {"{\"\\u00e9\\\"\\\\\":\"\\b\\f\\n\\r\\t\\/\\ud83d\\ude00 "
     "\xc3\xa9\",\"data\":[1],\"shape\":[1]}",
     "(1,)", QUANT_SHAPE_UNKNOWN, 1},
};

static void test_forms(void **state)
{
    (void)state;
    static const enum quant_dtype types[] = {QUANT_FLOAT32, QUANT_INT8, QUANT_UINT8, QUANT_INT16,
                                             QUANT_UINT16,  QUANT_INT4, QUANT_UINT4};
    for (size_t i = 0; i < LENGTH(forms) * LENGTH(types) * 4; i++) {
        const struct form *form = &forms[i % LENGTH(forms)];
        const enum quant_dtype type = types[i / LENGTH(forms) % LENGTH(types)];
        const size_t capacity = (size_t[]){1, 2, 3, MAX}[i / LENGTH(forms) / LENGTH(types)];
        struct outcome outcome = read_all(form->text, strlen(form->text), type, capacity);
        char shape[QUANT_SHAPE_TEXT];
        if (outcome.status != QUANT_OK)
            fail_msg("%s: %s", form->text, outcome.error.text);
        assert_string_equal(quant_shape_text(&outcome.shape, shape), form->shape);
        assert_int_equal(outcome.at_open, form->at_open);
        assert_int_equal(outcome.n, form->n);
        for (size_t k = 0; k < form->n; k++)
            assert_true(outcome.x[k] == (float)(k + 1));
    }
}

/* Every prefix of a text is an error; none is valid by chance. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(forms); i++) {
        const char *text = forms[i].text;
        size_t whole = strlen(text);
        while (strchr(" \t\r\n", text[whole - 1]))
            whole--;
        if (text[whole - 1] != ']' && text[whole - 1] != '}')
            continue; /* prefixes of a bare number are valid */
        for (size_t length = 0; length < whole; length++) {
            char *copy = malloc(length + 1); /* a copy, to catch reads past its end */
            assert_non_null(copy);
            memcpy(copy, text, length);
            const struct outcome outcome = read_all(copy, length, QUANT_FLOAT32, 2);
            if (outcome.status != QUANT_TRUNCATED)
                fail_msg("%.*s: status %d", (int)length, text, outcome.status);
            free(copy);
        }
    }
}

static void test_integers(void **state)
{
    (void)state;
    const char *text = "[-128, 127, -0, 1.0, 1e2, 0.0005E5, 12000e-2, 0e999999999999, 0.000]";
    const struct outcome outcome = read_all(text, strlen(text), QUANT_INT8, MAX);
    static const float expected[] = {-128, 127, 0, 1, 100, 50, 120, 0, 0};
    assert_int_equal(outcome.status, QUANT_OK);
    assert_int_equal(outcome.n, LENGTH(expected));
    assert_memory_equal(outcome.x, expected, sizeof expected);
    const char *wide = "[0, 65535, 6.5535e4]";
    assert_true(read_all(wide, strlen(wide), QUANT_UINT16, MAX).x[1] == 65535);
    const char *narrow = "[-32768, 32767]";
    assert_true(read_all(narrow, strlen(narrow), QUANT_INT16, MAX).x[0] == -32768);
}

static bool recognizes(const char *text, size_t length)
{
    return quant_format_json.recognize((const unsigned char *)text, length) != QUANT_MATCH_NONE;
}

static void test_recognize(void **state)
{
    (void)state;
    static const char *const yes[] = {"[1]", " \n\t\r{", "-", "0", "9 ~", "[1, NaN]"};
    static const char *const no[] = {
        "", " ", "\n", "x", "\"1\"", ".5", "[1]\x7f", "[\v1]", "\xef\xbb\xbf[", "[1]\x80"};
    for (size_t i = 0; i < LENGTH(yes); i++)
        assert_true(recognizes(yes[i], strlen(yes[i])));
    for (size_t i = 0; i < LENGTH(no); i++)
        assert_false(recognizes(no[i], strlen(no[i])));
    assert_false(recognizes("[\0", 2));
    assert_false(recognizes("[", 0));
}

/* ---- Where blocks meet --------------------------------------------------------------------- */

/* White space moves a text across the end of a block, byte by byte. */
static void test_blocks_meet(void **state)
{
    (void)state;
    const char *text =
        "{ \"shape\": [2, 3],\n\"data\": [[1.2345678e+1, -2.5, 123456789012345678901e-20],"
        "\n [0.125, 3e0, 4] ] }\n";
    const size_t length = strlen(text);
    const struct outcome whole = read_all(text, length, QUANT_FLOAT32, MAX);
    assert_int_equal(whole.status, QUANT_OK);
    char *moved = malloc(QUANT_JSON_BLOCK + length);
    assert_non_null(moved);
    for (size_t cut = 0; cut <= length; cut++) {
        const size_t space = QUANT_JSON_BLOCK - cut;
        memset(moved, ' ', space);
        memcpy(moved + space, text, length);
        const struct outcome outcome = read_all(moved, space + length, QUANT_FLOAT32, 2);
        assert_int_equal(outcome.status, QUANT_OK);
        assert_int_equal(outcome.n, whole.n);
        assert_memory_equal(outcome.x, whole.x, whole.n * sizeof whole.x[0]);
    }
    free(moved);
}

/* A number that is longer than several blocks, in the memory of one. */
static void test_million_digits(void **state)
{
    (void)state;
    enum { DIGITS = 1000000 };
    char *text = malloc(DIGITS + 64);
    assert_non_null(text);
    memset(text, '0', DIGITS);
    memcpy(text, "[1.", 3);
    text[DIGITS] = ']';
    assert_true(read_all(text, DIGITS + 1, QUANT_FLOAT32, 1).x[0] == 1.0F);
    assert_true(read_all(text, DIGITS + 1, QUANT_INT8, 1).x[0] == 1.0F);
    /* One digit at the very end, too small for a float or a double, makes it not an integer. */
    text[DIGITS - 1] = '1';
    assert_int_equal(read_all(text, DIGITS + 1, QUANT_INT8, 1).status, QUANT_OUT_OF_RANGE);
    /* 1000...0e-999996 */
    text[2] = '0';
    text[DIGITS - 1] = '0';
    const int width = snprintf(text + DIGITS, 64, "e-%d]", DIGITS - 4);
    assert_true(read_all(text, DIGITS + (size_t)width, QUANT_FLOAT32, 1).x[0] == 100.0F);
    assert_true(read_all(text, DIGITS + (size_t)width, QUANT_UINT8, 1).x[0] == 100.0F);
    free(text);
}

/* ---- The shape as it grows ----------------------------------------------------------------- */

/* When element i is delivered, every array that closed before it is in the shape. */
static void test_growing(void **state)
{
    (void)state;
    const char *text = "[[[1,2],[3,4],[5,6]],[[7,8],[9,10],[11,12]]]";
    static const uint64_t final[] = {2, 3, 2};
    static const uint64_t size[] = {12, 6, 2}; /* elements in an array of each level */
    struct quant_source *source;
    struct quant_error error;
    enum quant_status status;
    struct quant_reader *reader =
        open_text(&source, text, strlen(text), QUANT_FLOAT32, &status, &error);
    assert_non_null(reader);
    assert_int_equal(reader->knowledge, QUANT_SHAPE_GROWING);
    assert_int_equal(reader->shape.ndim, 3);
    for (uint64_t i = 0; i < 12; i++) {
        float x;
        size_t count;
        assert_int_equal(reader->ops->read(reader, &x, 1, &count, &error), QUANT_OK);
        assert_int_equal(count, 1);
        assert_true(x == (float)(i + 1));
        for (int d = 0; d < 3; d++)
            assert_true(reader->shape.dims[d] == (i >= size[d] ? final[d] : 0));
        assert_int_equal(reader->knowledge, QUANT_SHAPE_GROWING);
        if (i == 7 &&
            reader->shape.dims[0] == 0) { /* a pass that stops half way, and then another */
            assert_int_equal(reader->ops->rewind(reader, &error), QUANT_OK);
            assert_int_equal(reader->shape.ndim, 3);
            struct outcome outcome;
            assert_int_equal(read_pass(reader, 5, &outcome), QUANT_OK);
            assert_int_equal(outcome.n, 12);
            break;
        }
    }
    reader->ops->close(reader);
    quant_source_close(source);
}

/* A source that fails at its second block. */
static enum quant_status failing_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                         size_t nbytes, size_t *got, struct quant_error *error)
{
    if (offset > 0)
        return quant_source_error(source, error, QUANT_IO, "the disk is gone");
    memset(buffer, ' ', nbytes);
    memcpy(buffer, "[1,2,", 5);
    *got = nbytes;
    return QUANT_OK;
}

static void test_source_fails(void **state)
{
    (void)state;
    static const struct quant_source_ops ops = {.read_at = failing_read_at};
    struct quant_source source = {.ops = &ops, .name = "t.json", .size = QUANT_SIZE_UNKNOWN};
    const struct quant_read_request request = {.deliver = QUANT_FLOAT32};
    struct quant_reader *reader;
    struct quant_error error;
    float x[4];
    size_t count;
    assert_int_equal(quant_format_json.open_reader(&source, &request, &reader, &error), QUANT_OK);
    assert_int_equal(reader->ops->read(reader, x, 4, &count, &error), QUANT_IO);
    assert_string_equal(error.text, "cannot read 't.json': the disk is gone");
    assert_int_equal(reader->ops->read(reader, x, 4, &count, &error), QUANT_IO);
    reader->ops->close(reader);
}

/* Python's words, and numbers that overflow float32, at every position relative to a block
 * boundary. */
static void test_nonfinite(void **state)
{
    (void)state;
    static const char text[] = "[1,NaN, Infinity ,-Infinity,1e39,-1e400,2]";
    static const float expected[] = {1, NAN, INFINITY, -INFINITY, INFINITY, -INFINITY, 2};
    static char padded[QUANT_JSON_BLOCK + sizeof text];
    for (size_t cut = 0; cut < sizeof text; cut++) {
        memset(padded, ' ', QUANT_JSON_BLOCK - cut);
        memcpy(padded + QUANT_JSON_BLOCK - cut, text, sizeof text - 1);
        const struct outcome outcome = read_all(padded, QUANT_JSON_BLOCK - cut + sizeof text - 1,
                                                QUANT_FLOAT32, cut % 2 ? 1 : MAX);
        assert_int_equal(outcome.status, QUANT_OK);
        assert_int_equal(outcome.n, LENGTH(expected));
        for (size_t i = 0; i < LENGTH(expected); i++)
            assert_true(isnan(expected[i]) ? isnan(outcome.x[i]) : outcome.x[i] == expected[i]);
    }
    const struct outcome alone = read_all("-Infinity", 9, QUANT_FLOAT32, MAX);
    assert_int_equal(alone.status, QUANT_OK);
    assert_true(alone.n == 1 && isinf(alone.x[0]));
}

/* The first number that overflows float32 can be quoted, after any number of passes. */
static void test_beyond(void **state)
{
    (void)state;
    static const char text[] = "[1,Infinity,-1e400,1e39]";
    struct quant_source *source;
    struct quant_error error;
    enum quant_status status;
    struct outcome outcome;
    char element[QUANT_ELEMENT_TEXT];
    struct quant_reader *reader =
        open_text(&source, text, strlen(text), QUANT_FLOAT32, &status, &error);
    assert_non_null(reader);
    for (int pass = 0; pass < 2; pass++) {
        assert_int_equal(read_pass(reader, 2, &outcome), QUANT_OK);
        assert_true(reader->ops->is_beyond(reader, 2, element));
        assert_string_equal(element, "-1e400");
        assert_false(reader->ops->is_beyond(reader, 1, element)); /* it is infinite in the text */
        assert_int_equal(reader->ops->rewind(reader, &error), QUANT_OK);
    }
    reader->ops->close(reader);
    quant_source_close(source);
}

/* Ignored values use no memory, but have a limit. */
static void test_skipped_depth(void **state)
{
    (void)state;
    enum { MAX_DEPTH = 1024 };
    char text[2 * MAX_DEPTH + 128];
    for (int more = 0; more < 2; more++) {
        const int depth = MAX_DEPTH + more;
        static const char begin[] = "{\"shape\":[1],\"data\":[1],\"a\":";
        memcpy(text, begin, sizeof begin);
        char *p = text + sizeof begin - 1;
        for (int i = 0; i < depth; i++)
            *p++ = '[';
        for (int i = 0; i < depth; i++)
            *p++ = ']';
        memcpy(p, "}", 2);
        const struct outcome outcome = read_all(text, strlen(text), QUANT_FLOAT32, MAX);
        assert_int_equal(outcome.status, more ? QUANT_UNSUPPORTED : QUANT_OK);
        if (more)
            assert_non_null(strstr(outcome.error.text, "nested more than 1024 deep at byte"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_integers),      cmocka_unit_test(test_recognize),
        cmocka_unit_test(test_blocks_meet),   cmocka_unit_test(test_million_digits),
        cmocka_unit_test(test_growing),       cmocka_unit_test(test_source_fails),
        cmocka_unit_test(test_nonfinite),     cmocka_unit_test(test_beyond),
        cmocka_unit_test(test_skipped_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
