/* SPDX-License-Identifier: MIT */
/* What a checkpoint has besides its shards: checked before the work, copied, and its index written
 * last, once all shards are there. */
#include "../engine.h"

#include <quant/directory.h>

static const char header_1[] =
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}}    ";
static const char header_2[] =
    "{\"c\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
    "\"extra\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[24,32]}}";
static const char index_text[] =
    "{\"metadata\": {\"total_size\": 56}, \"weight_map\": {\"a\": \"m-1.safetensors\", "
    "\"b\": \"m-1.safetensors\", \"c\": \"m-2.safetensors\"}}";
static const char config_text[] = "{\n  \"model_type\": \"bert\"\n}\n";

static void make_checkpoint(void)
{
    static const float x[8] = {1, 2, 3, -4, 5, 6, 7, 8};
    assert_int_equal(mkdir("m", 0777), 0);
    assert_int_equal(mkdir("q", 0777), 0);
    file_write_container("m/m-1.safetensors", header_1, x, 32);
    file_write_container("m/m-2.safetensors", header_2, x, 32);
    file_write_text("m/model.safetensors.index.json", index_text);
    file_write_text("m/config.json", config_text);
    file_write_text("m/vocab.txt", "words\n");
}

static struct quant_directory list(const char *path, enum quant_directory_finds finds)
{
    struct quant_directory directory;
    struct quant_error error;
    const struct quant_directory_job job = {.size = sizeof job, .path = path, .finds = finds};
    check_ok(quant_directory_list(&job, &directory, &error), &error);
    assert_int_equal(directory.ncheckpoints, 1);
    return directory;
}

static void begin_ok(const struct quant_checkpoint_job *job)
{
    struct quant_error error;
    check_ok(quant_checkpoint_begin(job, &error), &error);
}

static void begin_fails(const struct quant_checkpoint_job *job, enum quant_status expected,
                        const char *message)
{
    struct quant_error error;
    check_error(message, quant_checkpoint_begin(job, &error), &error, expected, message);
}

static bool finish_ok(const struct quant_checkpoint_job *job)
{
    struct quant_error error;
    bool is_complete;
    check_ok(quant_checkpoint_finish(job, &is_complete, &error), &error);
    return is_complete;
}

static void quantize(const char *name, enum quant_dtype dtype)
{
    char input[64];
    char output[64];
    snprintf(input, sizeof input, "m/%s", name);
    snprintf(output, sizeof output, "q/%s", name);
    struct quant_quantize_job job = quantize_job(input, output);
    job.spec.dtype = dtype;
    job.output.force = true;
    quantize_ok(&job);
}

static const char new_index[] = "{\n"
                                "  \"metadata\": {\n"
                                "    \"total_size\": 28\n"
                                "  },\n"
                                "  \"weight_map\": {\n"
                                "    \"a\": \"m-1.safetensors\",\n"
                                "    \"a_scale\": \"m-1.safetensors\",\n"
                                "    \"b\": \"m-1.safetensors\",\n"
                                "    \"c\": \"m-2.safetensors\",\n"
                                "    \"c_scale\": \"m-2.safetensors\"\n"
                                "  }\n"
                                "}\n";

static void test_there_and_back(void **state)
{
    (void)state;
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q"};
    begin_ok(&job);
    assert_true(files_equal("q/vocab.txt", "m/vocab.txt"));
    assert_false(files_equal("q/config.json", "m/config.json"));
    quantize("m-1.safetensors", QUANT_INT8);
    assert_false(finish_ok(&job));
    quantize("m-2.safetensors", QUANT_INT4); /* not the plan of the other */
    assert_false(finish_ok(&job));
    assert_false(file_exists("q/model.safetensors.index.json"));
    quantize("m-2.safetensors", QUANT_INT8);
    assert_true(finish_ok(&job));
    assert_true(file_has_text("q/model.safetensors.index.json", new_index));
    assert_true(finish_ok(&job)); /* another process that finds all complete */
    quant_directory_release(&directory);

    assert_int_equal(mkdir("back", 0777), 0);
    directory = list("q", QUANT_FINDS_QUANTIZED);
    job = (struct quant_checkpoint_job){.size = sizeof job,
                                        .checkpoint = &directory.checkpoints[0],
                                        .output = "back",
                                        .restores = true};
    assert_int_equal(directory.checkpoints[0].nothers, 1); /* no sidecar among them */
    begin_ok(&job);
    assert_true(files_equal("back/config.json", "m/config.json"));
    static const char *const shards[] = {"m-1.safetensors", "m-2.safetensors"};
    for (size_t i = 0; i < LENGTH(shards); i++) {
        char from[64];
        char to[64];
        snprintf(from, sizeof from, "q/%s", shards[i]);
        snprintf(to, sizeof to, "back/%s", shards[i]);
        struct quant_dequantize_job restore = dequantize_job(from, to);
        restore.measure = false;
        dequantize_ok(&restore);
    }
    assert_true(finish_ok(&job));
    size_t nbytes;
    char *text = (char *)file_read("back/model.safetensors.index.json", &nbytes);
    assert_non_null(strstr(text, "\"total_size\": 56\n"));
    assert_null(strstr(text, "_scale"));
    free(text);
    quant_directory_release(&directory);
}

