/* SPDX-License-Identifier: MIT */
/* Jobs with a list of files: each output is that of a call of its own, the caller sees files and
 * tensors in order, a file that fails does not stop the others, and what the caller stops is
 * undone. The list has small files and one that is large enough for all threads. */
#include "../engine.h"

#include <math.h>

enum { FILES = 9, LARGE = 3 << 20, BAD = 4, REFUSED = 6, MOST_THREADS = 4 };

static const char *const inputs[FILES] = {"a.npy",     "b.json",  "c.safetensors",
                                          "large.bin", "bad.npy", "d.bin",
                                          "taken.npy", "e.npy",   "f.safetensors"};
static const char *const outputs[FILES] = {"o/a.npy",     "o/b.json",  "o/c.safetensors",
                                           "o/large.bin", "o/bad.npy", "o/d.bin",
                                           "o/taken.npy", "o/e.npy",   "o/f.safetensors"};

static const struct quant_error taken = {QUANT_EXISTS, "this one is taken"};

struct seen {
    size_t begun[FILES];
    size_t nfiles;
    size_t ntensors; /* of the file at work */
    size_t stop_at;  /* this file is the last that is wanted */
    size_t stop_at_tensor_of;
    enum quant_status statuses[FILES];
    uint64_t done;
    uint64_t total;
    bool in_progress; /* the functions are never called at the same time */
};

static void begin_file(void *context, size_t i)
{
    struct seen *seen = context;
    seen->begun[i]++;
}

static bool see_tensor(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->file, seen->nfiles);
    assert_int_equal(result->tensor, seen->ntensors++);
    assert_int_equal(result->ntensors, 2);
    assert_string_equal(result->name, result->tensor == 0 ? "w" : "b");
    assert_false(file_exists(outputs[result->file]));
    return result->file != seen->stop_at_tensor_of;
}

static bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->file, seen->nfiles);
    assert_int_equal(seen->begun[result->file], 1);
    assert_int_equal(result->status != QUANT_OK, result->error != NULL);
    seen->statuses[seen->nfiles++] = result->status;
    seen->ntensors = 0;
    return result->file != seen->stop_at;
}

static void see_progress(void *context, uint64_t done, uint64_t total)
{
    struct seen *seen = context;
    assert_true(done >= seen->done && done <= total);
    assert_true(seen->total == 0 || seen->total == total);
    seen->done = done;
    seen->total = total;
}

static void write_inputs(void)
{
    static const char header[] =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[0,96]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[96,120]}}      ";
    float *x = make_floats(LARGE);
    assert_int_equal(mkdir("o", 0777), 0);
    assert_int_equal(mkdir("alone", 0777), 0);
    for (size_t i = 0; i < FILES; i++)
        if (strstr(inputs[i], ".safetensors"))
            file_write_container(inputs[i], header, x + i, 120);
        else
            write_tensor(inputs[i], x + i, i == 3 ? LARGE - i : 1000);
    x[7] = NAN;
    write_tensor(inputs[BAD], x, 10);
    free(x);
}

static void make_files(struct quant_file files[FILES])
{
    for (size_t i = 0; i < FILES; i++)
        files[i] = (struct quant_file){.path = inputs[i], .output = outputs[i]};
    files[REFUSED].reason = &taken;
}

static struct quant_control control_for(struct seen *seen, unsigned threads)
{
    *seen = (struct seen){.stop_at = FILES, .stop_at_tensor_of = FILES};
    return (struct quant_control){.threads = threads,
                                  .progress = see_progress,
                                  .on_tensor = see_tensor,
                                  .context = seen,
                                  .begin_file = begin_file,
                                  .on_file = see_file};
}

static struct quant_quantize_job list_job(const struct quant_file *files, struct seen *seen,
                                          unsigned threads)
{
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.files = files;
    job.nfiles = FILES;
    job.control = control_for(seen, threads);
    return job;
}

static void clear_outputs(void)
{
    assert_int_equal(system("rm -f o/*"), 0);
}

