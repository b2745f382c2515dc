/* SPDX-License-Identifier: MIT */
/* Sidecars of containers as others write them, damaged ones, and what is not such a sidecar. */
#include "test_sidecar_tensors.h"

#include "records/sidecar.h"

/* One of each kind. */
static struct memory_sink write_four(void)
{
    const struct quant_sidecar_head head = plain_head();
    const struct quant_sidecar_entry entries[] = {plain_entry("a"), grouped_entry("b"),
                                                  unscaled_entry("c"), copied_entry("d")};
    return write_entries(&head, entries, LENGTH(entries));
}

/* ---- Written by others ---- */

/* Keys in another order, other white space, and escapes that were not needed. */
static void test_other_text(void **state)
{
    (void)state;
    static const char text[] =
        "\n{\"plan\":{\"xxh3_64\":\"00000000000000aa\"} , \"tensors\" :\t{\"\\u0061\\/\":\n"
        "{\"xxh3_64\":\"000000000000f00d\",\"bytes\":4e1,\"shape\":[5],\"dtype\":\"I64\","
        "\"copied\":true} }, \"tool\":\"by hand\",\"version\":2.0,\"data\":{\"header\":"
        "{\"xxh3_64\":\"0000000000000001\",\"bytes\":8},\"bytes\":48,\"format\":\"safetensors\","
        "\"path\":null},\"source\":{\"bytes\":48,\"format\":\"safetensors\",\"path\":\"\\u00fc\"},"
        "\"format\":\"quant-sidecar\"}\r\n ";
    struct quant_source *source = quant_source_from_memory(text, sizeof text - 1, "m.json");
    struct quant_sidecar_reader *reader;
    struct quant_sidecar_entry entry;
    struct quant_error error;
    bool found;
    check_ok(quant_sidecar_tensors_open(source, &reader, &error), &error);
    assert_non_null(reader);
    assert_string_equal(quant_sidecar_tensors_head(reader)->source_path, "\xc3\xbc");
    check_ok(quant_sidecar_tensors_next(reader, &entry, &found, &error), &error);
    assert_true(found);
    const struct quant_sidecar_entry expected = copied_entry("a/");
    check_entry(&entry, &expected);
    check_ok(quant_sidecar_tensors_next(reader, &entry, &found, &error), &error);
    assert_false(found);
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
}

/* A text without "tensors" is left to quant_sidecar_read and others, whatever it is. */
static void test_not_of_tensors(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "[]",
                                        "7",
                                        "{}",
                                        "{\"format\": \"quant-sidecar\", \"version\": 1}",
                                        "{\"a\": [}",
                                        "{\"a\"",
                                        "{\"a\": {\"tensors\": {}}}",
                                        "tensors",
                                        "{\"Tensors\": {}}",
                                        "{,}",
                                        "{\"\\x\": 1}"};
    for (size_t i = 0; i < LENGTH(texts); i++) {
        struct quant_source *source =
            quant_source_from_memory(texts[i], strlen(texts[i]), "m.json");
        struct quant_sidecar_reader *reader;
        struct quant_error error;
        check_ok(quant_sidecar_tensors_open(source, &reader, &error), &error);
        assert_null(reader);
        quant_source_close(source);
    }
}

static void test_read_as_one(void **state)
{
    (void)state;
    struct memory_sink sink = write_four();
    struct quant_source *source = quant_source_from_memory(sink.bytes, sink.nbytes, "m.json");
    struct quant_sidecar sidecar;
    struct quant_error error;
    check_error("many", quant_sidecar_parse(source, &sidecar, &error), &error, QUANT_UNSUPPORTED,
                "it is the sidecar of many tensors, not of one");
    quant_sidecar_release(&sidecar);
    quant_source_close(source);
    free(sink.bytes);
}

/* Found at the end, wherever the two are; the message has the place of the second. */
static void test_duplicate(void **state)
{
    (void)state;
    enum { N = 300 };
    static char names[N][16];
    struct quant_sidecar_entry entries[N];
    const struct quant_sidecar_head head = plain_head();
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        entries[i] = copied_entry(names[i]);
    }
    entries[200].name = "t7";
    struct memory_sink sink = write_entries(&head, entries, N);
    struct quant_error error;
    size_t n;
    sink.bytes = realloc(sink.bytes, sink.nbytes + 1);
    assert_non_null(sink.bytes);
    sink.bytes[sink.nbytes] = '\0';
    const char *text = (const char *)sink.bytes;
    const char *second = strstr(strstr(text, "\"t7\"") + 1, "\"t7\"");
    char expected[128];
    snprintf(expected, sizeof expected, "tensor 't7' at byte %td: duplicate name", second - text);
    check_error("twice", read_text(text, sink.nbytes, &n, &error), &error, QUANT_CORRUPT, expected);
    assert_int_equal(n, N);
    free(sink.bytes);
}

/* ---- Not whole ---- */

static void test_every_prefix(void **state)
{
    (void)state;
    struct memory_sink sink = write_four();
    struct quant_error error;
    size_t n;
    for (size_t length = 0; length < sink.nbytes - 1; length++) { /* but for the last newline */
        const enum quant_status status = read_text(sink.bytes, length, &n, &error);
        const bool has_key = memmem(sink.bytes, length, "\"tensors\":", 10);
        if (!has_key)
            assert_int_equal(status, QUANT_OK);
        else if (status != QUANT_TRUNCATED && status != QUANT_CORRUPT)
            fail_msg("the first %zu bytes: status %d", length, status);
        assert_int_equal(n, 0);
    }
    free(sink.bytes);
}

/* Whatever a byte becomes, there is an error or a sidecar: nothing reads what is not there. */
static void test_every_byte(void **state)
{
    (void)state;
    static const char replacements[] = {'\0', '"', '{', '}', ',', '\\', '9', '\xff', ' '};
    struct memory_sink sink = write_four();
    struct quant_error error;
    size_t n;
    for (size_t i = 0; i < sink.nbytes; i++) {
        const unsigned char byte = sink.bytes[i];
        for (size_t k = 0; k < LENGTH(replacements); k++) {
            sink.bytes[i] = (unsigned char)replacements[k];
            read_text(sink.bytes, sink.nbytes, &n, &error);
            assert_true(n <= 4);
        }
        sink.bytes[i] = byte;
    }
    free(sink.bytes);
}

static void test_read_error(void **state)
{
    (void)state;
    struct memory_sink sink = write_four();
    struct quant_error error;
    for (uint64_t at = 0; at < sink.nbytes; at += 97) {
        struct hiding_source hiding = hiding_source_make(sink.bytes, sink.nbytes);
        size_t n;
        hiding.fails_at = at;
        check_error("read", read_entries(&hiding.source, &n, &error), &error, QUANT_IO,
                    "bad sector");
    }
    free(sink.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_text),   cmocka_unit_test(test_not_of_tensors),
        cmocka_unit_test(test_read_as_one),  cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_read_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
