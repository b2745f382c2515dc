/* SPDX-License-Identifier: MIT */
/* The index of a checkpoint: read strictly, found by name, printed as transformers does. */
#include "../support/files.h"

#include "records/shard_index.h"

static enum quant_status parse(const char *text, struct quant_shard_index *index,
                               struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(text, strlen(text), "index.json");
    assert_non_null(source);
    const enum quant_status status = quant_shard_index_read(source, index, error);
    quant_source_close(source);
    return status;
}

static void test_read(void **state)
{
    (void)state;
    struct quant_shard_index index;
    struct quant_error error;
    check_ok(
        parse("{\"x\": [1, {\"weight_map\": 2}], \"weight_map\": {\"b\": \"2.st\", "
              "\"a\\u00e9\": \"1.st\", \"a\": \"2.st\"},\n"
              "\"metadata\": {\"total_size\": 12, \"kept\": [1.50, {\"a\": null}] , \"n\":7}}\n",
              &index, &error),
        &error);
    assert_int_equal(index.n, 3);
    assert_string_equal(index.entries[0].tensor, "a");
    assert_string_equal(index.entries[1].tensor, "a\xc3\xa9");
    assert_string_equal(index.entries[1].shard, "1.st");
    assert_string_equal(quant_shard_index_find(&index, "b")->shard, "2.st");
    assert_null(quant_shard_index_find(&index, "c"));
    assert_int_equal(index.nmetadata, 2);
    assert_string_equal(index.metadata[0].key, "kept");
    assert_string_equal(index.metadata[0].value, "[1.50, {\"a\": null}]");
    assert_string_equal(index.metadata[1].value, "7");
    quant_shard_index_release(&index);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quant_status status;
        const char *message;
    } cases[] = {
        {"", QUANT_TRUNCATED, "'{'"},
        {"[]", QUANT_CORRUPT, "'{'"},
        {"{}", QUANT_CORRUPT, "there is no key 'weight_map'"},
        {"{\"weight_map\": []}", QUANT_CORRUPT, "'{'"},
        {"{\"weight_map\": {\"a\": 1}}", QUANT_CORRUPT, "'1'"},
        {"{\"weight_map\": {\"a\": \"x\", \"b\": \"x\", \"a\": \"x\"}}", QUANT_CORRUPT,
         "duplicate tensor 'a'"},
        {"{\"weight_map\": {}, \"weight_map\": {}}", QUANT_CORRUPT, "duplicate key before byte 32"},
        {"{\"metadata\": {}, \"weight_map\": {}, \"metadata\": {}}", QUANT_CORRUPT,
         "duplicate key before byte 46"},
        {"{\"weight_map\": {\"a\": \"../x\"}}", QUANT_CORRUPT, "not '../x'"},
        {"{\"weight_map\": {\"a\": \"/x\"}}", QUANT_CORRUPT, "not '/x'"},
        {"{\"weight_map\": {\"a\": \"d/x\"}}", QUANT_CORRUPT, "not 'd/x'"},
        {"{\"weight_map\": {\"a\": \"..\"}}", QUANT_CORRUPT, "not '..'"},
        {"{\"weight_map\": {\"a\": \".\"}}", QUANT_CORRUPT, "not '.'"},
        {"{\"weight_map\": {\"a\": \"\"}}", QUANT_CORRUPT, "not ''"},
        {"{\"weight_map\": {}} x", QUANT_CORRUPT, "the end of the index"},
        {"{\"weight_map\": {\"a\": \"x\",}}", QUANT_CORRUPT, "'}'"},
        {"{\"weight_map\": {\"a\": \"x\"", QUANT_TRUNCATED, "',' or '}'"},
        {"{\"weight_map\": {\"a\\u0000\": \"x\"}}", QUANT_UNSUPPORTED, ""},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct quant_shard_index index;
        struct quant_error error;
        check_error(cases[i].text, parse(cases[i].text, &index, &error), &error, cases[i].status,
                    cases[i].message);
        quant_shard_index_release(&index);
    }
}

static void test_print(void **state)
{
    (void)state;
    struct quant_shard_index index = {.n = 0};
    struct quant_shard_metadata metadata[] = {{"kept", "[1.50]"}};
    char *text = NULL;
    size_t nbytes = 0;
    assert_true(quant_shard_index_add(&index, "b", "1.st"));
    assert_true(quant_shard_index_add(&index, "a\"", "2.st"));
    quant_shard_index_sort(&index);
    index.metadata = metadata;
    index.nmetadata = 1;
    assert_true(quant_shard_index_print(&index, 123, &text, &nbytes));
    static const char expected[] = "{\n"
                                   "  \"metadata\": {\n"
                                   "    \"kept\": [1.50],\n"
                                   "    \"total_size\": 123\n"
                                   "  },\n"
                                   "  \"weight_map\": {\n"
                                   "    \"a\\\"\": \"2.st\",\n"
                                   "    \"b\": \"1.st\"\n"
                                   "  }\n"
                                   "}\n";
    assert_int_equal(nbytes, strlen(expected));
    assert_memory_equal(text, expected, nbytes);
    free(text);
    index.metadata = NULL;
    quant_shard_index_release(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
