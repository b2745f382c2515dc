/* SPDX-License-Identifier: MIT */
/* One output: a temporary file until it is committed, no file if it is discarded; or a
 * stream that takes the bytes as they come. */
#include "../support/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "io/io.h"

static enum quant_status open_it(struct quant_file_output *output, const char *path, bool force,
                                 struct quant_error *error)
{
    return quant_output_open(output, path, force, &never, error);
}

static enum quant_status commit_one(struct quant_file_output *output, struct quant_error *error)
{
    return quant_output_commit_n(&output, 1, NULL, NULL, error);
}

/* Opens, writes and commits. */
static enum quant_status write_it(const char *path, const char *text, bool force,
                                  struct quant_error *error)
{
    struct quant_file_output output;
    enum quant_status status = open_it(&output, path, force, error);
    if (status == QUANT_OK)
        status = quant_sink_write(&output.sink, text, strlen(text), error);
    if (status == QUANT_OK)
        status = commit_one(&output, error);
    quant_output_discard(&output);
    return status;
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

/* ---- Files ---- */

static void test_commit(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    check_ok(open_it(&output, "w", false, &error), &error);
    assert_false(quant_output_is_stream(&output));
    assert_int_equal(folder_count("."), output.unnamed ? 0 : 1);
    check_ok(quant_sink_write(&output.sink, "ab", 2, &error), &error);
    check_ok(quant_sink_write(&output.sink, "", 0, &error), &error);
    check_ok(quant_sink_write(&output.sink, "c", 1, &error), &error);
    assert_false(file_exists("w"));
    check_ok(commit_one(&output, &error), &error);
    assert_true(file_has_text("w", "abc"));
    quant_output_discard(&output); /* allowed after a commit */
    quant_output_discard(&output); /* and again */
    assert_true(file_has_text("w", "abc"));
    assert_int_equal(folder_count("."), 1);
}

/* Sets the limit, and ignores the signal of writes beyond it. Returns the old limit. */
static struct rlimit limit_file_size(rlim_t nbytes)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    const struct rlimit limited = {nbytes, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
    return before;
}

static off_t size_of(int fd)
{
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    return status.st_size;
}

/* Blocks for a large file are allocated before they are written, step by step, and not beyond what
 * was said. */
static void test_expect(void **state)
{
    enum { STEP = 64 << 20, LARGE = STEP + 1000 };
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    check_ok(open_it(&output, "w", false, &error), &error);
    if (fallocate(output.fd, FALLOC_FL_KEEP_SIZE, 0, 1) != 0)
        skip(); /* this file system cannot allocate blocks */
    quant_sink_expect(&output.sink, 1000);
    check_ok(output.sink.ops->write_at(&output.sink, 0, "a", 1, &error), &error);
    assert_int_equal(size_of(output.fd), 1); /* too small for it */
    quant_sink_expect(&output.sink, LARGE);
    check_ok(output.sink.ops->write_at(&output.sink, 1, "b", 1, &error), &error);
    assert_int_equal(size_of(output.fd), STEP);
    check_ok(output.sink.ops->write_at(&output.sink, STEP - 1, "cd", 2, &error), &error);
    assert_int_equal(size_of(output.fd), LARGE);
    check_ok(commit_one(&output, &error), &error);
    quant_output_discard(&output);
    struct stat written;
    assert_int_equal(stat("w", &written), 0);
    assert_int_equal(written.st_size, LARGE);
}

/* If there is no room to allocate, only writes beyond the limit fail. */
static void test_expect_too_much(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    check_ok(open_it(&output, "w", false, &error), &error);
    const struct rlimit before = limit_file_size(4096);
    quant_sink_expect(&output.sink, 2 << 20);
    const enum quant_status within = output.sink.ops->write_at(&output.sink, 4000, "ab", 2, &error);
    const enum quant_status beyond = output.sink.ops->write_at(&output.sink, 4096, "ab", 2, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    check_error("within", within, &error, QUANT_OK, "");
    check_error("beyond", beyond, &error, QUANT_IO, "cannot write 'w': ");
    quant_output_discard(&output);
    assert_int_equal(folder_count("."), 0);
}

static void test_discard(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    const int descriptors = folder_count("/proc/self/fd");
    file_write_text("w", "old");
    check_ok(open_it(&output, "w", true, &error), &error);
    check_ok(quant_sink_write(&output.sink, "new", 3, &error), &error);
    quant_output_discard(&output);
    assert_true(file_has_text("w", "old"));
    assert_int_equal(folder_count("."), 1);
    assert_int_equal(folder_count("/proc/self/fd"), descriptors);
}

/* The header allows zeros. Descriptor 0 is not closed. */
static void test_discard_zeroed(void **state)
{
    (void)state;
    const int kept = dup(STDIN_FILENO);
    const int fd = open("/dev/null", O_RDONLY);
    assert_true(kept >= 0 && fd >= 0 && dup2(fd, STDIN_FILENO) == 0);
    struct quant_file_output output;
    memset(&output, 0, sizeof output);
    quant_output_discard(&output);
    const bool open_still = fcntl(STDIN_FILENO, F_GETFD) >= 0;
    assert_int_equal(dup2(kept, STDIN_FILENO), 0);
    close(kept);
    close(fd);
    assert_true(open_still);
}

static void test_force(void **state)
{
    (void)state;
    struct quant_error error;
    file_write_text("w", "old");
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    check_error("there", write_it("w", "new", false, &error), &error, QUANT_EXISTS,
                "'w' exists already; --force replaces it");
    check_error("dangling", write_it("dangling", "new", false, &error), &error, QUANT_IO,
                "cannot write through the link 'dangling': No such file or directory");
    assert_true(file_has_text("w", "old"));
    check_ok(write_it("w", "new", true, &error), &error);
    assert_true(file_has_text("w", "new"));
    check_ok(write_it("x", "first", true, &error), &error);
    assert_true(file_has_text("x", "first"));
    check_error("dangling", write_it("dangling", "new", true, &error), &error, QUANT_IO,
                "cannot write through the link 'dangling': No such file or directory");
    assert_int_equal(folder_count("."), 3);
}

static void test_symbolic_link(void **state)
{
    (void)state;
    struct quant_error error;
    struct stat status;
    assert_int_equal(mkdir("there", 0777), 0);
    file_write_text("there/w", "old");
    assert_int_equal(symlink("there/w", "link"), 0);
    assert_int_equal(symlink("link", "second"), 0);
    check_error("link", write_it("link", "new", false, &error), &error, QUANT_EXISTS, "'link'");
    check_ok(write_it("second", "new", true, &error), &error);
    assert_true(file_has_text("there/w", "new"));
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(folder_count("there"), 1);
    assert_int_equal(folder_count("."), 3);
}

static void test_mode(void **state)
{
    (void)state;
    struct quant_error error;
    static const mode_t modes[] = {0600, 0640, 0644, 0444, 0755, 0666};
    const mode_t mask = umask(022);
    for (size_t i = 0; i < LENGTH(modes); i++) {
        file_write_text("w", "old");
        assert_int_equal(chmod("w", modes[i]), 0);
        check_ok(write_it("w", "new", true, &error), &error);
        assert_int_equal(mode_of("w"), modes[i]);
        assert_int_equal(unlink("w"), 0);
    }
    check_ok(write_it("new", "new", false, &error), &error);
    assert_int_equal(mode_of("new"), 0644); /* by the umask, like any new file */
    umask(077);
    check_ok(write_it("mine", "new", false, &error), &error);
    assert_int_equal(mode_of("mine"), 0600);
    umask(mask);
}

/* A set-user-id bit is not copied to the new file. */
static void test_mode_is_no_privilege(void **state)
{
    (void)state;
    struct quant_error error;
    file_write_text("w", "old");
    assert_int_equal(chmod("w", 06755), 0);
    check_ok(write_it("w", "new", true, &error), &error);
    assert_int_equal(mode_of("w"), 0755);
}

static void test_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(symlink("directory", "to_directory"), 0);
    file_write_text("file", "");
    static const struct {
        const char *path;
        const char *message;
    } rows[] = {
        {"directory", "cannot write 'directory': it is a directory"},
        {"to_directory", "cannot write 'to_directory': it is a directory"},
        {".", "cannot write '.': it is a directory"},
        {"/", "cannot write '/': it is a directory"},
        {"missing/w", "cannot write 'missing/w': No such file or directory"},
        {"file/w", "cannot write 'file/w': Not a directory"},
        {"new/", "cannot write 'new/': "},
    };
    for (size_t i = 0; i < LENGTH(rows) * 2; i++) {
        struct quant_error error;
        struct quant_file_output output;
        const enum quant_status status = open_it(&output, rows[i / 2].path, i % 2, &error);
        quant_output_discard(&output);
        check_error(rows[i / 2].path, status, &error, QUANT_IO, rows[i / 2].message);
    }
    assert_int_equal(folder_count("."), 3);
}

static void test_no_name(void **state)
{
    (void)state;
    struct quant_error error;
    check_error("no name", write_it("", "x", false, &error), &error, QUANT_IO,
                "no output path is given");
    assert_int_equal(folder_count("."), 0);
}

static void test_created_meanwhile(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    check_ok(open_it(&output, "w", false, &error), &error);
    check_ok(quant_sink_write(&output.sink, "new", 3, &error), &error);
    file_write_text("w", "theirs");
    check_error("meanwhile", commit_one(&output, &error), &error, QUANT_EXISTS,
                "'w' was created by another process meanwhile, and is kept");
    quant_output_discard(&output);
    assert_true(file_has_text("w", "theirs"));
    assert_int_equal(folder_count("."), 1);
}

static void test_longest_name(void **state)
{
    (void)state;
    char name[256];
    struct quant_error error;
    memset(name, 'n', 255);
    name[255] = '\0';
    check_ok(write_it(name, "x", false, &error), &error);
    assert_true(file_has_text(name, "x"));
}

static void test_cancelled(void **state)
{
    (void)state;
    static volatile sig_atomic_t flag;
    const struct quant_cancel cancel = {&flag, -1};
    struct quant_file_output output;
    struct quant_error error;
    check_ok(quant_output_open(&output, "w", false, &cancel, &error), &error);
    check_ok(quant_sink_write(&output.sink, "x", 1, &error), &error);
    flag = 1;
    check_error("flag", quant_sink_write(&output.sink, "x", 1, &error), &error, QUANT_CANCELLED,
                "cancelled");
    quant_output_discard(&output);
    assert_int_equal(folder_count("."), 0);
    flag = 0;
}

/* ---- Streams ---- */

static void test_is_stream(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool is_stream;
    } rows[] = {{"-", true},    {"/dev/null", true}, {"/dev/full", true}, {"fifo", true},
                {"link", true}, {"file", false},     {"missing", false},  {"./-", false},
                {".", false},   {"", false}};
    assert_int_equal(mkfifo("fifo", 0666), 0);
    assert_int_equal(symlink("fifo", "link"), 0);
    file_write_text("file", "");
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (quant_path_is_stream(rows[i].path) != rows[i].is_stream)
            fail_msg("%s", rows[i].path);
}