static void expect_statuses(const struct seen *seen)
{
    assert_int_equal(seen->nfiles, FILES);
    for (size_t i = 0; i < FILES; i++)
        assert_int_equal(seen->statuses[i], i == BAD       ? QUANT_NONFINITE
                                            : i == REFUSED ? QUANT_EXISTS
                                                           : QUANT_OK);
    assert_true(seen->total > LARGE);
    assert_int_equal(seen->done, seen->total);
}

static void quantize_alone(void)
{
    for (size_t i = 0; i < FILES; i++) {
        char output[64];
        snprintf(output, sizeof output, "alone%s", outputs[i] + 1);
        const struct quant_quantize_job job = quantize_job(inputs[i], output);
        if (i != BAD && i != REFUSED)
            quantize_ok(&job);
    }
}

static void expect_outputs(void)
{
    for (size_t i = 0; i < FILES; i++) {
        char output[64];
        snprintf(output, sizeof output, "alone%s", outputs[i] + 1);
        if (i == BAD || i == REFUSED)
            assert_false(file_exists(outputs[i]));
        else
            assert_true(files_equal(outputs[i], output));
    }
}

static void test_quantize(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    quantize_alone();
    make_files(files);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_quantize_job job = list_job(files, &seen, threads);
        const enum quant_status status = quant_file_quantize(&job, NULL, &error);
        check_error("the first", status, &error, QUANT_NONFINITE, "bad.npy");
        expect_statuses(&seen);
        expect_outputs();
        clear_outputs();
    }
}

static void test_dequantize(void **state)
{
    (void)state;
    static char sidecars[FILES][80];
    static char paths[FILES][64];
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    quantize_alone();
    make_files(files);
    for (size_t i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "alone%s", outputs[i] + 1);
        snprintf(sidecars[i], sizeof sidecars[i], "%s.json", paths[i]);
        files[i].path = paths[i];
        files[i].sidecar = i % 2 ? sidecars[i] : NULL;
    }
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_dequantize_job job = dequantize_job(NULL, NULL);
        job.files = files;
        job.nfiles = FILES;
        job.control = control_for(&seen, threads);
        const enum quant_status status = quant_file_dequantize(&job, NULL, &error);
        check_error("the first", status, &error, QUANT_IO, "bad.npy");
        assert_int_equal(seen.nfiles, FILES);
        for (size_t i = 0; i < FILES; i++)
            assert_int_equal(file_exists(outputs[i]), i != BAD && i != REFUSED);
        clear_outputs();
    }
}

static bool see_compared_tensor(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->file, seen->nfiles);
    assert_int_equal(result->ntensors, 1);
    assert_string_equal(result->name, "w");
    assert_true(result->compared->n > 1);
    seen->ntensors++;
    return true;
}

static bool see_compared(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    const bool is_container = strstr(inputs[result->file], ".safetensors") != NULL;
    assert_int_equal(seen->ntensors, is_container);
    if (result->status == QUANT_OK)
        assert_int_equal(result->compared->n > 1, !is_container);
    return see_file(context, result);
}

static void test_compare(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    make_files(files);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_compare_job job = {.size = sizeof job, .files = files, .nfiles = FILES};
        job.control = control_for(&seen, threads);
        job.control.on_tensor = see_compared_tensor;
        job.control.on_file = see_compared;
        const enum quant_status status = quant_file_compare(&job, NULL, &error);
        check_error("the first", status, &error, QUANT_NONFINITE, "bad.npy");
        expect_statuses(&seen);
    }
}

/* Files up to that one stay, and nothing is left of later ones. */
static void test_stops(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    make_files(files);
    for (unsigned i = 0; i < MOST_THREADS * FILES; i++) {
        struct seen seen;
        struct quant_quantize_job job = list_job(files, &seen, i % MOST_THREADS + 1);
        seen.stop_at = i / MOST_THREADS;
        const enum quant_status status = quant_file_quantize(&job, NULL, &error);
        check_error("stop", status, &error, QUANT_CANCELLED, "cancelled");
        assert_int_equal(seen.nfiles, seen.stop_at + 1);
        for (size_t k = 0; k <= seen.stop_at; k++)
            assert_int_equal(file_exists(outputs[k]), k != BAD && k != REFUSED);
        clear_outputs();
    }
}

