/* SPDX-License-Identifier: MIT */
/* What headers and sidecars say, and what becomes of those that contradict each other. */
#include <quant/inspect.h>

#include "../engine.h"

static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                             "\"ids\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]},"
                             "\"h\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[40,42]}}";

static const float a[] = {5.47F, 3.08F, -7.59F, 0, -1.95F, 10.8F};

static void write_container(const char *path)
{
    unsigned char bytes[42] = {0};
    memcpy(bytes, a, sizeof a);
    file_write_container(path, header, bytes, sizeof bytes);
}

struct listing {
    size_t n;
    size_t most;                       /* stop after this many */
    struct quant_inspected tensors[8]; /* name is lost */
    char names[8][32];
    char owners[8][32];
};

static bool keep(void *context, const struct quant_tensor_result *result)
{
    struct listing *listing = context;
    assert_true(listing->n < LENGTH(listing->tensors));
    assert_int_equal(result->status, QUANT_OK);
    assert_non_null(result->inspected);
    listing->tensors[listing->n] = *result->inspected;
    snprintf(listing->names[listing->n], sizeof listing->names[0], "%s", result->name);
    snprintf(listing->owners[listing->n], sizeof listing->owners[0], "%s",
             result->inspected->owner ? result->inspected->owner : "");
    return ++listing->n < listing->most;
}

static struct quant_inspect_job inspect_job(const char *path, struct listing *listing)
{
    *listing = (struct listing){.most = SIZE_MAX};
    return (struct quant_inspect_job){.size = sizeof(struct quant_inspect_job),
                                      .input = {.path = path},
                                      .control = {.on_tensor = keep, .context = listing}};
}

static struct quant_inspect_result inspect_ok(const char *path, struct listing *listing)
{
    const struct quant_inspect_job job = inspect_job(path, listing);
    struct quant_inspect_result result;
    struct quant_error error;
    const int before = folder_count(".");
    check_ok(quant_file_inspect(&job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    return result;
}

static void test_single(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.npy", "a.bin", "a.json"};
    struct listing listing;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        write_tensor(paths[i], a, LENGTH(a));
        const struct quant_inspect_result result = inspect_ok(paths[i], &listing);
        assert_int_equal(listing.n, 1);
        assert_int_equal(result.ntensors, 1);
        assert_int_equal(result.roles[QUANT_ROLE_MAPPED], 1);
        assert_false(result.is_container);
        assert_false(result.has_sidecar);
        assert_int_equal(result.tensor.dtype, QUANT_FLOAT32);
        assert_int_equal(result.tensor.nelems, LENGTH(a));
        assert_int_equal(result.tensor.shape.ndim, 1);
        assert_int_equal(result.tensor.offset, i == 0 ? 128 : 0);
        assert_string_equal(result.tensor.type, i == 0 ? "<f4" : "float32");
    }
    write_npy("f.npy", a, LENGTH(a), true, "(2, 3)");
    const struct quant_inspect_result result = inspect_ok("f.npy", &listing);
    assert_int_equal(result.tensor.order, QUANT_ORDER_FORTRAN);
    assert_int_equal(result.tensor.shape.dims[1], 3);
    assert_int_equal(result.nbytes, 128 + sizeof a);
}

static void test_quantized(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.npy", "a.bin", "a.json"};
    static const char *const outputs[] = {"q.npy", "q.bin", "q.json"};
    struct listing listing;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        write_tensor(paths[i], a, LENGTH(a));
        struct quant_quantize_job job = quantize_job(paths[i], outputs[i]);
        job.spec.scheme = QUANT_ZERO_POINT;
        job.spec.calibration = "percentile";
        const struct quant_quantize_result made = quantize_ok(&job);
        const struct quant_inspect_result result = inspect_ok(outputs[i], &listing);
        const struct quant_recorded *recorded = &result.tensor.recorded;
        assert_int_equal(result.tensor.role, QUANT_ROLE_QUANTIZED);
        assert_true(result.has_sidecar);
        assert_int_equal(result.nfaults, 0);
        assert_int_equal(result.tensor.dtype, QUANT_INT8);
        assert_true(recorded->params.scale == made.choice.params.scale);
        assert_int_equal(recorded->params.zero_point, made.choice.params.zero_point);
        assert_int_equal(recorded->axis, -1);
        assert_int_equal(recorded->scale_count, 1);
        assert_string_equal(recorded->method, "percentile");
        assert_true(recorded->has_argument && recorded->argument == 99.9);
        assert_true(recorded->has_range && recorded->range[0] == made.choice.range[0]);
        assert_string_equal(recorded->source_path, paths[i]);
        assert_int_equal(recorded->source_dtype, QUANT_FLOAT32);
    }
}

