/* SPDX-License-Identifier: MIT */
/*
 * A container is quantized tensor by tensor: each one has the integers, the scales and the figures
 * of the same tensor as a file of its own, and comes back as the same floats. Other tensors are
 * copied. The files are the same for any number of threads, and a tensor that fails leaves nothing.
 */
#include <math.h>

#include "../engine.h"

#include "engine/work/work_list.h"

/* Small ones, which several threads share, around one that all threads work on. */
enum { ROWS = 300, COLUMNS = 41, LARGE_ROWS = QUANT_SMALL_ITEM / 64 + 3, SMALL = ROWS * COLUMNS };

struct tensor {
    const char *name;
    size_t rows, columns; /* columns 0: one dimension, too few to be mapped */
};

static const struct tensor tensors[] = {
    {"first", ROWS, COLUMNS},
    {"bias", ROWS, 0},
    {"second", COLUMNS, ROWS},
    {"large", LARGE_ROWS, 64},
    {"one", 1, 1},
    {"third", ROWS, COLUMNS},
    {"norm", 7, 0},
    {"last", 2, COLUMNS},
};

enum { N = sizeof tensors / sizeof tensors[0] };

static size_t count_of(const struct tensor *tensor)
{
    return tensor->columns > 0 ? tensor->rows * tensor->columns : tensor->rows;
}

/* m.safetensors, and NAME.npy for each tensor that will be mapped. */
static void write_inputs(void)
{
    char header[2048] = "{";
    size_t at = 0;
    float *x = make_floats((size_t)LARGE_ROWS * 64);
    for (size_t i = 0; i < N; i++) {
        const struct tensor *tensor = &tensors[i];
        const size_t nbytes = count_of(tensor) * sizeof *x;
        char shape[64];
        snprintf(shape, sizeof shape, tensor->columns > 0 ? "%zu, %zu" : "%zu", tensor->rows,
                 tensor->columns);
        const size_t used = strlen(header);
        snprintf(header + used, sizeof header - used,
                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                 i > 0 ? "," : "", tensor->name, shape, at, at + nbytes);
        at += nbytes;
    }
    strcat(header, "}");
    FILE *file = fopen("m.safetensors", "wb");
    assert_non_null(file);
    const uint64_t length = strlen(header);
    fwrite(&length, sizeof length, 1, file);
    fwrite(header, 1, length, file);
    for (size_t i = 0; i < N; i++) {
        char path[64];
        char shape[64];
        const struct tensor *tensor = &tensors[i];
        const float *own = tensor->rows == LARGE_ROWS ? x : x + i; /* no two are equal */
        fwrite(own, sizeof *x, count_of(tensor), file);
        snprintf(path, sizeof path, "%s.npy", tensor->name);
        snprintf(shape, sizeof shape, "(%zu, %zu)", tensor->rows, tensor->columns);
        if (tensor->columns > 0)
            write_npy(path, own, count_of(tensor), false, shape);
    }
    assert_int_equal(fclose(file), 0);
    free(x);
}

/* ---- What the calls find ---- */

struct found {
    size_t n;
    bool is_copied[N];
    struct quant_choice choices[N];
    struct quant_report reports[N];
};

static bool take(void *context, const struct quant_tensor_result *result)
{
    struct found *found = context;
    if (result->status != QUANT_OK) /* test_on_tensor.c has it */
        return true;
    assert_true(found->n < N);
    const size_t i = found->n++;
    assert_string_equal(result->name, tensors[i].name); /* in the order of the file */
    found->is_copied[i] = result->is_copied;
    if (result->found)
        found->choices[i] = result->found->choice;
    if (result->found || result->restored)
        found->reports[i] = result->found ? result->found->report : result->restored->report;
    return true;
}

/* The bytes of a tensor of a container in memory, and how many. */
static const unsigned char *find_data(const unsigned char *file, const char *name, size_t *nbytes)
{
    char key[64];
    uint64_t length = 0;
    memcpy(&length, file, sizeof length);
    snprintf(key, sizeof key, "\"%s\":{", name);
    char *header = strndup((const char *)file + 8, (size_t)length);
    assert_non_null(header);
    const char *entry = strstr(header, key);
    if (!entry)
        fail_msg("there is no tensor '%s'", name);
    const char *offsets = strstr(entry, "\"data_offsets\":[") + strlen("\"data_offsets\":[");
    char *end = NULL;
    const size_t first = strtoul(offsets, &end, 10);
    *nbytes = strtoul(end + 1, NULL, 10) - first;
    free(header);
    return file + 8 + length + first;
}