/* The old index goes first; without force nothing is touched. */
static void test_force(void **state)
{
    (void)state;
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q"};
    file_write_text("q/model.safetensors.index.json", "{}");
    begin_fails(&job, QUANT_EXISTS, "'q/model.safetensors.index.json' exists already");
    assert_int_equal(folder_count("q"), 1);
    job.force = true;
    begin_ok(&job);
    assert_false(file_exists("q/model.safetensors.index.json"));
    file_write_text("q/model.safetensors.index.json", "{}");
    job.force = false;
    job.resumes = true;
    begin_ok(&job);
    assert_false(file_exists("q/model.safetensors.index.json"));
    job.resumes = false;
    begin_ok(&job); /* all other files have the right bytes */
    file_write_text("q/vocab.txt", "other\n");
    begin_fails(&job, QUANT_EXISTS, "q/vocab.txt");
    job.force = true;
    begin_ok(&job);
    assert_true(files_equal("q/vocab.txt", "m/vocab.txt"));
    quant_directory_release(&directory);
}

static void test_bad_index(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{\"weight_map\": {\"a\": \"../m/m-1.safetensors\"}}", "not '../m/m-1.safetensors'"},
        {"{\"weight_map\": {\"a\": \"m-3.safetensors\"}}", "the shard 'm-3.safetensors'"},
        {"{\"weight_map\": {\"a\": \"m-2.safetensors\"}}",
         "tensor 'a' is in 'm-2.safetensors', which does not have it"},
        {"[]", "'{'"},
    };
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    const struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q"};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        file_write_text("m/model.safetensors.index.json", cases[i].text);
        begin_fails(&job, QUANT_CORRUPT, cases[i].message);
        assert_int_equal(folder_count("q"), 0);
    }
    quant_directory_release(&directory);
}

static void test_config(void **state)
{
    (void)state;
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q", .force = true};
    file_write_text("m/config.json", "{\"model_type\": \"bert\"");
    begin_fails(&job, QUANT_TRUNCATED, "m/config.json");
    file_write_text("m/config.json", "{\"some\": \"other program's\"}");
    begin_ok(&job);
    assert_true(files_equal("q/config.json", "m/config.json"));
    file_write_text("m/config.json",
                    "{\"model_type\": \"bert\", \"quantization_config\": {\"bits\": 4}}");
    begin_fails(&job, QUANT_UNSUPPORTED, "it has a quantization_config");
    job.requantizes = true;
    begin_ok(&job);
    size_t nbytes;
    char *text = (char *)file_read("q/config.json", &nbytes);
    assert_null(strstr(text, "bits"));
    assert_non_null(strstr(text, "{\"model_type\": \"bert\",\"quantization_config\": "
                                 "{\"quant_method\": null,"));
    free(text);
    file_write_text("m/config.json", config_text); /* without an entry it gets one all the same */
    begin_ok(&job);
    text = (char *)file_read("q/config.json", &nbytes);
    assert_non_null(strstr(text, "\"quantization_config\": {\"quant_method\": null,"));
    free(text);
    quant_directory_release(&directory);
}

