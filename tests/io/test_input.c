/* SPDX-License-Identifier: MIT */
/* Regular files as sources, and files that cannot be read. */
#include "../support/files.h"

#include <signal.h>

#include "io/io.h"

static struct quant_source *open_it(const char *path, struct quant_error *error)
{
    struct quant_source *source = NULL;
    check_ok(quant_input_open(path, &never, &source, error), error);
    assert_non_null(source);
    return source;
}

static void test_offsets(void **state)
{
    (void)state;
    struct quant_error error;
    file_write_text("w", "0123456789");
    struct quant_source *source = open_it("w", &error);
    assert_string_equal(source->name, "w");
    assert_int_equal(source->size, 10);
    for (uint64_t offset = 0; offset <= 12; offset++) {
        for (size_t nbytes = 0; nbytes <= 12; nbytes++) {
            char bytes[16];
            memset(bytes, '#', sizeof bytes);
            size_t got = 99;
            check_ok(source->ops->read_at(source, offset, bytes, nbytes, &got, &error), &error);
            const size_t ahead = offset < 10 ? 10 - (size_t)offset : 0;
            assert_int_equal(got, nbytes < ahead ? nbytes : ahead);
            assert_memory_equal(bytes, &"0123456789"[offset < 10 ? offset : 0], got);
            assert_int_equal(bytes[got], '#');
        }
    }
    char byte;
    size_t got = 99;
    check_ok(source->ops->read_at(source, UINT64_MAX, &byte, 1, &got, &error), &error);
    assert_int_equal(got, 0);
    quant_source_close(source);
}

static void test_exactly(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[8];
    file_write_text("w", "0123456789");
    struct quant_source *source = open_it("w", &error);
    check_ok(quant_source_read_exactly(source, 4, bytes, 6, &error), &error);
    assert_memory_equal(bytes, "456789", 6);
    check_error("end", quant_source_read_exactly(source, 4, bytes, 8, &error), &error,
                QUANT_TRUNCATED, "cannot read 'w': it ends at byte 10, 2 bytes too early");
    quant_source_close(source);
}

/* Too large to be read whole. */
enum { LARGE = 20000 };

static void test_shrinks(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[16];
    size_t got;
    char *zeros = calloc(1, LARGE);
    assert_non_null(zeros);
    file_write("w", zeros, LARGE);
    free(zeros);
    struct quant_source *source = open_it("w", &error);
    assert_int_equal(truncate("w", 6), 0);
    check_ok(source->ops->read_at(source, 2, bytes, 4, &got, &error), &error);
    assert_int_equal(got, 4);
    static const uint64_t offsets[] = {2, 6, 9};
    for (size_t i = 0; i < LENGTH(offsets); i++) {
        char text[128];
        snprintf(text, sizeof text,
                 "cannot read 'w': it shrank while it was read: from 20000 bytes to %d",
                 i == 2 ? 9 : 6);
        check_error("shrunk", source->ops->read_at(source, offsets[i], bytes, 8, &got, &error),
                    &error, QUANT_TRUNCATED, text);
    }
    quant_source_close(source);
}

/* A small file is read once: what it was then is what later reads give. */
static void test_small(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[16];
    size_t got;
    file_write_text("w", "0123456789");
    struct quant_source *source = open_it("w", &error);
    check_ok(source->ops->read_at(source, 2, bytes, 4, &got, &error), &error);
    assert_memory_equal(bytes, "2345", 4);
    assert_int_equal(truncate("w", 6), 0);
    check_ok(source->ops->read_at(source, 4, bytes, 16, &got, &error), &error);
    assert_int_equal(got, 6);
    assert_memory_equal(bytes, "456789", 6);
    check_error("changed", quant_source_check_unchanged(source, &error), &error, QUANT_IO,
                "cannot read 'w': it changed while it was read");
    quant_source_close(source);
    source = open_it("w", &error);
    assert_int_equal(truncate("w", 4), 0);
    check_error("shrunk", source->ops->read_at(source, 0, bytes, 2, &got, &error), &error,
                QUANT_TRUNCATED, "cannot read 'w': it shrank while it was read: from 6 bytes to 4");
    quant_source_close(source);
}

static void test_grows(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[16];
    size_t got;
    file_write_text("w", "0123");
    struct quant_source *source = open_it("w", &error);
    file_write_text("w", "0123456789");
    check_ok(source->ops->read_at(source, 0, bytes, 16, &got, &error), &error);
    assert_int_equal(got, 4); /* the new bytes are not read */
    quant_source_close(source);
}