static void test_container(void **state)
{
    (void)state;
    struct listing listing;
    write_container("m.safetensors");
    struct quant_inspect_result result = inspect_ok("m.safetensors", &listing);
    assert_true(result.is_container);
    assert_int_equal(listing.n, 3);
    assert_int_equal(result.header_nbytes, 8 + sizeof header - 1);
    assert_int_equal(result.roles[QUANT_ROLE_MAPPED], 1);
    assert_int_equal(result.roles[QUANT_ROLE_COPIED], 2);
    assert_string_equal(listing.names[1], "ids");
    assert_string_equal(listing.tensors[1].type, "I64");
    assert_int_equal(listing.tensors[1].dtype, QUANT_DTYPE_NONE);
    assert_int_equal(listing.tensors[1].nelems, 2);

    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    job.granularity = (struct quant_granularity){.has_axis = true};
    quantize_ok(&job);
    result = inspect_ok("q.safetensors", &listing);
    assert_int_equal(listing.n, 4);
    assert_int_equal(result.roles[QUANT_ROLE_QUANTIZED], 1);
    assert_int_equal(result.roles[QUANT_ROLE_SCALES], 1);
    assert_int_equal(result.roles[QUANT_ROLE_COPIED], 2);
    for (size_t i = 0; i < listing.n; i++) {
        if (strcmp(listing.names[i], "a_scale") == 0)
            assert_string_equal(listing.owners[i], "a");
        if (strcmp(listing.names[i], "a") != 0)
            continue;
        assert_int_equal(listing.tensors[i].role, QUANT_ROLE_QUANTIZED);
        assert_int_equal(listing.tensors[i].recorded.axis, 0);
        assert_int_equal(listing.tensors[i].recorded.scale_count, 2);
        assert_string_equal(listing.tensors[i].recorded.method, "minmax");
    }
}

static void test_one_tensor(void **state)
{
    (void)state;
    struct listing listing;
    struct quant_inspect_result result;
    struct quant_error error;
    write_container("m.safetensors");
    struct quant_inspect_job job = inspect_job("m.safetensors", &listing);
    job.input.tensor = "ids";
    check_ok(quant_file_inspect(&job, &result, &error), &error);
    assert_int_equal(listing.n, 1);
    assert_string_equal(listing.names[0], "ids");
    job.input.tensor = "idz";
    check_error("missing", quant_file_inspect(&job, &result, &error), &error, QUANT_INVALID,
                "'idz'");
    listing.most = 2;
    listing.n = 0;
    job.input.tensor = NULL;
    check_error("stopped", quant_file_inspect(&job, &result, &error), &error, QUANT_CANCELLED,
                "cancelled");
    assert_int_equal(listing.n, 2);
}

/* Whatever is done to a sidecar, the file is listed, and the fault says what is wrong. */
static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } edits[] = {
        {"\"I64\"", "\"I32\"", "'ids' has another type"},
        {"\"scale\": 0.", "\"scale\": 1.", "'a_scale' holds another scale"},
        {"\"a\": {", "\"b\": {", "'b' is missing"},
        {"\"version\": 2", "\"version\": 9", "version"},
    };
    struct listing listing;
    write_container("m.safetensors");
    const struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    quantize_ok(&job);
    for (size_t i = 0; i < LENGTH(edits); i++) {
        size_t nbytes = 0;
        char *text = (char *)file_read("q.safetensors.json", &nbytes);
        char *at = strstr(text, edits[i].from);
        assert_non_null(at);
        memcpy(at, edits[i].to, strlen(edits[i].to));
        file_write("x.json", text, nbytes);
        struct quant_inspect_job inspect = inspect_job("q.safetensors", &listing);
        struct quant_inspect_result result;
        struct quant_error error;
        inspect.sidecar = "x.json";
        check_ok(quant_file_inspect(&inspect, &result, &error), &error);
        assert_int_equal(listing.n, 4);
        assert_true(result.nfaults > 0);
        assert_non_null(strstr(result.fault.text, edits[i].message));
        free(text);
    }
    assert_int_equal(unlink("q.safetensors.json"), 0);
    const struct quant_inspect_result result = inspect_ok("q.safetensors", &listing);
    assert_int_equal(listing.n, 4);
    assert_int_equal(result.nfaults, 0);
    assert_non_null(strstr(result.remark.text, "'q.safetensors.json'"));
}

static bool count_file(void *context, const struct quant_file_result *result)
{
    size_t *statuses = context;
    statuses[result->file] += 1 + (size_t)result->status;
    assert_int_equal(result->status == QUANT_OK, result->inspected != NULL);
    return true;
}

static void test_list(void **state)
{
    (void)state;
    size_t statuses[3] = {0};
    write_tensor("a.npy", a, LENGTH(a));
    write_container("m.safetensors");
    const struct quant_file files[] = {
        {.path = "a.npy"}, {.path = "none.npy"}, {.path = "m.safetensors"}};
    const struct quant_inspect_job job = {
        .size = sizeof job,
        .control = {.threads = 2, .on_file = count_file, .context = statuses},
        .files = files,
        .nfiles = LENGTH(files)};
    struct quant_error error;
    check_error("list", quant_file_inspect(&job, NULL, &error), &error, QUANT_IO, "none.npy");
    assert_int_equal(statuses[0], 1);
    assert_int_equal(statuses[1], 1 + (size_t)QUANT_IO);
    assert_int_equal(statuses[2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_single),     IN_FOLDER(test_quantized), IN_FOLDER(test_container),
        IN_FOLDER(test_one_tensor), IN_FOLDER(test_faults),    IN_FOLDER(test_list),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
