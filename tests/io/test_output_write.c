/* SPDX-License-Identifier: MIT */
/* The bytes of an output are where they were written, whatever was held back meanwhile. */
#include "../support/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "io/io.h"

enum { MOST = 20000 };

static void open_it(struct quant_file_output *output, struct quant_error *error)
{
    check_ok(quant_output_open(output, "w", false, &never, error), error);
}

static void commit(struct quant_file_output *output, const void *expected, size_t nbytes)
{
    struct quant_error error;
    size_t found;
    check_ok(quant_output_commit_n(&output, 1, NULL, NULL, &error), &error);
    quant_output_discard(output);
    void *bytes = file_read("w", &found);
    assert_int_equal(found, nbytes);
    assert_memory_equal(bytes, expected, nbytes);
    free(bytes);
    assert_int_equal(unlink("w"), 0);
}

/* A header, then elements by position, at once and in two parts, the last part first. */
static void check_sizes(size_t nheader, size_t nelements)
{
    struct quant_file_output output;
    struct quant_error error;
    char bytes[MOST];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    for (size_t part = 0; part < 2; part++) {
        const size_t split = nheader + (part == 0 ? 0 : nelements / 2);
        open_it(&output, &error);
        check_ok(quant_sink_write(&output.sink, bytes, nheader, &error), &error);
        check_ok(output.sink.ops->write_at(&output.sink, split, bytes + split,
                                           nheader + nelements - split, &error),
                 &error);
        check_ok(output.sink.ops->write_at(&output.sink, nheader, bytes + nheader, split - nheader,
                                           &error),
                 &error);
        commit(&output, bytes, nheader + nelements);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const size_t headers[] = {0, 1, 128, QUANT_HELD_MOST, QUANT_HELD_MOST + 1};
    static const size_t elements[] = {0, 1, 992, 8 << 10, (8 << 10) + 1, MOST - 300};
    for (size_t i = 0; i < LENGTH(headers); i++)
        for (size_t k = 0; k < LENGTH(elements); k++)
            check_sizes(headers[i], elements[k]);
}

/* What is written in order after that follows what was written in order before. */
static void test_both_ways(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    open_it(&output, &error);
    check_ok(quant_sink_write(&output.sink, "abc", 3, &error), &error);
    check_ok(output.sink.ops->write_at(&output.sink, 5, "fg", 2, &error), &error);
    check_ok(quant_sink_write(&output.sink, "d", 1, &error), &error);
    check_ok(quant_sink_write(&output.sink, "e", 1, &error), &error);
    commit(&output, "abcdefg", 7);
}

/* A reader of a pipe gets each write when it is made. */
static void test_stream(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    char bytes[4];
    assert_int_equal(mkfifo("w", 0666), 0);
    const int fd = open("w", O_RDWR | O_NONBLOCK);
    assert_true(fd >= 0);
    open_it(&output, &error);
    check_ok(quant_sink_write(&output.sink, "abc", 3, &error), &error);
    assert_int_equal(read(fd, bytes, sizeof bytes), 3);
    quant_output_discard(&output);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_both_ways, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_stream, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
