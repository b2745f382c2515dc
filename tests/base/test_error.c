/* SPDX-License-Identifier: MIT */
/* Error texts in the caller's struct, and the text for a status. */
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "../support/unit.h"

enum { ROOM = sizeof((struct quant_error *)NULL)->text };

/* An error followed by canaries. */
struct guarded_error {
    struct quant_error error;
    char canary[64];
};

static void arm(struct guarded_error *guarded)
{
    memset(guarded, 'C', sizeof *guarded);
}

static void assert_intact(const struct guarded_error *guarded)
{
    for (size_t i = 0; i < sizeof guarded->canary; i++)
        assert_int_equal(guarded->canary[i], 'C');
    assert_non_null(memchr(guarded->error.text, '\0', ROOM));
}

static void long_text(char text[3 * ROOM])
{
    for (size_t i = 0; i < (size_t)3 * ROOM; i++)
        text[i] = (char)('a' + i % 26);
    text[3 * ROOM - 1] = '\0';
}

static void test_set(void **state)
{
    (void)state;
    struct quant_error error;
    errno = 77;
    assert_int_equal(quant_error_set(&error, QUANT_CORRUPT, "byte %d of '%s'", 24, "w.npy"),
                     QUANT_CORRUPT);
    assert_int_equal(error.status, QUANT_CORRUPT);
    assert_string_equal(error.text, "byte 24 of 'w.npy'");
    assert_int_equal(errno, 77);
    assert_int_equal(quant_error_set(NULL, QUANT_IO, "%d", 1), QUANT_IO);
}

static void test_set_is_cut_to_the_room(void **state)
{
    (void)state;
    char text[3 * ROOM];
    struct guarded_error guarded;
    long_text(text);
    for (size_t length = ROOM - 3; length < ROOM + 3; length++) {
        arm(&guarded);
        quant_error_set(&guarded.error, QUANT_IO, "%.*s", (int)length, text);
        assert_intact(&guarded);
        const size_t kept = length < ROOM ? length : ROOM - 1;
        assert_int_equal(strlen(guarded.error.text), kept);
        assert_memory_equal(guarded.error.text, text, kept);
    }
}

static void test_system(void **state)
{
    (void)state;
    struct quant_error error;
    assert_int_equal(quant_error_system(&error, ENOENT, "cannot open '%s'", "w.npy"), QUANT_IO);
    assert_int_equal(error.status, QUANT_IO);
    assert_string_equal(error.text, "cannot open 'w.npy': No such file or directory");
    quant_error_system(&error, 99999, "x");
    assert_string_equal(error.text, "x: Unknown error 99999");
    assert_int_equal(quant_error_system(NULL, ENOENT, "x"), QUANT_IO);
}

static void test_system_is_cut_to_the_room(void **state)
{
    (void)state;
    char text[3 * ROOM];
    struct guarded_error guarded;
    long_text(text);
    for (size_t length = ROOM - 40; length < ROOM + 3; length++) {
        arm(&guarded);
        quant_error_system(&guarded.error, ENOENT, "%.*s", (int)length, text);
        assert_intact(&guarded);
        const size_t kept = length < ROOM ? length : ROOM - 1;
        assert_memory_equal(guarded.error.text, text, kept);
    }
}

static void test_prefix(void **state)
{
    (void)state;
    struct quant_error error;
    quant_error_set(&error, QUANT_CORRUPT, "it is empty");
    quant_error_prefix(&error, "cannot read", "a %s b");
    assert_string_equal(error.text, "cannot read 'a %s b': it is empty");
    assert_int_equal(error.status, QUANT_CORRUPT);
    quant_error_prefix(NULL, "cannot read", "w.npy");
}

/* If the name is too long, the text is truncated, not written past the end. */
static void test_append(void **state)
{
    (void)state;
    struct quant_error error;
    quant_error_set(&error, QUANT_IO, "cannot read '%s'", "w.npy");
    quant_error_append(&error, "; %s");
    assert_string_equal(error.text, "cannot read 'w.npy'; %s");
    quant_error_append(NULL, "; %s");
    for (int i = 0; i < 1000; i++)
        quant_error_append(&error, " and more");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

static void test_prefix_is_cut_to_the_room(void **state)
{
    (void)state;
    char name[3 * ROOM];
    struct guarded_error guarded;
    long_text(name);
    for (size_t length = 0; length < (size_t)3 * ROOM; length += length < ROOM - 40 ? 97 : 1) {
        const char saved = name[length];
        name[length] = '\0';
        arm(&guarded);
        quant_error_set(&guarded.error, QUANT_IO, "%s", "its own text");
        quant_error_prefix(&guarded.error, "cannot read", name);
        name[length] = saved;
        assert_intact(&guarded);
        assert_memory_equal(guarded.error.text, "cannot read '", 13);
        assert_memory_equal(guarded.error.text + 13, name, length < ROOM - 14 ? length : ROOM - 14);
        const size_t whole = length + strlen("cannot read '': its own text");
        assert_int_equal(strlen(guarded.error.text), whole < ROOM ? whole : ROOM - 1);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    struct quant_error error;
    assert_int_equal(quant_error_no_memory(&error, 4096, "a header"), QUANT_NO_MEMORY);
    assert_int_equal(error.status, QUANT_NO_MEMORY);
    assert_string_equal(error.text, "no memory for 4096 bytes of a header");
    assert_int_equal(quant_error_no_memory(NULL, 1, "x"), QUANT_NO_MEMORY);
}

/* Each status has a text; so has a number after the last. */
static void test_status_words(void **state)
{
    (void)state;
    static const char *const words[] = {
        [QUANT_OK] = "no error",
        [QUANT_UNRECOGNIZED] = "format not recognized",
        [QUANT_UNSUPPORTED] = "not supported",
        [QUANT_CORRUPT] = "content is corrupt",
        [QUANT_TRUNCATED] = "content ends too early",
        [QUANT_OUT_OF_RANGE] = "number out of range",
        [QUANT_NONFINITE] = "elements are not finite",
        [QUANT_IO] = "input or output failed",
        [QUANT_NO_MEMORY] = "out of memory",
        [QUANT_INVALID] = "arguments are wrong",
        [QUANT_EXISTS] = "output exists already",
        [QUANT_CANCELLED] = "cancelled by the caller",
        [QUANT_CLOSED] = "output was closed",
    };
    for (size_t i = 0; i < LENGTH(words); i++)
        assert_string_equal(quant_status_text((enum quant_status)i), words[i]);
    assert_string_equal(quant_status_text((enum quant_status)LENGTH(words)), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_is_cut_to_the_room),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_system_is_cut_to_the_room),
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_prefix_is_cut_to_the_room),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_status_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