static void test_empty(void **state)
{
    (void)state;
    struct quant_error error;
    char byte;
    size_t got = 1;
    file_write_text("w", "");
    struct quant_source *source = open_it("w", &error);
    assert_int_equal(source->size, 0);
    check_ok(source->ops->read_at(source, 0, &byte, 1, &got, &error), &error);
    assert_int_equal(got, 0);
    quant_source_close(source);
}

/* ---- Files that cannot be opened ---- */

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    file_write_text("file", "");
    static const struct {
        const char *path;
        const char *message;
    } rows[] = {
        {"directory", "cannot read 'directory': it is a directory"},
        {".", "cannot read '.': it is a directory"},
        {"missing", "cannot read 'missing': No such file or directory"},
        {"", "cannot read '': No such file or directory"},
        {"missing/w", "cannot read 'missing/w': No such file or directory"},
        {"dangling", "cannot read 'dangling': No such file or directory"},
        {"loop", "cannot read 'loop': Too many levels of symbolic links"},
        {"file/w", "cannot read 'file/w': Not a directory"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_source *source = NULL;
        struct quant_error error;
        const int descriptors = folder_count("/proc/self/fd");
        check_error(rows[i].path, quant_input_open(rows[i].path, &never, &source, &error), &error,
                    QUANT_IO, rows[i].message);
        assert_null(source);
        assert_int_equal(folder_count("/proc/self/fd"), descriptors);
    }
}

/* Root may read everything, so it becomes another user for a moment. */
static void test_no_permission(void **state)
{
    (void)state;
    file_write_text("secret", "x");
    assert_int_equal(chmod("secret", 0), 0);
    const bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0) {
        print_message("skipped: root cannot become another user here\n");
        skip();
    }
    struct quant_source *source = NULL;
    struct quant_error error = {QUANT_OK, ""};
    const enum quant_status status = quant_input_open("secret", &never, &source, &error);
    assert_true(!root || seteuid(0) == 0);
    check_error("secret", status, &error, QUANT_IO, "cannot read 'secret': Permission denied");
    assert_null(source);
}

static void test_cancelled(void **state)
{
    (void)state;
    static volatile sig_atomic_t flag;
    const struct quant_cancel cancel = {&flag, -1};
    struct quant_source *source = NULL;
    struct quant_error error;
    char byte;
    size_t got;
    file_write_text("w", "x");
    check_ok(quant_input_open("w", &cancel, &source, &error), &error);
    flag = 1;
    check_error("read", source->ops->read_at(source, 0, &byte, 1, &got, &error), &error,
                QUANT_CANCELLED, "cancelled");
    quant_source_close(source);
    check_error("open", quant_input_open("w", &cancel, &source, &error), &error, QUANT_CANCELLED,
                "cancelled");
    flag = 0;
}

/* ---- Standard input ---- */

/* A file is read from its current position, as in `(read line; quant ...) <file`. */
static void test_standard_input(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[16];
    size_t got;
    file_write_text("w", "header0123");
    const int kept = dup(STDIN_FILENO);
    const int fd = open("w", O_RDONLY | O_CLOEXEC);
    assert_true(kept >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == 0);
    static const struct {
        off_t at;
        const char *rest;
    } rows[] = {{0, "header0123"}, {6, "0123"}, {10, ""}, {20, ""}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        assert_int_equal(lseek(STDIN_FILENO, rows[i].at, SEEK_SET), rows[i].at);
        struct quant_source *source = open_it("-", &error);
        assert_string_equal(source->name, "standard input");
        assert_int_equal(source->size, strlen(rows[i].rest));
        check_ok(source->ops->read_at(source, 0, bytes, 16, &got, &error), &error);
        assert_int_equal(got, strlen(rows[i].rest));
        assert_memory_equal(bytes, rows[i].rest, got);
        quant_source_close(source); /* does not close standard input */
    }
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0);
    assert_int_equal(dup2(kept, STDIN_FILENO), 0);
    close(kept);
    close(fd);
}

static void test_closes(void **state)
{
    (void)state;
    struct quant_error error;
    file_write_text("w", "x");
    const int descriptors = folder_count("/proc/self/fd");
    for (int i = 0; i < 10; i++)
        quant_source_close(open_it("w", &error));
    assert_int_equal(folder_count("/proc/self/fd"), descriptors);
    quant_source_close(NULL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_offsets),        IN_FOLDER(test_exactly),       IN_FOLDER(test_shrinks),
        IN_FOLDER(test_small),          IN_FOLDER(test_grows),         IN_FOLDER(test_empty),
        IN_FOLDER(test_refused),        IN_FOLDER(test_no_permission), IN_FOLDER(test_cancelled),
        IN_FOLDER(test_standard_input), IN_FOLDER(test_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
