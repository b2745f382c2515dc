/* SPDX-License-Identifier: MIT */
/* Whole strings: every escape, UTF-8 as it is, surrogate pairs, and what is not a string. */
#include "records/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/unit.h"

struct outcome {
    enum quant_status status;
    struct quant_error error;
    struct quant_json_text text; /* to be released */
    uint64_t offset;             /* of the next byte */
};

static struct outcome scan_it(const char *bytes, size_t nbytes)
{
    struct outcome outcome = {.error = {.text = ""}};
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "m.json");
    struct quant_json_scan *scan = malloc(sizeof *scan);
    assert_non_null(source);
    assert_non_null(scan);
    quant_json_scan_init(scan, source);
    outcome.status = quant_json_scan_text(scan, "key", &outcome.text, &outcome.error);
    outcome.offset = quant_json_scan_offset(scan);
    free(scan);
    quant_source_close(source);
    return outcome;
}

static void test_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *text;
    } rows[] = {
        {"\"\"", ""},
        {"\"layer.0.weight\"", "layer.0.weight"},
        {" \t\r\n\"a\"", "a"},
        {"\"\\\"\\\\\\/\"", "\"\\/"},
        {"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
        {"\"\\u0041\\u007f\"", "A\x7f"},
        {"\"\\u0080\\u00e9\\u07FF\"", "\xc2\x80\xc3\xa9\xdf\xbf"},
        {"\"\\u0800\\u20ac\\ud7ff\\ue000\\uffff\"",
         "\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"\"\\ud800\\udc00\\uD83D\\uDE00\\udbff\\udfff\"",
         "\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
        {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\"\x7f'\"", "\x7f'"},
        {"\"a\" ]", "a"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct outcome outcome = scan_it(rows[i].json, strlen(rows[i].json));
        if (outcome.status != QUANT_OK)
            fail_msg("%s: %s", rows[i].json, outcome.error.text);
        assert_string_equal(outcome.text.bytes, rows[i].text);
        assert_int_equal(outcome.text.length, strlen(rows[i].text));
        quant_json_text_release(&outcome.text);
        assert_null(outcome.text.bytes);
    }
}

/* As long as any, and across the blocks that are read. */
static void test_long(void **state)
{
    (void)state;
    enum { LONGEST = 3 * QUANT_JSON_BLOCK };
    char *json = malloc(LONGEST + 8);
    assert_non_null(json);
    for (size_t length = LONGEST - 3; length <= LONGEST; length++) {
        json[0] = '"';
        for (size_t i = 0; i < length; i++)
            json[i + 1] = (char)('a' + i % 26);
        json[length + 1] = '"';
        struct outcome outcome = scan_it(json, length + 2);
        assert_int_equal(outcome.status, QUANT_OK);
        assert_int_equal(outcome.text.length, length);
        assert_memory_equal(outcome.text.bytes, json + 1, length);
        assert_int_equal(outcome.offset, length + 2);
        quant_json_text_release(&outcome.text);
    }
    /* An escape that is cut by the end of a block. */
    for (size_t before = QUANT_JSON_BLOCK - 14; before < QUANT_JSON_BLOCK; before++) {
        memset(json, 'a', before);
        json[0] = '"';
        memcpy(json + before, "\\ud83d\\ude00\"", 13);
        struct outcome outcome = scan_it(json, before + 13);
        assert_int_equal(outcome.status, QUANT_OK);
        assert_int_equal(outcome.text.length, before - 1 + 4);
        assert_memory_equal(outcome.text.bytes + before - 1, "\xf0\x9f\x98\x80", 4);
        quant_json_text_release(&outcome.text);
    }
    free(json);
}

/* One text for many strings. */
static void test_reused(void **state)
{
    (void)state;
    static const char json[] = "\"a long string to begin with\" \"b\" \"\"";
    static const char *const texts[] = {"a long string to begin with", "b", ""};
    struct quant_source *source = quant_source_from_memory(json, sizeof json - 1, "m.json");
    struct quant_json_scan *scan = malloc(sizeof *scan);
    struct quant_json_text text = {.bytes = NULL};
    assert_non_null(scan);
    quant_json_scan_init(scan, source);
    for (size_t i = 0; i < LENGTH(texts); i++) {
        assert_int_equal(quant_json_scan_text(scan, "key", &text, NULL), QUANT_OK);
        assert_string_equal(text.bytes, texts[i]);
    }
    quant_json_text_release(&text);
    free(scan);
    quant_source_close(source);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum quant_status status;
        const char *message; /* after "cannot read 'm.json': " */
    } rows[] = {
        {"", QUANT_TRUNCATED, "the text ends at byte 0; expected '\"'"},
        {"x", QUANT_CORRUPT, "unexpected 'x' at byte 0; expected '\"'"},
        {"\"abc", QUANT_TRUNCATED, "the text ends at byte 4; expected the quote that ends the key"},
        {"\"a\nb\"", QUANT_CORRUPT,
         "unexpected byte 0x0a at byte 2; expected the quote that ends the key"},
        {"\"\\x\"", QUANT_CORRUPT,
         "unexpected 'x' at byte 2; expected one of \"\\/bfnrtu after the backslash"},
        {"\"\\u12g4\"", QUANT_CORRUPT, "unexpected 'g4' at byte 5; expected a hexadecimal digit"},
        {"\"\\u12", QUANT_TRUNCATED, "the text ends at byte 5; expected a hexadecimal digit"},
        {"\"\\ud83d\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ud83dx\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ud83d\\n\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ud83d\\u0041\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ud83d\\ud83d\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ude00\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"\\ude00\\ud83d\"", QUANT_CORRUPT, "half of a surrogate pair at byte 1"},
        {"\"a\\u0000b\"", QUANT_UNSUPPORTED, "the key that ends at byte 9 has a NUL, \\u0000"},
        {"\"\xff\"", QUANT_CORRUPT, "text that is not UTF-8 at byte 1"},
        {"\"\xc0\x80\"", QUANT_CORRUPT, "text that is not UTF-8 at byte 1"},
        {"\"\xed\xa0\xbd\"", QUANT_CORRUPT, "text that is not UTF-8 at byte 1"},
        {"\"\xe2\x82\"", QUANT_CORRUPT, "text that is not UTF-8 at byte 1"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char expected[256];
        struct outcome outcome = scan_it(rows[i].json, strlen(rows[i].json));
        snprintf(expected, sizeof expected, "cannot read 'm.json': %s", rows[i].message);
        assert_string_equal(outcome.error.text, expected);
        assert_int_equal(outcome.status, rows[i].status);
        quant_json_text_release(&outcome.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_reused),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
