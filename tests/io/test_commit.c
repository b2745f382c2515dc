/* SPDX-License-Identifier: MIT */
/* Data and sidecar become visible as one: the order in which names change, and the files after a
 * step failed. tests/faults/test_commit.c lets each call fail in turn. */
#include "../support/files.h"

#include <sys/inotify.h>

#include "io/io.h"

struct pair {
    struct quant_file_output data;
    struct quant_file_output sidecar;
};

static void open_pair(struct pair *pair, bool force)
{
    struct quant_error error;
    check_ok(quant_output_open(&pair->data, "w", force, &never, &error), &error);
    check_ok(quant_output_open(&pair->sidecar, "w.json", force, &never, &error), &error);
    /* In two parts, so that nothing is held back until the commit. */
    check_ok(quant_sink_write(&pair->data.sink, "new ", 4, &error), &error);
    check_ok(quant_sink_write(&pair->data.sink, "data", 4, &error), &error);
    check_ok(quant_sink_write(&pair->sidecar.sink, "new ", 4, &error), &error);
    check_ok(quant_sink_write(&pair->sidecar.sink, "sidecar", 7, &error), &error);
}

static enum quant_status commit_pair(struct pair *pair, struct quant_error *error)
{
    struct quant_file_output *const data = &pair->data;
    const enum quant_status status = quant_output_commit_n(&data, 1, &pair->sidecar, NULL, error);
    quant_output_discard(&pair->data);
    quant_output_discard(&pair->sidecar);
    return status;
}

static void make_old(void)
{
    file_write_text("w", "old data");
    file_write_text("w.json", "old sidecar");
}

static void check_pair(const char *age)
{
    char text[32];
    snprintf(text, sizeof text, "%s data", age);
    assert_true(file_has_text("w", text));
    snprintf(text, sizeof text, "%s sidecar", age);
    assert_true(file_has_text("w.json", text));
    assert_int_equal(folder_count("."), 2);
}

/* ---- No failure ---- */

static void test_both(void **state)
{
    (void)state;
    struct pair pair;
    struct quant_error error;
    open_pair(&pair, false);
    check_ok(commit_pair(&pair, &error), &error);
    check_pair("new");
}

static void test_each_old_one(void **state)
{
    (void)state;
    for (int old = 0; old < 4; old++) {
        struct pair pair;
        struct quant_error error;
        make_old();
        assert_true(old & 1 || unlink("w") == 0);
        assert_true(old & 2 || unlink("w.json") == 0);
        open_pair(&pair, true);
        check_ok(commit_pair(&pair, &error), &error);
        check_pair("new");
    }
}

