/* SPDX-License-Identifier: MIT */
/* Files of a call and the directories that they share; and what quantizing many files still finds
 * out about each. */
#include "../engine.h"

#include <quant/file.h>
#include <sys/stat.h>

#include "engine/files/file_directories.h"

enum { MANY = 20 };

struct names {
    char inputs[MANY][32];
    char outputs[MANY][32];
    struct quant_file files[MANY];
};

static void fill(struct names *names)
{
    for (int i = 0; i < MANY; i++) {
        snprintf(names->inputs[i], sizeof names->inputs[i], "%s/%02d.npy", i < 10 ? "a" : "b", i);
        snprintf(names->outputs[i], sizeof names->outputs[i], "q/%02d.npy", i);
        names->files[i] =
            (struct quant_file){.path = names->inputs[i], .output = names->outputs[i]};
    }
}

static void write_inputs(const struct names *names)
{
    static const float x[4] = {1, 2, 3, 4};
    assert_int_equal(mkdir("a", 0777), 0);
    assert_int_equal(mkdir("b", 0777), 0);
    assert_int_equal(mkdir("q", 0777), 0);
    for (int i = 0; i < MANY; i++)
        write_npy(names->inputs[i], x, 4, false, "(4,)");
}

static void test_shared(void **state)
{
    (void)state;
    struct names names;
    struct quant_file_directories directories;
    fill(&names);
    write_inputs(&names);
    names.files[3].output = NULL;
    quant_file_directories_init(&directories, names.files, MANY);
    const struct quant_shared_directory *a = quant_file_directories_input(&directories, 0);
    const struct quant_shared_directory *b = quant_file_directories_input(&directories, 10);
    const struct quant_shared_directory *q = quant_file_directories_output(&directories, 0);
    assert_true(a && b && q && a != b && b != q);
    assert_true(!a->was_empty && !b->was_empty && q->was_empty);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(quant_file_directories_input(&directories, i), i < 10 ? a : b);
        assert_ptr_equal(quant_file_directories_output(&directories, i), i == 3 ? NULL : q);
    }
    quant_file_directories_release(&directories);
    quant_file_directories_init(&directories, names.files, 2);
    assert_null(quant_file_directories_input(&directories, 0));
    assert_null(quant_file_directories_output(&directories, 1));
    quant_file_directories_release(&directories);
}

static bool count_failures(void *context, const struct quant_file_result *result)
{
    size_t *const failures = context;
    *failures += result->status == QUANT_EXISTS;
    return true;
}

static size_t quantize_all(const struct names *names)
{
    size_t failures = 0;
    struct quant_error error;
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.files = names->files;
    job.nfiles = MANY;
    job.control.on_file = count_failures;
    job.control.context = &failures;
    quant_file_quantize(&job, NULL, &error);
    return failures;
}

/* Old outputs are refused whether the directory was empty or not, and if an output gets its name
 * while the call is under way: here from another file of the call. */
static void test_refused(void **state)
{
    (void)state;
    struct names names;
    fill(&names);
    write_inputs(&names);
    names.files[5].output = names.outputs[4];
    assert_int_equal(quantize_all(&names), 1);
    assert_int_equal(folder_count("q"), 2 * (MANY - 1));
    assert_int_equal(quantize_all(&names), MANY);
    assert_int_equal(folder_count("q"), 2 * (MANY - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_shared), IN_FOLDER(test_refused)};
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