/* What follows the header of NAME.int8.npy, or of the floats restored from it. */
static void check_data(const unsigned char *container, const char *name, const char *path)
{
    size_t nbytes = 0;
    size_t nfile = 0;
    const unsigned char *data = find_data(container, name, &nbytes);
    unsigned char *single = file_read(path, &nfile);
    assert_int_equal(nfile, 128 + nbytes);
    assert_memory_equal(data, single + 128, nbytes);
    free(single);
}

static void check_single(const struct quant_quantize_job *like, const struct found *found, size_t i,
                         const unsigned char *container)
{
    const struct tensor *tensor = &tensors[i];
    char input[64];
    char output[64];
    char scale[64];
    snprintf(input, sizeof input, "%s.npy", tensor->name);
    snprintf(output, sizeof output, "%s.int8.npy", tensor->name);
    snprintf(scale, sizeof scale, "%s_scale", tensor->name);
    struct quant_quantize_job job = quantize_job(input, output);
    job.spec = like->spec;
    job.granularity = like->granularity;
    job.output.force = true;
    const struct quant_quantize_result single = quantize_ok(&job);
    assert_memory_equal(&found->reports[i], &single.report, sizeof single.report);
    assert_memory_equal(&found->choices[i].params, &single.choice.params,
                        sizeof single.choice.params);
    check_data(container, tensor->name, output);
    size_t nbytes = 0;
    const unsigned char *scales = find_data(container, scale, &nbytes);
    assert_int_equal(nbytes, single.grouping.count * sizeof(float));
    if (!job.granularity.has_axis && job.granularity.block_size == 0)
        assert_memory_equal(scales, &single.choice.params.scale, sizeof(float));
}

/* ---- Tests ---- */

static const struct {
    struct quant_spec spec;
    struct quant_granularity granularity;
} rows[] = {
    {{.scheme = QUANT_ABSMAX}, {false, 0, 0, 0}},
    {{.scheme = QUANT_ZERO_POINT, .calibration = "percentile"}, {false, 0, 0, 0}},
    {{.scheme = QUANT_ZERO_POINT}, {true, 0, 0, 0}},
    {{.scheme = QUANT_ABSMAX}, {true, 1, 0, 0}},
    {{.scheme = QUANT_ABSMAX}, {false, 0, 16, 0}},
};

static struct quant_quantize_job container_job(size_t row, struct found *found)
{
    *found = (struct found){.n = 0};
    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    job.spec = rows[row].spec;
    job.granularity = rows[row].granularity;
    job.output.force = true;
    job.control.on_tensor = take;
    job.control.context = found;
    return job;
}

static void test_each_is_a_file(void **state)
{
    (void)state;
    static struct found found;
    static struct found back;
    write_inputs();
    for (size_t row = 0; row < LENGTH(rows); row++) {
        struct quant_quantize_job job = container_job(row, &found);
        job.control.threads = 3;
        const struct quant_quantize_result result = quantize_ok(&job);
        assert_int_equal(result.ntensors, N);
        assert_int_equal(result.ncopied, 2);
        assert_int_equal(found.n, N);
        size_t nbytes = 0;
        unsigned char *container = file_read("q.safetensors", &nbytes);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(found.is_copied[i], tensors[i].columns == 0);
            if (!found.is_copied[i])
                check_single(&job, &found, i, container);
        }
        free(container);
        struct quant_dequantize_job restore = dequantize_job("q.safetensors", "r.safetensors");
        back = (struct found){.n = 0};
        restore.control.on_tensor = take;
        restore.control.context = &back;
        restore.output.force = true;
        dequantize_ok(&restore);
        assert_int_equal(back.n, N);
        container = file_read("r.safetensors", &nbytes);
        for (size_t i = 0; i < N; i++) {
            char path[64];
            snprintf(path, sizeof path, "%s.int8.npy", tensors[i].name);
            struct quant_dequantize_job single = dequantize_job(path, "r.npy");
            single.output.force = true;
            if (found.is_copied[i])
                continue;
            dequantize_ok(&single);
            check_data(container, tensors[i].name, "r.npy");
            assert_memory_equal(&back.reports[i], &found.reports[i], sizeof found.reports[i]);
        }
        free(container);
    }
}