/* Integers in one shard, and their scales in another. */
static void test_scales_elsewhere(void **state)
{
    (void)state;
    static const char integers[] =
        "{\"w\":{\"dtype\":\"I8\",\"shape\":[2,2],\"data_offsets\":[0,4]}}";
    static const char scales[] =
        "{\"w_scale\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}    ";
    make_checkpoint();
    file_write_container("m/m-1.safetensors", integers, "abcd", 4);
    file_write_container("m/m-2.safetensors", scales, "\0\0\x80?", 4);
    file_write_text("m/model.safetensors.index.json",
                    "{\"weight_map\": {\"w\": \"m-1.safetensors\", "
                    "\"w_scale\": \"m-2.safetensors\"}}");
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q"};
    begin_fails(&job, QUANT_UNSUPPORTED, "tensor 'w' is already quantized");
    job.requantizes = true;
    begin_ok(&job);
    job.requantizes = false;
    file_write_text("m/model.safetensors.index.json",
                    "{\"weight_map\": {\"w\": \"m-1.safetensors\"}}");
    begin_ok(&job);
    file_write_text("m/model.safetensors.index.json",
                    "{\"weight_map\": {\"w\": \"m-1.safetensors\", "
                    "\"w_scale_inv\": \"m-2.safetensors\"}}");
    file_write_container("m/m-2.safetensors",
                         "{\"w_scale_inv\":{\"dtype\":\"F32\",\"shape\":[1],"
                         "\"data_offsets\":[0,4]}}",
                         "\0\0\x80?", 4);
    begin_fails(&job, QUANT_UNSUPPORTED, "tensor 'w' is already quantized");
    quant_directory_release(&directory);
}

/* Every check, and nothing written or removed; the output need not be there. */
static void test_checks_only(void **state)
{
    (void)state;
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {.size = sizeof job,
                                       .checkpoint = &directory.checkpoints[0],
                                       .output = "missing",
                                       .checks_only = true};
    begin_ok(&job);
    assert_false(file_exists("missing"));
    job.output = "q";
    begin_ok(&job);
    assert_int_equal(folder_count("q"), 0);
    file_write_text("q/model.safetensors.index.json", "{}");
    begin_fails(&job, QUANT_EXISTS, "'q/model.safetensors.index.json' exists already");
    job.force = true;
    begin_ok(&job);
    assert_true(file_exists("q/model.safetensors.index.json"));
    file_write_text("m/config.json", "{");
    begin_fails(&job, QUANT_TRUNCATED, "m/config.json");
    file_write_text("m/model.safetensors.index.json", "[]");
    begin_fails(&job, QUANT_CORRUPT, "m/model.safetensors.index.json");
    job.output = "m";
    begin_fails(&job, QUANT_EXISTS, "never replaced");
    quant_directory_release(&directory);
}

static void expect_mode(const char *path, mode_t expected)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, expected);
}

/* What only its owner could read stays so; a program can be run. */
static void test_modes(void **state)
{
    (void)state;
    const mode_t before = umask(022);
    make_checkpoint();
    file_write_text("m/run.py", "#!/usr/bin/python3\n");
    assert_int_equal(chmod("m/run.py", 0775), 0);
    assert_int_equal(chmod("m/vocab.txt", 0600), 0);
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    const struct quant_checkpoint_job job = {
        .size = sizeof job, .checkpoint = &directory.checkpoints[0], .output = "q"};
    begin_ok(&job);
    umask(before);
    expect_mode("q/run.py", 0755);
    expect_mode("q/vocab.txt", 0600);
    expect_mode("q/config.json", 0644);
    quant_directory_release(&directory);
}

static void test_place(void **state)
{
    (void)state;
    make_checkpoint();
    struct quant_directory directory = list("m", QUANT_FINDS_FLOATS);
    struct quant_checkpoint_job job = {.size = sizeof job,
                                       .checkpoint = &directory.checkpoints[0],
                                       .output = "./m/",
                                       .force = true};
    begin_fails(&job, QUANT_EXISTS, "never replaced");
    assert_true(file_exists("m/model.safetensors.index.json"));
    job.output = "missing";
    begin_fails(&job, QUANT_IO, "missing");
    job.output = NULL;
    begin_fails(&job, QUANT_INVALID, "an output");
    job.size = 0;
    begin_fails(&job, QUANT_INVALID, "size");
    quant_directory_release(&directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_there_and_back),
        IN_FOLDER(test_force),
        IN_FOLDER(test_bad_index),
        IN_FOLDER(test_config),
        IN_FOLDER(test_scales_elsewhere),
        IN_FOLDER(test_checks_only),
        IN_FOLDER(test_modes),
        IN_FOLDER(test_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
