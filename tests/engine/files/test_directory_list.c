/* SPDX-License-Identifier: MIT */
/* What is found in directories: tensor files in the order of their names, the parts of checkpoints,
 * and not what quant wrote, what is hidden, or the output. */
#include "../engine.h"

#include <quant/directory.h>

static void write_all(const char *const *names, size_t n)
{
    static const float x[8] = {1, 2, 3, 4};
    for (size_t i = 0; i < n; i++)
        if (strstr(names[i], ".npy"))
            write_npy(names[i], x, 4, false, "(4,)");
        else
            file_write(names[i], x, sizeof x);
}

static struct quant_directory list(struct quant_directory_job job)
{
    struct quant_directory directory;
    struct quant_error error;
    job.size = sizeof job;
    check_ok(quant_directory_list(&job, &directory, &error), &error);
    return directory;
}

static void expect_files(const struct quant_directory *directory, const char *expected)
{
    char found[1024] = "";
    for (size_t i = 0; i < directory->nfiles; i++) {
        assert_true(file_exists(directory->files[i].path));
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i > 0 ? " " : "",
                 directory->files[i].relative);
    }
    assert_string_equal(found, expected);
}

static void expect_names(const char *const *names, size_t n, const char *expected)
{
    char found[1024] = "";
    for (size_t i = 0; i < n; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i > 0 ? " " : "",
                 names[i]);
    assert_string_equal(found, expected);
}

static void make_plain(void)
{
    static const char *const names[] = {"d/b.npy",      "d/a.bin", "d/c.json",    "d/.hidden.npy",
                                        "d/readme.txt", "d/w.f16", "d/s/z.npy",   "d/.h/y.npy",
                                        "d/s/t/x.npy",  "d/z",     "d/out/o.npy", "d/s.npy"};
    static const char *const directories[] = {"d", "d/s", "d/.h", "d/s/t", "d/out", "d/s/dir.npy"};
    for (size_t i = 0; i < LENGTH(directories); i++)
        assert_int_equal(mkdir(directories[i], 0777), 0);
    write_all(names, LENGTH(names));
    assert_int_equal(symlink("../d", "d/s/up"), 0);
    assert_int_equal(symlink("missing.npy", "d/broken.npy"), 0);
    assert_int_equal(mkfifo("d/pipe.npy", 0666), 0);
    assert_int_equal(symlink("s/z.npy", "d/link.npy"), 0);
}

static void test_plain(void **state)
{
    (void)state;
    make_plain();
    struct quant_directory directory = list((struct quant_directory_job){.path = "d"});
    expect_files(&directory, "a.bin b.npy link.npy s.npy w.f16");
    assert_string_equal(directory.files[0].path, "d/a.bin");
    assert_int_equal(directory.files[0].checkpoint, QUANT_NO_CHECKPOINT);
    assert_int_equal(directory.ncheckpoints, 0);
    assert_int_equal(directory.nleft_out, 0);
    quant_directory_release(&directory);
    directory = list((struct quant_directory_job){.path = "d/s/"});
    expect_files(&directory, "z.npy");
    assert_string_equal(directory.files[0].path, "d/s/z.npy");
    quant_directory_release(&directory);
}

/* A link that leads up is not followed for ever; the output is left out however it is written. */
static void test_recursive(void **state)
{
    (void)state;
    make_plain();
    struct quant_directory directory =
        list((struct quant_directory_job){.path = "d", .is_recursive = true, .output = "./d/out"});
    expect_files(&directory, "a.bin b.npy link.npy s.npy w.f16 s/z.npy s/t/x.npy");
    quant_directory_release(&directory);
    directory = list((struct quant_directory_job){.path = "d", .is_recursive = true});
    expect_files(&directory, "a.bin b.npy link.npy s.npy w.f16 out/o.npy s/z.npy s/t/x.npy");
    quant_directory_release(&directory);
}

/* What quant wrote is left out, and what is not quantized when integers are looked for. */
static void test_outputs(void **state)
{
    (void)state;
    static const char *const names[] = {"d/a.npy", "d/b.npy"};
    assert_int_equal(mkdir("d", 0777), 0);
    write_all(names, LENGTH(names));
    const struct quant_quantize_job quantize = quantize_job("d/a.npy", "d/a.int8.npy");
    quantize_ok(&quantize);
    const struct quant_dequantize_job dequantize =
        dequantize_job("d/a.int8.npy", "d/a.int8.f32.npy");
    dequantize_ok(&dequantize);
    struct quant_directory directory = list((struct quant_directory_job){.path = "d"});
    expect_files(&directory, "a.npy b.npy");
    assert_int_equal(directory.nleft_out, 2);
    quant_directory_release(&directory);
    directory = list((struct quant_directory_job){.path = "d", .finds = QUANT_FINDS_QUANTIZED});
    expect_files(&directory, "a.int8.npy");
    assert_int_equal(directory.nleft_out, 3);
    quant_directory_release(&directory);
    assert_int_equal(unlink("d/a.int8.npy"), 0); /* its floats are then anybody's */
    directory = list((struct quant_directory_job){.path = "d"});
    expect_files(&directory, "a.int8.f32.npy a.npy b.npy");
    quant_directory_release(&directory);
}