static void test_fifo(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    struct stat status;
    char bytes[8];
    assert_int_equal(mkfifo("fifo", 0666), 0);
    const int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    check_ok(open_it(&output, "fifo", false, &error),
             &error); /* an existing FIFO is written to, also without force */
    assert_true(quant_output_is_stream(&output));
    check_ok(quant_sink_write(&output.sink, "abc", 3, &error), &error);
    assert_int_equal(read(fd, bytes, sizeof bytes), 3); /* at once */
    check_ok(commit_one(&output, &error), &error);
    quant_output_discard(&output);
    assert_int_equal(read(fd, bytes, sizeof bytes), 0); /* closed */
    assert_int_equal(lstat("fifo", &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(folder_count("."), 1);
    close(fd);
}

static void test_reader_gone(void **state)
{
    (void)state;
    struct quant_file_output output;
    struct quant_error error;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    const int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    check_ok(open_it(&output, "fifo", true, &error), &error);
    close(fd);
    check_error("gone", quant_sink_write(&output.sink, "abc", 3, &error), &error, QUANT_CLOSED,
                "cannot write 'fifo': Broken pipe");
    quant_output_discard(&output);
}

/* A write to a full FIFO waits for room or for the caller's wake-up, whichever thread writes. */
static void test_full_fifo(void **state)
{
    (void)state;
    static const char bytes[1 << 16];
    static volatile sig_atomic_t flag;
    int wake[2];
    struct quant_file_output output;
    struct quant_error error;
    assert_int_equal(pipe2(wake, O_CLOEXEC), 0);
    assert_int_equal(mkfifo("fifo", 0666), 0);
    const int fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const struct quant_cancel cancel = {&flag, wake[0]};
    check_ok(quant_output_open(&output, "fifo", false, &cancel, &error), &error);
    assert_true(fcntl(output.fd, F_GETFL) & O_NONBLOCK);
    while (write(output.fd, bytes, sizeof bytes) > 0)
        continue;
    flag = 1;
    assert_int_equal(write(wake[1], "", 1), 1);
    check_error("full", quant_sink_write(&output.sink, bytes, 1, &error), &error, QUANT_CANCELLED,
                "cancelled");
    quant_output_discard(&output);
    close(fd);
    close(wake[0]);
    close(wake[1]);
}

static void test_full(void **state)
{
    (void)state;
    struct quant_error error;
    check_error("full", write_it("/dev/full", "abc", false, &error), &error, QUANT_IO,
                "cannot write '/dev/full': No space left on device");
    check_ok(write_it("/dev/null", "abc", false, &error), &error);
    assert_true(quant_path_is_stream("/dev/full"));
}

static void test_standard_output(void **state)
{
    (void)state;
    int fds[2];
    char bytes[8];
    struct quant_error error = {QUANT_OK, ""};
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    assert_int_equal(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
    const enum quant_status status = write_it("-", "abc", false, &error);
    const bool open_still = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    close(kept);
    check_ok(status, &error);
    assert_true(open_still);
    assert_int_equal(read(fds[0], bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "abc", 3);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(folder_count("."), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_commit),
        IN_FOLDER(test_expect),
        IN_FOLDER(test_expect_too_much),
        IN_FOLDER(test_discard),
        IN_FOLDER(test_discard_zeroed),
        IN_FOLDER(test_force),
        IN_FOLDER(test_symbolic_link),
        IN_FOLDER(test_mode),
        IN_FOLDER(test_mode_is_no_privilege),
        IN_FOLDER(test_refused),
        IN_FOLDER(test_no_name),
        IN_FOLDER(test_created_meanwhile),
        IN_FOLDER(test_longest_name),
        IN_FOLDER(test_cancelled),
        IN_FOLDER(test_is_stream),
        IN_FOLDER(test_fifo),
        IN_FOLDER(test_reader_gone),
        IN_FOLDER(test_full_fifo),
        IN_FOLDER(test_full),
        IN_FOLDER(test_standard_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
