/* SPDX-License-Identifier: MIT */
/* The errors of the JSON reader: the status and the text of each. */
#include "test_json.h"

#include <stdio.h>
#include <string.h>

struct wrong {
    const char *text;
    enum quant_status status;
    const char *message;
};

static const struct wrong wrongs[] = {
    {"", QUANT_TRUNCATED, "the text ends at byte 0; expected a number, '[' or '{'"},
    {" \n ", QUANT_TRUNCATED,
     "the text ends at byte 3 (line 2, column 2); expected a number, '[' or '{'"},
    {"[", QUANT_TRUNCATED, "the text ends at byte 1; expected a number, '[' or ']'"},
    {"[1", QUANT_TRUNCATED, "the text ends at byte 2; expected ',' or ']'"},
    {"[1,", QUANT_TRUNCATED, "the text ends at byte 3; expected a number"},
    {"[[1],", QUANT_TRUNCATED, "the text ends at byte 5; expected '['"},
    {"[1.", QUANT_TRUNCATED, "the text ends inside a number at byte 3"},
    {"-", QUANT_TRUNCATED, "the text ends inside a number at byte 1"},
    {"[1e-", QUANT_TRUNCATED, "the text ends inside a number at byte 4"},
    {"[1, nan]", QUANT_CORRUPT, "unexpected 'nan' at byte 4; expected a number"},
    {"[1, Nan]", QUANT_CORRUPT, "unexpected 'Nan' at byte 4; expected a number"},
    {"[1, NaNs]", QUANT_CORRUPT, "unexpected 'NaNs' at byte 4; expected a number"},
    {"[1, NaN5]", QUANT_CORRUPT, "unexpected '5' at byte 7; expected ',' or ']'"},
    {"[1, -NaN]", QUANT_CORRUPT, "unexpected '-NaN' at byte 4; expected a number"},
    {"[Infinit]", QUANT_CORRUPT, "unexpected 'Infinit' at byte 1; expected a number"},
    {"[-Inf]", QUANT_CORRUPT, "unexpected '-Inf' at byte 1; expected a number"},
    {"[+Infinity]", QUANT_CORRUPT,
     "unexpected '+Infinity' at byte 1; expected a number, '[' or ']'"},
    {"[-", QUANT_TRUNCATED, "the text ends inside a number at byte 2"},
    {"[NaN", QUANT_TRUNCATED, "the text ends at byte 4; expected ',' or ']'"},
    {"[01]", QUANT_CORRUPT, "a number with a leading zero at byte 1"},
    {"[-00.5]", QUANT_CORRUPT, "a number with a leading zero at byte 2"},
    {"[+1]", QUANT_CORRUPT, "unexpected '+1' at byte 1; expected a number, '[' or ']'"},
    {"[.5]", QUANT_CORRUPT, "unexpected '.5' at byte 1; expected a number, '[' or ']'"},
    {"[1.]", QUANT_CORRUPT, "no digit after the point of '1.' at byte 3"},
    {"[1.e5]", QUANT_CORRUPT, "no digit after the point of '1.' at byte 3"},
    {"[1e]", QUANT_CORRUPT, "no digit in the exponent of '1e' at byte 3"},
    {"[1E+]", QUANT_CORRUPT, "no digit in the exponent of '1E+' at byte 4"},
    {"[--1]", QUANT_CORRUPT, "no digit after the minus sign of '-' at byte 2"},
    {"[0x10]", QUANT_CORRUPT, "unexpected 'x10' at byte 2; expected ',' or ']'"},
    {"[1.2.3]", QUANT_CORRUPT, "unexpected '.3' at byte 4; expected ',' or ']'"},
    {"[1 2]", QUANT_CORRUPT, "unexpected '2' at byte 3; expected ',' or ']'"},
    {"[1,]", QUANT_CORRUPT, "unexpected ']' at byte 3; expected a number"},
    {"[,1]", QUANT_CORRUPT, "unexpected ',' at byte 1; expected a number, '[' or ']'"},
    {"[1,,2]", QUANT_CORRUPT, "unexpected ',' at byte 3; expected a number"},
    {"[1]]", QUANT_CORRUPT, "unexpected ']' at byte 3; expected the end of the text"},
    {"[1],", QUANT_CORRUPT, "unexpected ',' at byte 3; expected the end of the text"},
    {"1 2", QUANT_CORRUPT, "unexpected '2' at byte 2; expected the end of the text"},
    {"[1}", QUANT_CORRUPT, "unexpected '}' at byte 2; expected ',' or ']'"},
    {"[1]\n\nx", QUANT_CORRUPT,
     "unexpected 'x' at byte 5 (line 3, column 1); expected the end of the text"},
    {"[[1,2],\n [3,\n \"4\"]]", QUANT_CORRUPT,
     "unexpected '\"' at byte 14 (line 3, column 2); expected a number"},
    {"[[1],2]", QUANT_CORRUPT,
     "mixed nesting at byte 5: a number inside 1 array, where those before it are inside 2"},
    {"[[],1]", QUANT_CORRUPT,
     "mixed nesting at byte 4: a number inside 1 array, where those before it are inside 2"},
    {"[1,[2]]", QUANT_CORRUPT,
     "mixed nesting at byte 3: an array inside 1 array, where numbers are expected"},
    {"[[1],[[2]]]", QUANT_CORRUPT,
     "mixed nesting at byte 6: an array inside 2 arrays, where numbers are expected"},
    {"[[1,2],[3]]", QUANT_CORRUPT,
     "ragged array at byte 9: this row has 1 element, the ones before it 2"},
    {"[[1],[2,3]]", QUANT_CORRUPT,
     "ragged array at byte 9: this row has 2 elements, the ones before it 1"},
    {"[[],[1]]", QUANT_CORRUPT,
     "ragged array at byte 6: this row has 1 element, the ones before it 0"},
    {"[[1],[]]", QUANT_CORRUPT,
     "ragged array at byte 6: this row has 0 elements, the ones before it 1"},
    {"[[[1],[2]],[[3]]]", QUANT_CORRUPT,
     "ragged array at byte 15: this row has 1 element, the ones before it 2"},
    {"[true]", QUANT_CORRUPT, "unexpected 'true' at byte 1; expected a number, '[' or ']'"},
    {"null", QUANT_CORRUPT, "unexpected 'null' at byte 0; expected a number, '[' or '{'"},
    {"\xef\xbb\xbf[1]", QUANT_CORRUPT,
     "unexpected byte 0xef at byte 0; expected a number, '[' or '{'"},
    {"[\x1b[31m1]", QUANT_CORRUPT, "unexpected byte 0x1b at byte 1; expected a number, '[' or ']'"},
    {"[1,\v2]", QUANT_CORRUPT, "unexpected byte 0x0b at byte 3; expected a number"},
    {"[1,\xc2\xa0"
     "2]",
     QUANT_CORRUPT, "unexpected byte 0xc2 at byte 3; expected a number"},
    {"[1, /* two */ 2]", QUANT_CORRUPT, "unexpected '/' at byte 4; expected a number"},
    {"[1,{}]", QUANT_CORRUPT, "unexpected '{' at byte 3; expected a number"},
    {"[1,abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz]", QUANT_CORRUPT,
     "unexpected 'abcdefghijklmnopqrstuvwxyzabcdefghijklm' at byte 3; expected a number"},
    {"{}", QUANT_CORRUPT, "the object has no key 'shape'"},
    {"{\"shape\":[1]}", QUANT_CORRUPT, "the object has no key 'data'"},
    {"{\"data\":[1]}", QUANT_CORRUPT, "the object has no key 'shape'"},
    {"{\"shape\":[1],}", QUANT_CORRUPT,
     "unexpected '}' at byte 13; expected '\"shape\"' or '\"data\"'"},
    {"{,\"shape\":[1]}", QUANT_CORRUPT,
     "unexpected ',' at byte 1; expected '\"shape\"' or '\"data\"'"},
    {"{\"shape\":[1],\"shape\":[1]}", QUANT_CORRUPT, "duplicate key 'shape' at byte 13"},
    {"{\"data\":[1],\"data\":[1]}", QUANT_CORRUPT, "duplicate key 'data' at byte 12"},
    {"{\"colour\":1}", QUANT_CORRUPT, "the object has no key 'shape'"},
    {"{\"shape\":[1],\"sh\\u0061pe\":[1],\"data\":[1]}", QUANT_CORRUPT,
     "duplicate key 'shape' at byte 13"},
    {"{\"colour\":}", QUANT_CORRUPT, "unexpected '}' at byte 10; expected a value"},
    {"{\"colour\":blue}", QUANT_CORRUPT, "unexpected 'blue' at byte 10; expected a value"},
    {"{\"colour\":nul}", QUANT_CORRUPT, "unexpected 'nul' at byte 10; expected a value"},
    {"{\"colour\":truest}", QUANT_CORRUPT, "unexpected 'truest' at byte 10; expected a value"},
    {"{\"colour\":01}", QUANT_CORRUPT, "a number with a leading zero at byte 10"},
    {"{\"colour\":1.}", QUANT_CORRUPT, "no digit after the point of '1.' at byte 12"},
    {"{\"colour\":[1,]}", QUANT_CORRUPT, "unexpected ']' at byte 13; expected a value"},
    {"{\"colour\":[1 2]}", QUANT_CORRUPT, "unexpected '2' at byte 13; expected ',' or ']'"},
    {"{\"colour\":[1}", QUANT_CORRUPT, "unexpected '}' at byte 12; expected ',' or ']'"},
    {"{\"colour\":{\"a\":1]", QUANT_CORRUPT, "unexpected ']' at byte 16; expected ',' or '}'"},
    {"{\"colour\":{\"a\" 1}}", QUANT_CORRUPT, "unexpected '1' at byte 15; expected ':'"},
    {"{\"colour\":{\"a\":1,}}", QUANT_CORRUPT, "unexpected '}' at byte 17; expected '\"'"},
    {"{\"colour\":{a:1}}", QUANT_CORRUPT, "unexpected 'a' at byte 11; expected '\"'"},
    {"{\"colour\":[[[", QUANT_TRUNCATED, "the text ends at byte 13; expected a value"},
    {"{\"colour\":\"blue", QUANT_TRUNCATED,
     "the text ends at byte 15; expected the quote that ends the string"},
    {"{\"colour\":\"\\x\"}", QUANT_CORRUPT,
     "unexpected 'x' at byte 12; expected one of \"\\/bfnrtu after the backslash"},
    {"{\"colour\":\"\\u00g0\"}", QUANT_CORRUPT,
     "unexpected 'g0' at byte 15; expected a hexadecimal digit"},
    {"{\"colour\":1 \"shape\":[1]}", QUANT_CORRUPT,
     "unexpected '\"' at byte 12; expected ',' or '}'"},
    {"{\"format\":\"quant-sidecar\",\"shape\":[1]}", QUANT_UNSUPPORTED,
     "it is a 'quant-sidecar' file of quant, not a tensor"},
    {"{'shape':[1]}", QUANT_CORRUPT,
     "unexpected byte 0x27 at byte 1; expected '\"shape\"' or '\"data\"'"},
    {"{shape:[1]}", QUANT_CORRUPT,
     "unexpected 'shape' at byte 1; expected '\"shape\"' or '\"data\"'"},
    {"{\"sha", QUANT_TRUNCATED, "the text ends at byte 5; expected the quote that ends the key"},
    {"{\"sha\npe\":1}", QUANT_CORRUPT,
     "unexpected byte 0x0a at byte 5; expected the quote that ends the key"},
    {"{\"shape\" [1]}", QUANT_CORRUPT, "unexpected '[' at byte 9; expected ':'"},
    {"{\"shape\":2}", QUANT_CORRUPT, "unexpected '2' at byte 9; expected '['"},
    {"{\"shape\":[1 2]}", QUANT_CORRUPT, "unexpected '2' at byte 12; expected ',' or ']'"},
    {"{\"shape\":[1,]}", QUANT_CORRUPT, "unexpected ']' at byte 12; expected a dimension"},
    {"{\"shape\":[1.5]}", QUANT_CORRUPT,
     "dimension 1.5 at byte 10 is not an integer of at least 0"},
    {"{\"shape\":[-1]}", QUANT_CORRUPT, "dimension -1 at byte 10 is not an integer of at least 0"},
    {"{\"shape\":[-1e30]}", QUANT_CORRUPT,
     "dimension -1e30 at byte 10 is not an integer of at least 0"},
    {"{\"shape\":[1e30]}", QUANT_OUT_OF_RANGE, "dimension 1e30 at byte 10 is too large"},
    {"{\"shape\":[\"2\"]}", QUANT_CORRUPT, "unexpected '\"' at byte 10; expected a dimension"},
    {"{\"shape\":[4294967296,4294967296]}", QUANT_OUT_OF_RANGE,
     "the shape (4294967296, 4294967296) has too many elements"},
    {"{\"shape\":[2,2],\"data\":[1,2,3]}", QUANT_CORRUPT,
     "the shape (2, 2) needs 4 elements, but the data has 3"},
    {"{\"data\":[1,2,3],\"shape\":[2]}", QUANT_CORRUPT,
     "the shape (2,) needs 2 elements, but the data has 3"},
    {"{\"shape\":[2],\"data\":[1,2,3]}", QUANT_CORRUPT,
     "an element at byte 25 beyond the 2 of the shape (2,)"},
    {"{\"shape\":[0],\"data\":[1]}", QUANT_CORRUPT,
     "an element at byte 21 beyond the 0 of the shape (0,)"},
    {"{\"shape\":[2,3],\"data\":[[1,2],[3,4],[5,6]]}", QUANT_CORRUPT,
     "the shape is (2, 3), but the data is nested as (3, 2)"},
    {"{\"shape\":[1],\"data\":1}", QUANT_CORRUPT,
     "the shape is (1,), but the data is nested as ()"},
    {"{\"data\":[[1]],\"shape\":[]}", QUANT_CORRUPT,
     "the shape is (), but the data is nested as (1, 1)"},
    {"{\"shape\":[1],\"data\":{}}", QUANT_CORRUPT,
     "unexpected '{' at byte 20; expected a number or '['"},
    {"{\"shape\":[1],\"data\":[1]", QUANT_TRUNCATED,
     "the text ends at byte 23; expected ',' or '}'"},
    {"{\"shape\":[1],\"data\":[1]]", QUANT_CORRUPT,
     "unexpected ']' at byte 23; expected ',' or '}'"},
    {"{\"shape\":[1],\"data\":[1]}}", QUANT_CORRUPT,
     "unexpected '}' at byte 24; expected the end of the text"},
};