static void test_checkpoint(void **state)
{
    (void)state;
    static const char *const names[] = {"d/m-2.safetensors",
                                        "d/m-1.safetensors",
                                        "d/model.safetensors.index.json",
                                        "d/config.json",
                                        "d/tokenizer.json",
                                        "d/vocab.txt",
                                        "d/pytorch_model.bin",
                                        "d/pytorch_model.bin.index.json",
                                        "d/model.onnx",
                                        "d/w.npy",
                                        "d/.gitattributes",
                                        "d/s/a.npy",
                                        "d/s/b/x.safetensors"};
    assert_int_equal(mkdir("d", 0777), 0);
    assert_int_equal(mkdir("d/s", 0777), 0);
    assert_int_equal(mkdir("d/s/b", 0777), 0);
    write_all(names, LENGTH(names));
    struct quant_directory directory =
        list((struct quant_directory_job){.path = "d", .is_recursive = true});
    expect_files(&directory, "m-1.safetensors m-2.safetensors s/a.npy s/b/x.safetensors");
    assert_int_equal(directory.files[0].checkpoint, 0);
    assert_int_equal(directory.files[1].checkpoint, 0);
    assert_int_equal(directory.files[2].checkpoint, QUANT_NO_CHECKPOINT);
    assert_int_equal(directory.files[3].checkpoint, 1);
    assert_int_equal(directory.ncheckpoints, 2);
    const struct quant_checkpoint *checkpoint = &directory.checkpoints[0];
    assert_string_equal(checkpoint->path, "d");
    assert_string_equal(checkpoint->relative, "");
    assert_string_equal(checkpoint->index, "model.safetensors.index.json");
    assert_true(checkpoint->has_config);
    expect_names(checkpoint->shards, checkpoint->nshards, "m-1.safetensors m-2.safetensors");
    expect_names(checkpoint->others, checkpoint->nothers, "tokenizer.json vocab.txt");
    expect_names(checkpoint->left_out, checkpoint->nleft_out, "model.onnx pytorch_model.bin w.npy");
    assert_string_equal(directory.checkpoints[1].relative, "s/b/");
    assert_null(directory.checkpoints[1].index);
    assert_false(directory.checkpoints[1].has_config);
    quant_directory_release(&directory);
}

/* Whatever links lead to it, a directory is listed once: in the order of the names. */
static void test_links(void **state)
{
    (void)state;
    make_plain();
    assert_int_equal(symlink("s", "d/a"), 0);
    assert_int_equal(symlink("../s/t", "d/out/t"), 0);
    struct quant_directory directory =
        list((struct quant_directory_job){.path = "d", .is_recursive = true});
    expect_files(&directory, "a.bin b.npy link.npy s.npy w.f16 a/z.npy a/t/x.npy out/o.npy");
    quant_directory_release(&directory);
}

/* A name that is too long for the system, with the path before it: the rest is listed. */
static void test_passed_over(void **state)
{
    (void)state;
    enum { REPEATS = 2042, LONG_NAME = 40 };
    char path[2 * REPEATS + 2];
    char name[LONG_NAME + 8] = "d/";
    for (size_t i = 0; i < REPEATS; i++)
        memcpy(path + 2 * i, "./", 2);
    memcpy(path + sizeof path - 2, "d", 2);
    memset(name + 2, 'n', LONG_NAME);
    memcpy(name + 2 + LONG_NAME, ".npy", 5);
    assert_int_equal(mkdir("d", 0777), 0);
    write_all((const char *const[]){"d/a.npy", name, "d/z.npy"}, 3);
    struct quant_directory directory = list((struct quant_directory_job){.path = path});
    assert_int_equal(directory.nfiles, 2);
    assert_string_equal(directory.files[1].relative, "z.npy");
    assert_int_equal(directory.nerrors, 1);
    assert_int_equal(directory.errors[0].status, QUANT_IO);
    assert_non_null(strstr(directory.errors[0].text, "cannot read '././"));
    quant_directory_release(&directory);
}

