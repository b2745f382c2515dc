/* SPDX-License-Identifier: MIT */
/* The pending name of a record: taken from a process that is gone, with what it had begun ended or
 * undone, and never from one that still holds it. */
#include "../support/files.h"

#include <sys/file.h>

#include "io/io.h"
#include "io/pending.h"

static enum quant_status answer(void *context, bool *stands, struct quant_error *error)
{
    (void)error;
    *stands = *(const bool *)context;
    return QUANT_OK;
}

static enum quant_status replace(const struct quant_replacement *replacement,
                                 const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_file_output data;
    struct quant_file_output record;
    check_ok(quant_output_open(&data, "w", true, cancel, error), error);
    check_ok(quant_output_open(&record, "w.json", true, cancel, error), error);
    check_ok(quant_sink_write(&data.sink, "new data", 8, error), error);
    check_ok(quant_sink_write(&record.sink, "new record", 10, error), error);
    struct quant_file_output *const outputs[] = {&data};
    const enum quant_status status = quant_output_commit_n(outputs, 1, &record, replacement, error);
    quant_output_discard(&data);
    quant_output_discard(&record);
    return status;
}

static void make_old(void)
{
    file_write_text("w", "old data");
    file_write_text("w.json", "old record");
    file_write_text("w.json.pending", "other record");
    file_write_text("w.scales.pending", "other scales");
}

/* What another process has begun is undone where the old record stands, and else ended; the next
 * replaces the result in either case. */
static void test_left_over(void **state)
{
    (void)state;
    for (int stands = 0; stands < 2; stands++) {
        bool is_standing = stands;
        struct quant_error error;
        const struct quant_replacement replacement = {
            .stands = answer, .context = &is_standing, .companion = "w.scales"};
        make_old();
        check_ok(replace(&replacement, &never, &error), &error);
        assert_true(file_has_text("w", "new data"));
        assert_true(file_has_text("w.json", "new record"));
        assert_false(file_exists("w.json.pending"));
        assert_false(file_exists("w.scales.pending"));
        assert_int_equal(file_exists("w.scales"), !stands);
        if (!stands)
            assert_true(file_has_text("w.scales", "other scales"));
        remove("w.scales");
    }
}

/* Nothing changes while another process holds the lock. */
static void test_held(void **state)
{
    (void)state;
    bool is_standing = true;
    volatile sig_atomic_t flag = 1;
    struct quant_error error;
    const struct quant_cancel cancel = {.flag = &flag, .wake_fd = -1};
    const struct quant_replacement replacement = {.stands = answer, .context = &is_standing};
    struct quant_file_output record;
    make_old();
    const int fd = open("w.json.pending", O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    check_ok(quant_output_open(&record, "w.json", true, &cancel, &error), &error);
    assert_int_equal(quant_pending_claim(&record, NULL, 0, &replacement, &error), QUANT_CANCELLED);
    assert_true(file_has_text("w.json.pending", "other record"));
    assert_true(file_has_text("w.json", "old record"));
    assert_int_equal(close(fd), 0);
    check_ok(quant_pending_claim(&record, NULL, 0, &replacement, &error), &error);
    assert_true(file_has_text("w.json.pending", ""));
    quant_output_discard(&record);
    assert_false(file_exists("w.json.pending"));
}

/* It lies beside the file that a link leads to. */
static void test_link(void **state)
{
    (void)state;
    assert_int_equal(mkdir("there", 0777), 0);
    file_write_text("there/r.json", "r");
    assert_int_equal(symlink("there/r.json", "w.json"), 0);
    char *name = quant_pending_name("w.json");
    const char *last = name ? strstr(name, "/there/r.json.pending") : NULL;
    assert_non_null(last);
    assert_string_equal(last, "/there/r.json.pending");
    free(name);
    name = quant_pending_name("there/r.json");
    assert_string_equal(name, "there/r.json.pending");
    free(name);
}

/* Only while somebody holds it: not where it is missing, or left over. */
static void test_claimed(void **state)
{
    (void)state;
    assert_false(quant_pending_is_claimed("w.json"));
    make_old();
    assert_false(quant_pending_is_claimed("w.json"));
    const int fd = open("w.json.pending", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_true(quant_pending_is_claimed("w.json"));
    assert_false(quant_pending_is_claimed("v.json"));
    close(fd);
    assert_false(quant_pending_is_claimed("w.json"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_left_over),
        IN_FOLDER(test_held),
        IN_FOLDER(test_link),
        IN_FOLDER(test_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
