/* SPDX-License-Identifier: MIT */
/* What is JSON and what is not, byte for byte; and that those who read it from a source agree. */
#include "json_forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "records/json_check.h"
#include "records/json_skip.h"

static bool check(const char *text, size_t nbytes, size_t *longest, struct quant_json_fault *fault)
{
    char *copy = malloc(nbytes + 1); /* to catch reads past its end */
    assert_non_null(copy);
    memcpy(copy, text, nbytes);
    copy[nbytes] = '\0';
    const bool is_json = quant_json_check(copy, nbytes, longest, fault);
    free(copy);
    return is_json;
}

/* Whether the reader of sources takes all of it too. */
static bool skips(const char *text, size_t nbytes)
{
    struct quant_source *source = quant_source_from_memory(text, nbytes, "m.json");
    struct quant_json_scan *scan = malloc(sizeof *scan);
    int byte = 0;
    assert_non_null(source);
    assert_non_null(scan);
    quant_json_scan_init(scan, source);
    const bool is_json = quant_json_skip_value(scan, false, NULL) == QUANT_OK &&
                         quant_json_scan_token(scan, &byte, NULL) == QUANT_OK &&
                         byte == QUANT_JSON_END;
    free(scan);
    quant_source_close(source);
    return is_json;
}

enum { ROOM = 256 };

static size_t put_in_object(char text[ROOM], const char *bytes, size_t nbytes)
{
    static const char before[] = "{\"a\":";
    memcpy(text, before, sizeof before - 1);
    memcpy(text + sizeof before - 1, bytes, nbytes);
    text[sizeof before - 1 + nbytes] = '}';
    text[sizeof before + nbytes] = '\0';
    return sizeof before + nbytes;
}

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(malformed); i++) {
        char text[ROOM];
        char printed[QUANT_JSON_FAULT_TEXT];
        size_t longest;
        struct quant_json_fault fault;
        const size_t nbytes = put_in_object(text, malformed[i].bytes, malformed[i].nbytes);
        if (check(text, nbytes, &longest, &fault))
            fail_msg("%s is taken", text);
        quant_json_fault_print(&fault, text, nbytes, printed);
        if (fault.at != 5 + malformed[i].at)
            fail_msg("%s: %s at byte %zu, not %zu", text, printed, fault.at, 5 + malformed[i].at);
        assert_true(printed[0] != '\0');
        /* A NUL character is for those to refuse who keep the string. */
        if (skips(text, nbytes) && !strstr(text, "\\u0000"))
            fail_msg("%s is taken where it is skipped", text);
    }
}

static void test_seldom(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(seldom); i++) {
        char text[ROOM];
        char printed[QUANT_JSON_FAULT_TEXT];
        size_t longest;
        struct quant_json_fault fault;
        const size_t nbytes = put_in_object(text, seldom[i], strlen(seldom[i]));
        if (!check(text, nbytes, &longest, &fault))
            fail_msg("%s: %s", text, quant_json_fault_print(&fault, text, nbytes, printed));
        assert_true(skips(text, nbytes));
        assert_true(check(seldom[i], strlen(seldom[i]), &longest, &fault));
        for (size_t length = 0; length < nbytes; length++) {
            assert_false(check(text, length, &longest, &fault));
            assert_false(skips(text, length));
        }
    }
}

/* Around the one value that a text is. */
static void test_around(void **state)
{
    (void)state;
    static const struct json_form texts[] = {
        FORM("", 0),           FORM(" ", 1),          FORM("\xef\xbb\xbf{}", 0),
        FORM("\0{}", 0),       FORM("{}\0", 2),       FORM("{} \0", 3),
        FORM("{}{}", 2),       FORM("{},", 2),        FORM("1 x", 2),
        FORM("[1]]", 3),       FORM("[1}", 2),        FORM("{\"a\":1]", 6),
        FORM("{}\x1a", 2),     FORM("\f{}", 0),       FORM("{}\xa0", 2),
        FORM("\"a\"\"b\"", 3), FORM("\xff\xfe{}", 0), FORM("{}\xef\xbb\xbf", 2),
    };
    for (size_t i = 0; i < LENGTH(texts); i++) {
        size_t longest;
        struct quant_json_fault fault;
        assert_false(check(texts[i].bytes, texts[i].nbytes, &longest, &fault));
        if (fault.at != texts[i].at)
            fail_msg("%s: at byte %zu, not %zu", texts[i].bytes, fault.at, texts[i].at);
        assert_false(skips(texts[i].bytes, texts[i].nbytes));
    }
}