static void test_copies(void **state)
{
    (void)state;
    static struct found found;
    write_inputs();
    const struct quant_quantize_job job = container_job(0, &found);
    quantize_ok(&job);
    size_t nbytes = 0;
    unsigned char *before = file_read("m.safetensors", &nbytes);
    unsigned char *after = file_read("q.safetensors", &nbytes);
    for (size_t i = 0; i < N; i++)
        if (tensors[i].columns == 0) {
            size_t old = 0;
            size_t new = 0;
            const unsigned char *from = find_data(before, tensors[i].name, &old);
            const unsigned char *to = find_data(after, tensors[i].name, &new);
            assert_int_equal(old, new);
            assert_memory_equal(from, to, old);
        }
    free(after);
    free(before);
}

static void test_threads(void **state)
{
    (void)state;
    static struct found found;
    write_inputs();
    for (size_t row = 0; row < LENGTH(rows); row++)
        for (unsigned threads = 1; threads <= 8; threads++) {
            struct quant_quantize_job job = container_job(row, &found);
            job.control.threads = threads;
            quantize_ok(&job);
            if (threads > 1) {
                assert_true(files_equal("q.safetensors", "alone.safetensors"));
                assert_true(files_equal("q.safetensors.json", "alone.json"));
                continue;
            }
            assert_int_equal(rename("q.safetensors", "alone.safetensors"), 0);
            assert_int_equal(rename("q.safetensors.json", "alone.json"), 0);
        }
}

/* One element that is not finite: the message names the tensor, and no file is left. */
static void test_failure(void **state)
{
    (void)state;
    static struct found found;
    static const float nan_bits[] = {(float)NAN};
    write_inputs();
    FILE *file = fopen("m.safetensors", "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -4, SEEK_END), 0);
    fwrite(nan_bits, sizeof nan_bits, 1, file);
    assert_int_equal(fclose(file), 0);
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct quant_quantize_job job = container_job(0, &found);
        job.control.threads = threads;
        quantize_fails(&job, QUANT_NONFINITE, "last");
        assert_int_equal(found.n, N - 1);
    }
}

/* A file of one tensor cannot be the original of several. */
static void test_single_original(void **state)
{
    (void)state;
    static struct found found;
    write_inputs();
    const struct quant_quantize_job job = container_job(0, &found);
    quantize_ok(&job);
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct quant_dequantize_job measure = dequantize_job("q.safetensors", NULL);
        measure.measure = true;
        measure.against.path = "first.npy";
        measure.control.threads = threads;
        dequantize_fails(&measure, QUANT_INVALID, "it has 6 quantized tensors");
    }
    struct quant_quantize_job single = quantize_job("first.npy", "f.safetensors");
    quantize_ok(&single);
    struct quant_dequantize_job measure = dequantize_job("f.safetensors", NULL);
    measure.measure = true;
    measure.against.path = "first.npy";
    dequantize_ok(&measure);
}

/* Its dimensions are an array of none, which may be NULL. */
static void test_scalar(void **state)
{
    (void)state;
    static const char header[] = "{\"s\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    const float x = 2.5F;
    file_write_container("m.safetensors", header, &x, sizeof x);
    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    job.has_min_dims = true;
    job.granularity.has_axis = true;
    quantize_fails(&job, QUANT_INVALID, "a scalar has no axis");
    for (int packed = 0; packed < 2; packed++) {
        job = quantize_job("m.safetensors", "q.safetensors");
        job.has_min_dims = true;
        job.spec.dtype = packed ? QUANT_INT4 : QUANT_INT8;
        job.output.force = true;
        quantize_ok(&job);
        struct quant_dequantize_job restore = dequantize_job("q.safetensors", "r.safetensors");
        restore.output.force = true;
        dequantize_ok(&restore);
        size_t nbytes = 0;
        float back = 0;
        unsigned char *container = file_read("r.safetensors", &nbytes);
        memcpy(&back, find_data(container, "s", &nbytes), sizeof back);
        free(container);
        assert_int_equal(nbytes, sizeof back);
        assert_true(fabsf(back - x) < 1e-5F);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_each_is_a_file), IN_FOLDER(test_copies),          IN_FOLDER(test_threads),
        IN_FOLDER(test_failure),        IN_FOLDER(test_single_original), IN_FOLDER(test_scalar),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