/* Root may read everything, so it becomes another user for a moment. */
static void test_no_permission(void **state)
{
    (void)state;
    make_plain();
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(chmod("d/s", 0), 0);
    const bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0) {
        print_message("skipped: root cannot become another user here\n");
        skip();
    }
    struct quant_directory directory =
        list((struct quant_directory_job){.path = "d", .is_recursive = true});
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(chmod("d/s", 0755), 0);
    expect_files(&directory, "a.bin b.npy s.npy w.f16 out/o.npy");
    assert_int_equal(directory.nerrors, 2);
    assert_string_equal(directory.errors[0].text,
                        "cannot read 'd/link.npy': Permission denied"); /* it leads into d/s */
    assert_string_equal(directory.errors[1].text, "cannot read 'd/s': Permission denied");
    assert_int_equal(directory.errors[1].status, QUANT_IO);
    quant_directory_release(&directory);
}

/* The file is listed, whether quantized files are looked for or others: its own turn reports it. */
static void test_unreadable_sidecar(void **state)
{
    (void)state;
    static const enum quant_directory_finds finds[] = {QUANT_FINDS_QUANTIZED, QUANT_FINDS_FLOATS};
    static const char *const expected[] = {"a.npy b.npy", "a.npy c.npy"};
    assert_int_equal(mkdir("d", 0777), 0);
    write_npy("w.npy", (const float[]){1, 2, 3, 4}, 4, false, "(4,)");
    write_npy("d/c.npy", (const float[]){1, 2, 3, 4}, 4, false, "(4,)");
    const struct quant_quantize_job jobs[] = {quantize_job("w.npy", "d/a.npy"),
                                              quantize_job("w.npy", "d/b.npy")};
    quantize_ok(&jobs[0]);
    quantize_ok(&jobs[1]);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(chmod("d/a.npy.json", 0), 0);
    const bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0) {
        print_message("skipped: root cannot become another user here\n");
        skip();
    }
    for (size_t i = 0; i < LENGTH(finds); i++) {
        struct quant_directory directory =
            list((struct quant_directory_job){.path = "d", .finds = finds[i]});
        expect_files(&directory, expected[i]);
        assert_int_equal(directory.nerrors, 0);
        quant_directory_release(&directory);
    }
    assert_true(!root || seteuid(0) == 0);
}

/* A directory with no shard but a sidecar's output may still have tensors of other formats. */
static void test_other_formats(void **state)
{
    (void)state;
    static const char *const names[] = {"d/m.safetensors", "d/w.npy"};
    assert_int_equal(mkdir("d", 0777), 0);
    write_all(names, LENGTH(names));
    write_npy("a.npy", (const float[]){1, 2, 3, 4}, 4, false, "(4,)");
    const struct quant_quantize_job quantize = quantize_job("a.npy", "d/w.int8.npy");
    quantize_ok(&quantize);
    struct quant_directory directory =
        list((struct quant_directory_job){.path = "d", .finds = QUANT_FINDS_QUANTIZED});
    expect_files(&directory, "w.int8.npy");
    assert_int_equal(directory.ncheckpoints, 0);
    quant_directory_release(&directory);
    directory = list((struct quant_directory_job){.path = "d"});
    expect_files(&directory, "m.safetensors");
    assert_int_equal(directory.ncheckpoints, 1);
    quant_directory_release(&directory);
}

static void test_errors(void **state)
{
    (void)state;
    static const volatile sig_atomic_t raised = 1;
    struct quant_directory directory;
    struct quant_error error;
    struct quant_directory_job job = {.size = sizeof job, .path = "missing"};
    check_error("missing", quant_directory_list(&job, &directory, &error), &error, QUANT_IO,
                "cannot read 'missing'");
    write_all((const char *const[]){"a.npy"}, 1);
    job.path = "a.npy";
    check_error("file", quant_directory_list(&job, &directory, &error), &error, QUANT_IO, "a.npy");
    job.path = NULL;
    check_error("NULL", quant_directory_list(&job, &directory, &error), &error, QUANT_INVALID, "");
    job = (struct quant_directory_job){
        .size = sizeof job, .path = ".", .cancel = {.flag = &raised, .wake_fd = -1}};
    check_error("stop", quant_directory_list(&job, &directory, &error), &error, QUANT_CANCELLED,
                "cancelled");
    job.size = 0;
    check_error("size", quant_directory_list(&job, &directory, &error), &error, QUANT_INVALID,
                "size");
    quant_directory_release(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_plain),         IN_FOLDER(test_recursive),
        IN_FOLDER(test_outputs),       IN_FOLDER(test_checkpoint),
        IN_FOLDER(test_links),         IN_FOLDER(test_passed_over),
        IN_FOLDER(test_no_permission), IN_FOLDER(test_unreadable_sidecar),
        IN_FOLDER(test_other_formats), IN_FOLDER(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