static void test_messages(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"{\"qmax\": 0127}", "a number with a leading zero"},
        {"[1 22.5e]", "unexpected '22.5e'; expected ',' or ']'"},
        {"{\"a\": 1]", "unexpected ']'; expected ',' or '}'"},
        {"[\"a\x01\"]", "unexpected byte 0x01; expected the quote that ends the string"},
        {"['a']", "unexpected byte 0x27; expected a value"},
        {"[1", "the text ends; expected ',' or ']'"},
        {"{\"a\"", "the text ends; expected ':'"},
        {"{1}", "unexpected '1'; expected '\"'"},
        {"1 1", "unexpected '1'; expected the end of the text"},
        {"123e", "a number without a digit in its exponent"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char printed[QUANT_JSON_FAULT_TEXT];
        size_t longest;
        struct quant_json_fault fault;
        const size_t nbytes = strlen(rows[i].text);
        assert_false(check(rows[i].text, nbytes, &longest, &fault));
        quant_json_fault_print(&fault, rows[i].text, nbytes, printed);
        assert_string_equal(printed, rows[i].message);
    }
    char text[200];
    char printed[QUANT_JSON_FAULT_TEXT];
    size_t longest;
    struct quant_json_fault fault;
    memset(text, 'x', sizeof text);
    assert_false(check(text, sizeof text, &longest, &fault));
    quant_json_fault_print(&fault, text, sizeof text, printed);
    assert_string_equal(printed, "unexpected 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; expected a value");
}

/* Arrays and objects in turn, so that each level ends as it began. */
static void test_depth(void **state)
{
    (void)state;
    enum { UNIT = 6 };
    char *text = malloc((size_t)(UNIT + 1) * QUANT_JSON_CHECK_DEPTH + 16);
    assert_non_null(text);
    for (int depth = QUANT_JSON_CHECK_DEPTH - 2; depth <= QUANT_JSON_CHECK_DEPTH + 1; depth++) {
        size_t length = 0;
        size_t longest;
        struct quant_json_fault fault;
        for (int i = 0; i < depth; i++)
            length += (size_t)sprintf(text + length, "%s", i % 2 ? "{\"a\":" : "[");
        text[length++] = '1';
        for (int i = depth; i-- > 0;)
            text[length++] = i % 2 ? '}' : ']';
        assert_int_equal(check(text, length, &longest, &fault), depth <= QUANT_JSON_CHECK_DEPTH);
        text[length - 1] = '}';
        assert_false(check(text, length, &longest, &fault));
    }
    free(text);
}

static void test_longest(void **state)
{
    (void)state;
    static const char text[] = "[1, -12.5e+10, {\"123456789012\": 3}, \"1234567890123\"]";
    size_t longest = 0;
    struct quant_json_fault fault;
    assert_true(check(text, sizeof text - 1, &longest, &fault));
    assert_int_equal(longest, 9);
}

/* One byte of a text is exchanged for any other: both readers take it or both refuse it. */
static void test_agree(void **state)
{
    (void)state;
    static const char good[] =
        "{\"a\\u0041\": [1.5e-2, -0, true, null], \"b\": {\"c\xc3\xa9\": \"\\n\"}}";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        for (int byte = 0; byte < 256; byte++) {
            size_t longest;
            struct quant_json_fault fault;
            text[i] = (char)byte;
            if (check(text, sizeof good - 1, &longest, &fault) != skips(text, sizeof good - 1))
                fail_msg("byte %zu as 0x%02x: only one takes %s", i, (unsigned)byte, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_seldom),
        cmocka_unit_test(test_around),    cmocka_unit_test(test_messages),
        cmocka_unit_test(test_depth),     cmocka_unit_test(test_longest),
        cmocka_unit_test(test_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