/* ---- QUANT_FAIL_FAST ---- */

static bool see_begun(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    seen->nfiles++;
    seen->statuses[result->file] = result->status;
    assert_int_equal(seen->begun[result->file], 1);
    assert_false(result->is_unsized && result->status == QUANT_OK &&
                 !strstr(inputs[result->file], ".json"));
    return true;
}

/* What was begun is finished and reported; the rest is not begun. */
static void test_fail_fast(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    make_files(files);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_quantize_job job = list_job(files, &seen, threads);
        job.ways = QUANT_FAIL_FAST;
        job.control.on_file = see_begun;
        job.control.on_tensor = NULL;
        const enum quant_status status = quant_file_quantize(&job, NULL, &error);
        assert_true(status == QUANT_NONFINITE || status == QUANT_EXISTS);
        size_t nbegun = 0;
        for (size_t i = 0; i < FILES; i++) {
            nbegun += seen.begun[i];
            assert_int_equal(file_exists(outputs[i]),
                             seen.begun[i] == 1 && seen.statuses[i] == QUANT_OK);
        }
        assert_int_equal(nbegun, seen.nfiles);
        assert_true(nbegun >= BAD + 1 && nbegun <= FILES);
        if (threads == 1)
            assert_int_equal(nbegun, BAD + 1);
        clear_outputs();
    }
}

static void test_unknown_way(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    make_files(files);
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.files = files;
    job.nfiles = FILES;
    job.ways = UINT64_C(1) << 40;
    const enum quant_status status = quant_file_quantize(&job, NULL, &error);
    check_error("unknown", status, &error, QUANT_INVALID, "'ways': 10000000000");
}

static void test_stops_at_tensor(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    make_files(files);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_quantize_job job = list_job(files, &seen, threads);
        seen.stop_at_tensor_of = 2;
        const enum quant_status status = quant_file_quantize(&job, NULL, &error);
        check_error("stop", status, &error, QUANT_CANCELLED, "cancelled");
        assert_int_equal(seen.nfiles, 3);
        assert_int_equal(seen.statuses[2], QUANT_CANCELLED);
        assert_true(file_exists(outputs[1]));
        assert_false(file_exists(outputs[2]));
        clear_outputs();
    }
}

/* A flag that is set before the call: the first file is not even begun, or is undone. */
static void test_cancel(void **state)
{
    (void)state;
    static const volatile sig_atomic_t raised = 1;
    struct quant_file files[FILES];
    struct quant_error error;
    write_inputs();
    make_files(files);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
        struct seen seen;
        struct quant_quantize_job job = list_job(files, &seen, threads);
        job.control.cancel = (struct quant_cancel){&raised, -1};
        const enum quant_status status = quant_file_quantize(&job, NULL, &error);
        check_error("cancel", status, &error, QUANT_CANCELLED, "cancelled");
        assert_true(seen.nfiles <= 1);
        clear_outputs();
    }
}

static void test_wrong_lists(void **state)
{
    (void)state;
    struct quant_file files[FILES];
    write_inputs();
    make_files(files);
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.nfiles = FILES;
    quantize_fails(&job, QUANT_INVALID, "a list of 9 files is needed");
    job.files = files;
    job.input.tensor = "w";
    quantize_fails(&job, QUANT_INVALID, "there is a list of files");
    job.input.tensor = NULL;
    files[0] = (struct quant_file){.path = NULL, .output = "o/a.npy"};
    job.nfiles = 1;
    quantize_fails(&job, QUANT_INVALID, "an input path is needed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_quantize),    IN_FOLDER(test_dequantize),      IN_FOLDER(test_compare),
        IN_FOLDER(test_stops),       IN_FOLDER(test_stops_at_tensor), IN_FOLDER(test_cancel),
        IN_FOLDER(test_wrong_lists), IN_FOLDER(test_fail_fast),       IN_FOLDER(test_unknown_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
