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

/* What read(2) gives until the end. */
static size_t read_plainly(const char *path, char *bytes, size_t most)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t got = 0;
    assert_true(fd >= 0);
    for (ssize_t more = 1; more > 0 && got < most; got += (size_t)more) {
        more = read(fd, bytes + got, most - got);
        assert_true(more >= 0);
    }
    close(fd);
    return got;
}

static void check_unsized(const char *path, const char *name, const char *expected, size_t nbytes)
{
    struct quant_error error;
    char bytes[64 << 10];
    size_t got = 0;
    struct quant_source *source = open_it(path, &error);
    assert_string_equal(source->name, name);
    assert_false(source->positional);
    for (int pass = 0; pass < 2; pass++) {
        check_ok(source->ops->read_at(source, 0, bytes, sizeof bytes, &got, &error), &error);
        assert_int_equal(got, nbytes);
        assert_memory_equal(bytes, expected, nbytes);
    }
    assert_int_equal(source->size, nbytes);
    quant_source_close(source);
}

/* Regular files whose size, 0 or a page, is not that of their content. */
static void test_unsized(void **state)
{
    (void)state;
    static const char *const paths[] = {"/proc/self/auxv", "/proc/version", "/proc/self/status",
                                        "/sys/kernel/mm/transparent_hugepage/enabled"};
    const int kept = dup(STDIN_FILENO);
    int nread = 0;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        char bytes[64 << 10];
        struct stat found;
        if (stat(paths[i], &found) != 0 || !S_ISREG(found.st_mode))
            continue; /* another system */
        const size_t nbytes = read_plainly(paths[i], bytes, sizeof bytes);
        assert_true(nbytes > 0 && (off_t)nbytes != found.st_size);
        if (strcmp(paths[i], "/proc/self/status") != 0) /* counts what the process does */
            check_unsized(paths[i], paths[i], bytes, nbytes);
        const int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
        if (i < 2)
            check_unsized("-", "standard input", bytes, nbytes);
        close(fd);
        nread++;
    }
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    close(kept);
    if (nread == 0)
        skip();
}

/* A file with a hole has no blocks either. */
static void test_hole(void **state)
{
    (void)state;
    struct quant_error error;
    char bytes[5000];
    size_t got = 0;
    for (int nbytes = 0; nbytes <= 4097; nbytes += nbytes < 2 ? 1 : 4095) {
        file_write_text("hole", "");
        assert_int_equal(truncate("hole", nbytes), 0);
        struct quant_source *source = open_it("hole", &error);
        assert_true(source->positional);
        assert_int_equal(source->size, nbytes);
        check_ok(source->ops->read_at(source, 0, bytes, sizeof bytes, &got, &error), &error);
        assert_int_equal(got, nbytes);
        quant_source_close(source);
    }
}

/* What the user has not named: a FIFO is not waited for. */
static void test_only_regular(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *message;
    } rows[] = {
        {"fifo", "cannot read 'fifo': it is not a regular file"},
        {"link", "cannot read 'link': it is not a regular file"},
        {"folder", "cannot read 'folder': it is a directory"},
        {"/dev/zero", "cannot read '/dev/zero': it is not a regular file"},
        {"none", "cannot read 'none': No such file"},
    };
    struct quant_error error;
    struct quant_source *source = NULL;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(symlink("fifo", "link"), 0);
    assert_int_equal(mkdir("folder", 0700), 0);
    file_write_text("w", "x");
    const int descriptors = folder_count("/proc/self/fd");
    for (size_t i = 0; i < LENGTH(rows); i++)
        check_error(rows[i].path, quant_input_open_regular(rows[i].path, &never, &source, &error),
                    &error, QUANT_IO, rows[i].message);
    check_ok(quant_input_open_regular("w", &never, &source, &error), &error);
    assert_true(source->positional);
    quant_source_close(source);
    assert_int_equal(folder_count("/proc/self/fd"), descriptors);
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
        IN_FOLDER(test_standard_input), IN_FOLDER(test_closes),        IN_FOLDER(test_unsized),
        IN_FOLDER(test_hole),           IN_FOLDER(test_only_regular),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
