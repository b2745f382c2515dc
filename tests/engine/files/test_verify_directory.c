/* SPDX-License-Identifier: MIT */
/* Quantized files beside a directory: which file each is compared with, and what is missing. */
#include "../verifying.h"

#include <sys/stat.h>
#include <unistd.h>

enum { N = 30 };

static float *floats;

static int enter(void **state)
{
    if (folder_enter(state) != 0)
        return -1;
    floats = make_floats(N);
    return mkdir("m", 0777) == 0 && mkdir("m/sub", 0777) == 0 && mkdir("q", 0777) == 0 &&
                   mkdir("q/sub", 0777) == 0
               ? 0
               : -1;
}

static int leave(void **state)
{
    free(floats);
    return folder_leave(state);
}

#define IN_DIRECTORIES(test) cmocka_unit_test_setup_teardown(test, enter, leave)

/* Other floats with another factor. */
static void write_floats(const char *path, float factor)
{
    float x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = floats[i] * factor;
    write_npy(path, x, N, false, "(30,)");
}

static void quantize(const char *input, const char *output)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.measure = false;
    quantize_ok(&job);
}

/* ---- A job over a directory ---- */

struct seen {
    struct found found;
    char missing[512]; /* "PATH TENSOR N;" for each */
    bool stops;
};

static bool on_missing(void *context, const struct quant_missing *missing)
{
    struct seen *seen = context;
    const size_t used = strlen(seen->missing);
    assert_int_equal(missing->error->status, QUANT_CORRUPT);
    snprintf(seen->missing + used, sizeof seen->missing - used, "%s %s %zu;", missing->path,
             missing->tensor ? missing->tensor : "-", missing->n);
    return !seen->stops;
}

static enum quant_status run(const struct quant_file *files, const char *const *names, size_t n,
                             const char *against, uint64_t ways, struct seen *seen,
                             struct quant_error *error)
{
    const struct quant_verify_job job = {
        .size = sizeof job,
        .files = files,
        .nfiles = n,
        .against.path = against,
        .against_names = names,
        .against_ways = ways,
        .on_missing = on_missing,
        .missing_context = seen,
        .control = {.on_tensor = on_tensor, .on_file = on_file, .context = &seen->found}};
    memset(&seen->found, 0, sizeof seen->found);
    seen->missing[0] = '\0';
    return quant_file_verify(&job, error);
}

/* One file is like what it is compared with, or the error has these words. */
static void expect(const char *path, const char *against, enum quant_likeness likeness,
                   const char *words)
{
    struct seen seen = {.stops = false};
    struct quant_error error;
    const struct quant_file file = {.path = path};
    const enum quant_status status = run(&file, NULL, 1, against, 0, &seen, &error);
    if (seen.found.likeness != likeness || (status != QUANT_OK) != (words != NULL) ||
        (words && !strstr(error.text, words)))
        fail_msg("%s against %s: %s, %s", path, against, quant_likeness_name(seen.found.likeness),
                 status ? error.text : "no error");
}

/* ---- Partners ---- */

/* The same name before the source's, this before what is alike. */
static void test_order(void **state)
{
    (void)state;
    write_floats("x.npy", 1);
    quantize("x.npy", "q/w.int8.npy");
    write_floats("m/w.f32.bin", 2);
    expect("q/w.int8.npy", "m", QUANT_DIFFERENT, "but 'm/w.f32.bin' gives");
    write_floats("m/x.npy", 1);
    expect("q/w.int8.npy", "m", QUANT_SAME_BYTES, NULL);
    write_floats("m/w.int8.npy", 2);
    expect("q/w.int8.npy", "m", QUANT_DIFFERENT, "but 'm/w.int8.npy' gives");
    expect("q/w.int8.npy.json", "m/", QUANT_DIFFERENT, "but 'm/w.int8.npy' gives");
}

static void test_several_alike(void **state)
{
    (void)state;
    write_floats("x.npy", 1);
    quantize("x.npy", "q/w.int4.int8.npy");
    expect("q/w.int4.int8.npy", "m", QUANT_NOT_COMPARED, "there is no 'x.npy'");
    write_floats("m/w.uint8.npy", 1);
    expect("q/w.int4.int8.npy", "m", QUANT_SAME_BYTES, NULL);
    write_floats("m/w.u.npy", 1); /* not a type */
    expect("q/w.int4.int8.npy", "m", QUANT_SAME_BYTES, NULL);
    write_floats("m/w.npy", 1);
    expect("q/w.int4.int8.npy", "m", QUANT_NOT_COMPARED, "'m/w.npy' or of 'm/w.uint8.npy'");
    assert_int_equal(mkdir("m/x.npy", 0777), 0); /* no file */
    expect("q/w.int4.int8.npy", "m", QUANT_NOT_COMPARED, "'m/w.npy' or of 'm/w.uint8.npy'");
}

/* The directory that the file is in. */
static void test_itself(void **state)
{
    (void)state;
    write_floats("m/x.npy", 1);
    quantize("m/x.npy", "q/x.int8.npy");
    expect("q/x.int8.npy", "q", QUANT_SAME_BYTES, NULL); /* for want of anything else */
    write_floats("q/x.npy", 2);
    expect("q/x.int8.npy", "q", QUANT_DIFFERENT, "but 'q/x.npy' gives");
    expect("q/x.int8.npy", "m", QUANT_SAME_BYTES, NULL);
}