static void expect_error(const char *text, size_t length, enum quant_dtype type,
                         enum quant_status status, const char *message)
{
    for (size_t capacity = 1; capacity <= MAX; capacity += MAX - 1) {
        const struct outcome outcome = read_all(text, length, type, capacity);
        char expected[sizeof outcome.error.text];
        snprintf(expected, sizeof expected, "cannot read 't.json': %s", message);
        if (outcome.status == QUANT_OK)
            fail_msg("no error: %s", text);
        assert_string_equal(outcome.error.text, expected);
        assert_int_equal(outcome.status, status);
        assert_int_equal(outcome.error.status, status);
    }
}

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(wrongs); i++)
        expect_error(wrongs[i].text, strlen(wrongs[i].text), QUANT_FLOAT32, wrongs[i].status,
                     wrongs[i].message);
    expect_error("[1,\0 2]", 7, QUANT_FLOAT32, QUANT_CORRUPT,
                 "unexpected byte 0x00 at byte 3; expected a number");
    expect_error("[1\0,2]", 6, QUANT_FLOAT32, QUANT_CORRUPT,
                 "unexpected byte 0x00 at byte 2; expected ',' or ']'");
}

static void expect_integer_error(enum quant_dtype type, const char *text, const char *message)
{
    expect_error(text, strlen(text), type, QUANT_OUT_OF_RANGE, message);
}

