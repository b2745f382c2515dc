/* SPDX-License-Identifier: MIT */
/* A member is added to an object and removed again; every other byte stays. */
#include "../support/files.h"

#include "records/object_edit.h"

static const char *const any[] = {"model_type", "x", NULL};

static enum quant_status parse(const char *text, size_t nbytes, struct quant_object_text *object,
                               struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(text, nbytes, "config.json");
    assert_non_null(source);
    const enum quant_status status = quant_object_read(source, "q", any, object, error);
    quant_source_close(source);
    return status;
}

static void expect(const char *found, size_t nbytes, const char *expected)
{
    if (nbytes != strlen(expected) || memcmp(found, expected, nbytes) != 0)
        fail_msg("found %.*s, expected %s", (int)nbytes, found, expected);
}

static void test_with(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "{\"q\": [1]}"},
        {" { } \n", " {\"q\": [1] } \n"},
        {"{\"a\":1}", "{\"a\":1,\"q\": [1]}"},
        {"{\n  \"a\": {\"q\": 2},\n  \"b\": \"}\"\n}\n",
         "{\n  \"a\": {\"q\": 2},\n  \"b\": \"}\",\n  \"q\": [1]\n}\n"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct quant_object_text object;
        struct quant_error error;
        char *text = NULL;
        char *back = NULL;
        size_t nbytes = 0;
        check_ok(parse(cases[i][0], strlen(cases[i][0]), &object, &error), &error);
        assert_false(object.has_key);
        assert_false(object.has_any);
        assert_true(quant_object_with(&object, "q", "[1]", &text, &nbytes));
        expect(text, nbytes, cases[i][1]);
        quant_object_release(&object);
        check_ok(parse(text, nbytes, &object, &error), &error);
        assert_true(object.has_key);
        assert_true(quant_object_without(&object, &back, &nbytes));
        expect(back, nbytes, cases[i][0]);
        quant_object_release(&object);
        free(text);
        free(back);
    }
}

static void test_without(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"q\": 1, \"b\": 2}", "{\"b\": 2}"},
        {"{\"a\": 0,\n \"q\": {\"x\": [1, 2]},\n \"b\": 2}", "{\"a\": 0,\n \"b\": 2}"},
        {"{\"\\u0071\": 1}", "{}"},
        {"{\n  \"q\" : null\n}", "{\n  \n}"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct quant_object_text object;
        struct quant_error error;
        char *text = NULL;
        size_t nbytes = 0;
        check_ok(parse(cases[i][0], strlen(cases[i][0]), &object, &error), &error);
        assert_true(object.has_key);
        assert_true(quant_object_without(&object, &text, &nbytes));
        expect(text, nbytes, cases[i][1]);
        quant_object_release(&object);
        free(text);
    }
}

static void test_others(void **state)
{
    (void)state;
    struct quant_object_text object;
    struct quant_error error;
    check_ok(parse("{\"a\": {\"x\": 1}}", 15, &object, &error), &error);
    assert_false(object.has_any);
    quant_object_release(&object);
    check_ok(parse("{\"a\": 1, \"x\": 1}", 16, &object, &error), &error);
    assert_true(object.has_any);
    quant_object_release(&object);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quant_status status;
    } cases[] = {
        {"", QUANT_TRUNCATED},          {"[]", QUANT_CORRUPT},          {"{\"a\"}", QUANT_CORRUPT},
        {"{\"a\": 1", QUANT_TRUNCATED}, {"{\"a\": 1,}", QUANT_CORRUPT}, {"{} {}", QUANT_CORRUPT},
        {"{\"a\": 01}", QUANT_CORRUPT}, {"{a: 1}", QUANT_CORRUPT},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct quant_object_text object;
        struct quant_error error;
        check_error(cases[i].text, parse(cases[i].text, strlen(cases[i].text), &object, &error),
                    &error, cases[i].status, "config.json");
        quant_object_release(&object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