/* ---- What is missing ---- */

static void test_missing(void **state)
{
    (void)state;
    const struct quant_file files[] = {{.path = "q/a.int8.npy"}, {.path = "q/sub/a.int8.npy"}};
    const char *const names[] = {"a.int8.npy", "sub/a.int8.npy"};
    const uint64_t both = QUANT_AGAINST_WHOLE | QUANT_AGAINST_RECURSIVE;
    struct seen seen = {.stops = false};
    struct quant_error error;
    write_floats("m/a.npy", 1);
    write_floats("m/sub/a.npy", 2);
    quantize("m/a.npy", "q/a.int8.npy");
    quantize("m/sub/a.npy", "q/sub/a.int8.npy");
    assert_int_equal(run(files, names, 2, "m", both, &seen, &error), QUANT_OK);
    assert_string_equal(seen.missing, "");
    assert_int_equal(run(files, NULL, 2, "m", both, &seen, &error), QUANT_CORRUPT);
    assert_string_equal(seen.missing, "m/sub/a.npy - 1;");
    assert_int_equal(run(files, names, 1, "m", both, &seen, &error), QUANT_CORRUPT);
    assert_string_equal(seen.missing, "m/sub/a.npy - 1;");
    assert_string_equal(error.text, "'m/sub/a.npy': no file was made from it");
    assert_int_equal(run(files, names, 1, "m", QUANT_AGAINST_WHOLE, &seen, &error), QUANT_OK);
    assert_int_equal(run(files, names, 1, "m", QUANT_AGAINST_RECURSIVE, &seen, &error), QUANT_OK);
    assert_string_equal(seen.missing, "");
    write_floats("m/b.npy", 1);
    write_floats("m/a.bin", 1); /* another file, though it has the name without extension */
    assert_int_equal(run(files, names, 2, "m", both, &seen, &error), QUANT_CORRUPT);
    assert_string_equal(seen.missing, "m/a.bin - 1;m/b.npy - 1;");
    seen.stops = true;
    assert_int_equal(run(files, names, 2, "m", both, &seen, &error), QUANT_CANCELLED);
    assert_string_equal(seen.missing, "m/a.bin - 1;");
}

/* What a file that cannot be read was made from is not missing besides. */
static void test_unreadable(void **state)
{
    (void)state;
    const struct quant_file file = {.path = "q/a.int8.npy"};
    struct seen seen = {.stops = false};
    struct quant_error error;
    write_floats("m/a.npy", 1);
    quantize("m/a.npy", "q/a.int8.npy");
    file_write_text("q/a.int8.npy.json", "{");
    assert_int_not_equal(run(&file, NULL, 1, "m", QUANT_AGAINST_WHOLE, &seen, &error), QUANT_OK);
    assert_string_equal(seen.missing, "");
    assert_non_null(strstr(error.text, "q/a.int8.npy.json"));
}

/* A sidecar in the directory that cannot be read does not end the search for what is missing; its
 * file is an output. Root may read everything, so it becomes another user for a moment. */
static void test_unreadable_sidecar(void **state)
{
    (void)state;
    const struct quant_file file = {.path = "q/a.int8.npy"};
    struct seen seen = {.stops = false};
    struct quant_error error;
    write_floats("m/a.npy", 1);
    write_floats("m/b.npy", 1);
    quantize("m/a.npy", "q/a.int8.npy");
    quantize("m/a.npy", "m/a.int8.bin");
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(chmod("m/a.int8.bin.json", 0), 0);
    const bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0) {
        print_message("skipped: root cannot become another user here\n");
        skip();
    }
    const enum quant_status status = run(&file, NULL, 1, "m", QUANT_AGAINST_WHOLE, &seen, &error);
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(status, QUANT_CORRUPT);
    assert_string_equal(seen.missing, "m/b.npy - 1;");
}

/* What quant has made beside the originals is not one. */
static void test_beside(void **state)
{
    (void)state;
    const struct quant_file files[] = {{.path = "m/a.int8.npy"}};
    struct seen seen = {.stops = false};
    struct quant_error error;
    write_floats("m/a.npy", 1);
    quantize("m/a.npy", "m/a.int8.npy");
    quantize("m/a.npy", "m/a.int8.bin");
    assert_int_equal(run(files, NULL, 1, "m", QUANT_AGAINST_WHOLE, &seen, &error), QUANT_OK);
    assert_string_equal(seen.missing, "");
}

static void test_wrong_job(void **state)
{
    (void)state;
    const struct quant_file files[] = {{.path = "q/a.npy"}, {.path = "q/b.npy"}};
    struct seen seen = {.stops = false};
    struct quant_error error;
    assert_int_equal(run(files, NULL, 2, "m", 4, &seen, &error), QUANT_INVALID);
    assert_int_equal(run(files, NULL, 2, "m", 0, &seen, &error), QUANT_INVALID);
    assert_non_null(strstr(error.text, "no tensor files in 'm'"));
    assert_int_equal(seen.found.nfiles, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORIES(test_order),      IN_DIRECTORIES(test_several_alike),
        IN_DIRECTORIES(test_itself),     IN_DIRECTORIES(test_missing),
        IN_DIRECTORIES(test_unreadable), IN_DIRECTORIES(test_unreadable_sidecar),
        IN_DIRECTORIES(test_beside),     IN_DIRECTORIES(test_wrong_job),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