static void test_integer_errors(void **state)
{
    (void)state;
    expect_integer_error(QUANT_INT8, "[1,128]",
                         "element 1 at byte 3 is 128, outside int8 (-128 to 127)");
    expect_integer_error(QUANT_UINT8, "[-1]",
                         "element 0 at byte 1 is -1, outside uint8 (0 to 255)");
    expect_integer_error(QUANT_INT16, "[1e5]",
                         "element 0 at byte 1 is 1e5, outside int16 (-32768 to 32767)");
    expect_integer_error(
        QUANT_INT32, "[2147483648]",
        "element 0 at byte 1 is 2147483648, outside int32 (-2147483648 to 2147483647)");
    expect_integer_error(QUANT_UINT16, "65536",
                         "element 0 at byte 0 is 65536, outside uint16 (0 to 65535)");
    expect_integer_error(QUANT_INT4, "[7,-8,8]",
                         "element 2 at byte 6 is 8, outside int4 (-8 to 7)");
    expect_integer_error(QUANT_UINT4, "[15,-1]",
                         "element 1 at byte 4 is -1, outside uint4 (0 to 15)");
    expect_integer_error(QUANT_INT8, "[1,2,0.5]", "element 2 at byte 5 is 0.5, not an integer");
    expect_integer_error(QUANT_INT8, "[1e-999999999999999999999]",
                         "element 0 at byte 1 is 1e-999999999999999999999, not an integer");
    expect_integer_error(
        QUANT_INT8, "[-1e999999999999999999999]",
        "element 0 at byte 1 is -1e999999999999999999999, outside int8 (-128 to 127)");
    expect_integer_error(QUANT_INT8, "[9223372036854775808]",
                         "element 0 at byte 1 is 9223372036854775808, outside int8 (-128 to 127)");
}

