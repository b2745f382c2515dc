/* SPDX-License-Identifier: MIT */
/* Every type to quantize to through files: what a call in memory makes of the elements, in every
 * format, from any number of threads and by every kernel set; and its shape and order. */
#include "../../support/names.h"
#include "../engine.h"
#include "core/measure.h"
#include "engine/work/chunks.h"

#define CHUNK ((size_t)QUANT_CHUNK)

/* Odd ones too: the last byte of 4-bit elements is then half full. */
static const size_t lengths[] = {0, 1, 7, CHUNK + 4097};

static const unsigned threads[] = {1, 2, 5};

static const char *const inputs[] = {"x.bin", "x.npy", "x.json"};
static const char *const outputs[] = {"q.bin", "q.npy", "q.json"};

struct expected {
    struct quant_choice choice;
    struct quant_report report;
    unsigned char *q; /* owned */
    size_t nbytes;
    float *restored; /* owned */
};

static struct expected in_memory(const struct quant_spec *spec, const float *x, size_t n)
{
    struct expected expected;
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_error error;
    static struct quant_measure measure;
    quant_observe(&observed, x, n);
    check_ok(quant_choose(spec, &observed, &expected.choice, &error), &error);
    expected.nbytes = (size_t)quant_dtype_bytes(spec->dtype, n);
    expected.q = malloc(expected.nbytes + 1);
    expected.restored = malloc((n + 1) * sizeof(float));
    assert_true(expected.q && expected.restored);
    quant_quantize(&expected.choice.params, x, n, expected.q);
    quant_dequantize(&expected.choice.params, expected.q, n, expected.restored);
    quant_measure_init(&measure, &expected.choice.params);
    quant_measure_add(&measure, x, expected.q, n);
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &expected.report);
    return expected;
}

/* The bytes after a .npy header, or all of a raw file. */
static void check_bytes(const char *path, const void *bytes, size_t nbytes)
{
    size_t found;
    unsigned char *content = file_read(path, &found);
    const size_t header = strstr(path, ".npy") ? 128 : 0;
    assert_int_equal(found, header + nbytes);
    assert_memory_equal(content + header, bytes, nbytes);
    free(content);
}

static void check_way(const struct quant_spec *spec, const char *input, const char *output,
                      unsigned count, const struct expected *expected, size_t n)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.spec = *spec;
    job.control.threads = count;
    job.output.force = true;
    const struct quant_quantize_result result = quantize_ok(&job);
    assert_memory_equal(&result.choice.params, &expected->choice.params,
                        sizeof result.choice.params);
    assert_memory_equal(&result.report, &expected->report, sizeof result.report);
    if (!strstr(output, ".json"))
        check_bytes(output, expected->q, expected->nbytes);

    struct quant_dequantize_job back = dequantize_job(output, "back.bin");
    back.control.threads = count;
    back.output.force = true;
    const struct quant_dequantize_result restored = dequantize_ok(&back);
    assert_memory_equal(&restored.params, &expected->choice.params, sizeof restored.params);
    assert_memory_equal(&restored.report, &expected->report, sizeof restored.report);
    check_bytes("back.bin", expected->restored, n * sizeof(float));
}

/* Long ones from each format to itself, and as text once only: that takes its time. */
static void check_type(enum quant_dtype dtype, size_t n, const float *x)
{
    const struct quant_spec spec = {
        .dtype = dtype, .has_scale = quant_dtype_info(dtype)->needs_scale, .scale = 0x1p-30F};
    const struct expected expected = in_memory(&spec, x, n);
    for (size_t i = 0; i < LENGTH(inputs) * LENGTH(outputs) * LENGTH(threads); i++)
        if (n < CHUNK || (i % 3 == i / 3 % 3 && (i % 3 < 2 || i / 9 == 1)))
            check_way(&spec, inputs[i % 3], outputs[i / 3 % 3], threads[i / 9], &expected, n);
    for (size_t i = 0; isa_name(i); i++)
        if (isa_supported(i)) {
            struct quant_error error;
            check_ok(quant_isa_select(isa_name(i), &error), &error);
            check_way(&spec, inputs[0], outputs[0], 2, &expected, n);
        }
    free(expected.q);
    free(expected.restored);
}

static void test_each_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        float *x = make_floats(lengths[i]);
        for (size_t k = 0; k < LENGTH(inputs); k++)
            write_tensor(inputs[k], x, lengths[i]);
        for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
            const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
            if (info && info->quantizes)
                check_type((enum quant_dtype)dtype, lengths[i], x);
        }
        free(x);
    }
}

/* Shape and order come back, also where the .npy of packed elements does not have them. */
static void test_shape_and_order(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    write_npy("x.npy", x, LENGTH(x), true, "(5, 3)");
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
        if (!info || !info->quantizes)
            continue;
        struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
        job.spec.dtype = (enum quant_dtype)dtype;
        job.spec.has_scale = info->needs_scale;
        job.spec.scale = 1;
        job.output.force = true;
        quantize_ok(&job);
        struct quant_dequantize_job back = dequantize_job("q.npy", "back.npy");
        back.output.force = true;
        const struct quant_dequantize_result result = dequantize_ok(&back);
        assert_int_equal(result.shape.ndim, 2);
        assert_true(result.shape.dims[0] == 5 && result.shape.dims[1] == 3);
        assert_int_equal(result.order, QUANT_ORDER_FORTRAN);
        size_t nbytes;
        char *content = (char *)file_read("back.npy", &nbytes);
        assert_non_null(strstr(content + 10, "'fortran_order': True, 'shape': (5, 3)"));
        free(content);
        if (info->is_unscaled)
            check_bytes("back.npy", x, sizeof x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_each_type),
        IN_FOLDER(test_shape_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