/* Appends the names that changed since, as "-w.json +w ": moved or removed, and arrived. */
static void read_events(int fd, char *events, size_t room)
{
    _Alignas(struct inotify_event) char bytes[8192];
    const ssize_t nbytes = read(fd, bytes, sizeof bytes);
    events[0] = '\0';
    for (ssize_t at = 0; at < nbytes;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        const size_t length = strlen(events);
        if (event->len > 0 && event->name[0] == 'w')
            snprintf(events + length, room - length, "%c%s ",
                     event->mask & (IN_MOVED_FROM | IN_DELETE) ? '-' : '+', event->name);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

/* The new sidecar is there before the data is exchanged, and in its place last. */
static void test_order(void **state)
{
    (void)state;
    static const struct {
        bool old;
        const char *events;
    } rows[] = {{true, "+w.json.pending +w -w.json.pending +w.json "}, {false, "+w +w.json "}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct pair pair;
        struct quant_error error;
        char events[256];
        if (rows[i].old)
            make_old();
        const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        assert_true(fd >= 0);
        open_pair(&pair, rows[i].old);
        assert_true(inotify_add_watch(fd, ".", IN_MOVE | IN_CREATE | IN_DELETE) >= 0);
        check_ok(commit_pair(&pair, &error), &error);
        read_events(fd, events, sizeof events);
        assert_string_equal(events, rows[i].events);
        close(fd);
        assert_true(unlink("w") == 0 && unlink("w.json") == 0);
    }
}

/* Several outputs get their names in the given order, all of them before the record; what replaces
 * something has pending names before that. */
static void test_order_of_several(void **state)
{
    (void)state;
    static const char *const names[] = {"w1", "w2", "w3", "w.json"};
    enum { N = sizeof names / sizeof names[0] };
    static const char *const events[] = {
        "+w1 +w2 +w3 +w.json ", "+w.json.pending +w2.pending +w3.pending "
                                "+w1 -w2.pending +w2 -w3.pending +w3 -w.json.pending +w.json "};
    for (size_t again = 0; again < LENGTH(events); again++) {
        struct quant_file_output files[N];
        struct quant_error error;
        char seen[256];
        for (size_t i = 0; i < N; i++)
            check_ok(quant_output_open(&files[i], names[i], again, &never, &error), &error);
        const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        assert_true(inotify_add_watch(fd, ".", IN_MOVE | IN_CREATE | IN_DELETE) >= 0);
        struct quant_file_output *const outputs[] = {&files[0], &files[1], NULL, &files[2]};
        check_ok(quant_output_commit_n(outputs, LENGTH(outputs), &files[N - 1], NULL, &error),
                 &error);
        read_events(fd, seen, sizeof seen);
        assert_string_equal(seen, events[again]);
        close(fd);
        for (size_t i = 0; i < N; i++)
            quant_output_discard(&files[i]);
        assert_int_equal(folder_count("."), N);
    }
}

/* A stream took the data: the sidecar alone is put in place. */
static void test_stream(void **state)
{
    (void)state;
    struct pair pair;
    struct quant_error error;
    check_ok(quant_output_open(&pair.data, "/dev/null", false, &never, &error), &error);
    check_ok(quant_output_open(&pair.sidecar, "w.json", false, &never, &error), &error);
    check_ok(quant_sink_write(&pair.sidecar.sink, "s", 1, &error), &error);
    check_ok(commit_pair(&pair, &error), &error);
    assert_true(file_has_text("w.json", "s"));
    assert_int_equal(folder_count("."), 1);
}

/* ---- A step fails ---- */

/* A file without a name cannot be removed. Its descriptor becomes that of a directory, which can
 * neither be linked nor copied. */
static void lose(struct quant_file_output *output)
{
    if (output->temporary) {
        assert_int_equal(unlink(output->temporary), 0);
        return;
    }
    const int directory = open(".", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(directory, output->fd), output->fd);
    close(directory);
}

static void lose_data(struct pair *pair)
{
    lose(&pair->data);
}

static void lose_sidecar(struct pair *pair)
{
    lose(&pair->sidecar);
}

/* The close reports it, as NFS and quotas do. */
static void close_data(struct pair *pair)
{
    close(pair->data.fd);
}

static void close_sidecar(struct pair *pair)
{
    close(pair->sidecar.fd);
}

static const struct {
    void (*spoil)(struct pair *pair);
    const char *message;
} spoilers[] = {
    {lose_data, NULL}, /* by how it was lost */
    {lose_sidecar, NULL},
    {close_data, "cannot write 'w': Bad file descriptor"},
    {close_sidecar, "cannot write 'w.json': Bad file descriptor"},
};

static void test_undone(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(spoilers) * 2; i++) {
        struct pair pair;
        struct quant_error error;
        const bool old = i % 2;
        if (old)
            make_old();
        open_pair(&pair, old);
        spoilers[i / 2].spoil(&pair);
        const char *message = spoilers[i / 2].message;
        if (!message)
            message = pair.data.unnamed ? ": Invalid argument" : ": No such file or directory";
        check_error(message, commit_pair(&pair, &error), &error, QUANT_IO, message);
        if (!old)
            assert_int_equal(folder_count("."), 0);
        else
            check_pair("old");
        remove("w");
        remove("w.json");
    }
}

/* Two links to one file: its name is all that must survive. */
static void test_undone_mode_and_links(void **state)
{
    (void)state;
    struct pair pair;
    struct quant_error error;
    struct stat before;
    struct stat after;
    make_old();
    assert_int_equal(stat("w", &before), 0);
    open_pair(&pair, true);
    lose_sidecar(&pair);
    assert_int_equal(commit_pair(&pair, &error), QUANT_IO);
    assert_int_equal(stat("w", &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_nlink, 1);
}

static void test_sidecar_created_meanwhile(void **state)
{
    (void)state;
    struct pair pair;
    struct quant_error error;
    open_pair(&pair, false);
    file_write_text("w.json", "theirs");
    check_error("meanwhile", commit_pair(&pair, &error), &error, QUANT_EXISTS,
                "'w.json' was created by another process meanwhile");
    assert_true(file_has_text("w.json", "theirs"));
    assert_false(file_exists("w"));
    assert_int_equal(folder_count("."), 1);
}

/* Even with force, a directory that has been created meanwhile stays, and so does the old sidecar.
 */
static void test_directory_created_meanwhile(void **state)
{
    (void)state;
    struct pair pair;
    struct quant_error error;
    file_write_text("w.json", "old sidecar");
    open_pair(&pair, true);
    assert_int_equal(mkdir("w", 0777), 0);
    check_error("directory", commit_pair(&pair, &error), &error, QUANT_IO, "Is a directory");
    assert_true(file_has_text("w.json", "old sidecar"));
    assert_int_equal(folder_count("."), 2);
}

static void test_discarded(void **state)
{
    (void)state;
    struct pair pair;
    make_old();
    open_pair(&pair, true);
    quant_output_discard(&pair.sidecar);
    quant_output_discard(&pair.data);
    check_pair("old");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_both),
        IN_FOLDER(test_each_old_one),
        IN_FOLDER(test_order),
        IN_FOLDER(test_order_of_several),
        IN_FOLDER(test_stream),
        IN_FOLDER(test_undone),
        IN_FOLDER(test_undone_mode_and_links),
        IN_FOLDER(test_sidecar_created_meanwhile),
        IN_FOLDER(test_directory_created_meanwhile),
        IN_FOLDER(test_discarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