static void test_unsupported_types(void **state)
{
    (void)state;
    static const enum quant_dtype types[] = {QUANT_DTYPE_NONE, QUANT_DTYPE_COUNT, QUANT_FLOAT64};
    for (size_t i = 0; i < LENGTH(types); i++)
        assert_int_equal(read_all("[1]", 3, types[i], 1).status, QUANT_UNSUPPORTED);
}

static void test_levels(void **state)
{
    (void)state;
    char text[3 * QUANT_MAX_DIMS];
    const size_t depth = QUANT_MAX_DIMS;
    memset(text, '[', depth);
    text[depth] = '1';
    memset(text + depth + 1, ']', depth);
    const struct outcome outcome = read_all(text, 2 * depth + 1, QUANT_FLOAT32, MAX);
    assert_int_equal(outcome.status, QUANT_OK);
    assert_int_equal(outcome.shape.ndim, QUANT_MAX_DIMS);
    memset(text, '[', depth + 1);
    expect_error(text, depth + 1, QUANT_FLOAT32, QUANT_UNSUPPORTED,
                 "arrays nested more than 64 deep at byte 64");
}

static void test_too_many_dimensions(void **state)
{
    (void)state;
    char text[256];
    size_t length = (size_t)snprintf(text, sizeof text, "{\"shape\":[1");
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, ",1");
    snprintf(text + length, sizeof text - length, "],\"data\":1}");
    expect_error(text, strlen(text), QUANT_FLOAT32, QUANT_UNSUPPORTED,
                 "the shape has more than 64 dimensions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_integer_errors),
        cmocka_unit_test(test_unsupported_types),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_too_many_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
