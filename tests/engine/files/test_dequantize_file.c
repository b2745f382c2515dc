/* SPDX-License-Identifier: MIT */
/* Back to floats: each format from each, the report that quantizing gave, the order that the source
 * had; and data, sidecar or original that do not belong together. */
#include "../engine.h"

#include <signal.h>

enum { N = 150001 };

static const char *const data[] = {"q.npy", "q.bin", "q.json"};
static const char *const outputs[] = {"r.npy", "r.bin", "r.json"};

static void clean(void)
{
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            unlink(entry->d_name);
    closedir(folder);
    assert_int_equal(folder_count("."), 0); /* nothing hidden was left */
}

/* ---- Right ones ---- */

static void check_restored(const char *output, const struct quant_params *params, const float *x,
                           size_t n)
{
    float *found = read_tensor(output, 4, n);
    for (size_t i = 0; i < n; i++) {
        signed char q;
        float expected;
        quant_quantize(params, &x[i], 1, &q);
        quant_dequantize(params, &q, 1, &expected);
        if (memcmp(&found[i], &expected, sizeof expected) != 0)
            fail_msg("%s: element %zu is %a, not %a", output, i, (double)found[i],
                     (double)expected);
    }
    free(found);
}

static void check_one(const char *integers, const char *output, const struct quant_spec *spec,
                      const float *x, size_t n)
{
    struct quant_quantize_job there = quantize_job("x.bin", integers);
    there.spec = *spec;
    const struct quant_quantize_result quantized = quantize_ok(&there);
    const struct quant_dequantize_job back = dequantize_job(integers, output);
    const struct quant_dequantize_result restored = dequantize_ok(&back);
    check_restored(output, &quantized.choice.params, x, n);
    assert_memory_equal(&restored.report, &quantized.report, sizeof restored.report);
    assert_int_equal(restored.shape.ndim, 1);
    assert_int_equal(restored.shape.dims[0], n);
    assert_memory_equal(&restored.params.scale, &quantized.choice.params.scale, sizeof(float));
    assert_int_equal(folder_count("."), 4); /* x, q, q's sidecar, r */
}

static void test_each_to_each(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 65536, N};
    static const struct quant_spec specs[] = {
        {.scheme = QUANT_ABSMAX},
        {.scheme = QUANT_ZERO_POINT, .include_zero = true, .rounding = QUANT_HALF_AWAY},
        {.has_clip = true, .clip = {-3, 3}},
    };
    for (size_t i = 0; i < LENGTH(sizes) * LENGTH(data) * LENGTH(outputs) * 3; i++) {
        const size_t n = sizes[i / 27];
        float *x = make_floats(n);
        write_tensor("x.bin", x, n);
        check_one(data[i % 3], outputs[i / 3 % 3], &specs[i / 9 % 3], x, n);
        free(x);
        clean();
    }
}

/* Measuring only writes nothing, dequantizing only reads no original. */
static void test_halves(void **state)
{
    (void)state;
    float *x = make_floats(1000);
    write_tensor("x.npy", x, 1000);
    const struct quant_quantize_job there = quantize_job("x.npy", "q.npy");
    const struct quant_quantize_result quantized = quantize_ok(&there);
    struct quant_dequantize_job job = dequantize_job("q.npy", NULL);
    const struct quant_dequantize_result measured = dequantize_ok(&job);
    assert_memory_equal(&measured.report, &quantized.report, sizeof measured.report);
    assert_int_equal(folder_count("."), 3);
    assert_int_equal(unlink("x.npy"), 0);
    job = dequantize_job("q.npy", "r.npy");
    job.measure = false;
    dequantize_ok(&job);
    check_restored("r.npy", &quantized.choice.params, x, 1000);
    free(x);
}

/* Other types and orders of the original give its report too, without options. */
static void test_original_types(void **state)
{
    (void)state;
    static const struct {
        enum quant_dtype dtype;
        enum quant_byte_order order;
        const char *bytes;
        size_t nbytes;
    } rows[] = {
        {QUANT_FLOAT16, QUANT_LITTLE, "\0\x3c\0\xc0\x01\x40\xff\x7b", 8},
        {QUANT_FLOAT16, QUANT_BIG, "\x3c\0\xc0\0\x40\x01\x7b\xff", 8},
        {QUANT_BFLOAT16, QUANT_BIG, "\x3f\x80\xc0\0\x40\x01\x47\x7f", 8},
        {QUANT_FLOAT64, QUANT_BIG, "\x3f\xf0\0\0\0\0\0\1\xc0\0\0\0\0\0\0\0", 16},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        static const struct quant_shape shape = {2, {2, 2}};
        file_write("x.bin", rows[i].bytes, rows[i].nbytes);
        struct quant_quantize_job there = quantize_job("x.bin", "q.npy");
        there.input.dtype = rows[i].dtype;
        there.input.byte_order = rows[i].order;
        there.input.shape = rows[i].nbytes == 8 ? &shape : NULL;
        const struct quant_quantize_result quantized = quantize_ok(&there);
        const struct quant_dequantize_job back = dequantize_job("q.npy", NULL);
        const struct quant_dequantize_result restored = dequantize_ok(&back);
        assert_memory_equal(&restored.report, &quantized.report, sizeof restored.report);
        assert_int_equal(quantized.report.bytes_in, rows[i].nbytes);
        clean();
    }
}

static void check_header(const char *path, const char *text)
{
    size_t nbytes;
    unsigned char *bytes = file_read(path, &nbytes);
    if (!strstr((char *)bytes + 10, text))
        fail_msg("%s: %s without %s", path, (char *)bytes + 10, text);
    free(bytes);
}

static void test_fortran(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 4, 5, 6};
    static const char *const paths[] = {"q.npy", "q.bin"};
    for (size_t i = 0; i < LENGTH(paths); i++) {
        write_npy("x.npy", x, 6, true, "(2, 3)");
        const struct quant_quantize_job there = quantize_job("x.npy", paths[i]);
        const struct quant_quantize_result quantized = quantize_ok(&there);
        const struct quant_dequantize_job back = dequantize_job(paths[i], "r.npy");
        const struct quant_dequantize_result restored = dequantize_ok(&back);
        check_header("r.npy", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }");
        check_restored("r.npy", &quantized.choice.params, x, 6);
        assert_memory_equal(&restored.report, &quantized.report, sizeof restored.report);
        clean();
    }
    write_npy("x.npy", x, 6, true, "(2, 3)");
    const struct quant_quantize_job there = quantize_job("x.npy", "q.json");
    quantize_fails(&there, QUANT_UNSUPPORTED, "JSON has no Fortran order");
}

/* Where all dimensions but one are 1 the orders are the same, and JSON can hold it. */
static void test_fortran_vector_in_json(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3};
    write_npy("x.npy", x, 3, true, "(3, 1)");
    const struct quant_quantize_job there = quantize_job("x.npy", "q.json");
    quantize_ok(&there);
    const struct quant_dequantize_job back = dequantize_job("q.json", "r.npy");
    dequantize_ok(&back);
}

/* ---- What does not belong together ---- */

/* Makes x.npy (2, 3), q.npy and its sidecar. */
static void make_pair(void)
{
    static const float x[] = {1, 2, 3, 4, 5, 6};
    clean();
    write_npy("x.npy", x, 6, false, "(2, 3)");
    const struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
    quantize_ok(&job);
}

static void change_data(void)
{
    int fd = open("q.npy", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\x55", 1, 130), 1);
    close(fd);
}

static void cut_data(void)
{
    assert_int_equal(truncate("q.npy", 133), 0);
}

static void lengthen_data(void)
{
    assert_int_equal(truncate("q.npy", 135), 0);
}

static void lose_sidecar(void)
{
    assert_int_equal(unlink("q.npy.json"), 0);
}

static void lose_data(void)
{
    assert_int_equal(unlink("q.npy"), 0);
}

static void lose_original(void)
{
    assert_int_equal(unlink("x.npy"), 0);
}

static void spoil_sidecar(void)
{
    assert_int_equal(truncate("q.npy.json", 100), 0);
}

static const struct {
    void (*spoil)(void);
    enum quant_status status;
    const char *message;
} spoilers[] = {
    {change_data, QUANT_CORRUPT, "cannot read 'q.npy': its checksum "},
    {cut_data, QUANT_CORRUPT, "cannot read 'q.npy': its size is 133, not 134 as in its sidecar"},
    {lengthen_data, QUANT_CORRUPT, "its size is 135, not 134 as in its sidecar"},
    {lose_sidecar, QUANT_IO,
     "'q.npy' is not quantized yet, or unfinished: there is no sidecar 'q.npy.json'"},
    {lose_data, QUANT_IO, "cannot read 'q.npy': No such file or directory"},
    {lose_original, QUANT_IO,
     "x.npy', the original named in 'q.npy.json': No such file or directory; give another with "
     "'--against FILE'"},
    {spoil_sidecar, QUANT_CORRUPT, "cannot read 'q.npy.json': not a valid sidecar"},
};

static void test_spoiled(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(spoilers); i++) {
        make_pair();
        spoilers[i].spoil();
        const struct quant_dequantize_job job = dequantize_job("q.npy", "r.npy");
        dequantize_fails(&job, spoilers[i].status, spoilers[i].message);
    }
}

static void test_against(void **state)
{
    (void)state;
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const struct {
        const char *path;
        const char *shape; /* of .npy */
        size_t n;
        enum quant_status status;
        const char *message;
    } rows[] = {
        {"y.npy", "(2, 3)", 6, QUANT_OK, ""},
        {"y.bin", NULL, 6, QUANT_OK, ""}, /* raw has no shape to contradict */
        {"y.npy", "(2, 2)", 4, QUANT_CORRUPT,
         "cannot read 'y.npy': its shape is (2, 2), not (2, 3) as in the quantized tensor"},
        {"y.npy", "(2, 4)", 8, QUANT_CORRUPT, "its shape is (2, 4), not (2, 3)"},
        {"y.npy", "(3, 2)", 6, QUANT_CORRUPT, "its shape is (3, 2), not (2, 3)"},
        {"y.npy", "(6,)", 6, QUANT_CORRUPT, "its shape is (6,), not (2, 3)"},
        {"y.npy", "(1, 2, 3)", 6, QUANT_CORRUPT, "its shape is (1, 2, 3), not (2, 3)"},
        {"y.bin", NULL, 5, QUANT_TRUNCATED, "shape (2, 3) of float32 needs 24 bytes"},
        {"y.bin", NULL, 7, QUANT_CORRUPT, "shape (2, 3) of float32 needs 24 bytes"},
        {"y.json", NULL, 5, QUANT_CORRUPT, "fewer elements than the quantized tensor"},
        {"y.json", NULL, 7, QUANT_CORRUPT, "more elements than the quantized tensor"},
        {"y.json", NULL, 6, QUANT_CORRUPT, "its shape is (6,), not (2, 3)"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        make_pair();
        if (rows[i].shape)
            write_npy(rows[i].path, x, rows[i].n, false, rows[i].shape);
        else
            write_tensor(rows[i].path, x, rows[i].n);
        struct quant_dequantize_job job = dequantize_job("q.npy", "r.npy");
        job.against.path = rows[i].path;
        if (rows[i].status == QUANT_OK)
            dequantize_ok(&job);
        else
            dequantize_fails(&job, rows[i].status, rows[i].message);
    }
    make_pair();
    write_npy("y.npy", x, 6, true, "(2, 3)");
    struct quant_dequantize_job job = dequantize_job("q.npy", NULL);
    job.against.path = "y.npy";
    dequantize_fails(&job, QUANT_CORRUPT, "its order differs from that in the quantized tensor");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *sidecar;
        struct quant_output output;
        enum quant_status status;
        const char *message;
    } rows[] = {
        {"q.npy", NULL, {.path = "q.npy", .force = true}, QUANT_EXISTS, "is the input"},
        {"q.npy", NULL, {.path = "q.npy.json", .force = true}, QUANT_EXISTS, "is the input"},
        {"q.npy", NULL, {.path = "x.npy", .force = true}, QUANT_EXISTS, "is the input"},
        {"q.npy", NULL, {.path = "there"}, QUANT_EXISTS, "'there' exists already"},
        {"q.npy", NULL, {.path = "missing/r"}, QUANT_IO, "cannot write 'missing/r'"},
        {"q.npy", NULL, {.path = "r", .format = "tar"}, QUANT_INVALID, "unknown format 'tar'"},
        {"-", NULL, {.path = "r"}, QUANT_INVALID, "is a stream, which cannot"},
        {"q.npy", "gone.json", {.path = "r"}, QUANT_IO, "cannot read 'gone.json'"},
        {"/dev/null", "q.npy.json", {.path = "r"}, QUANT_TRUNCATED, "it ends at byte 0"},
    };
    make_pair();
    file_write_text("there", "old");
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_dequantize_job job = dequantize_job(rows[i].path, NULL);
        job.sidecar = rows[i].sidecar;
        job.output = rows[i].output;
        dequantize_fails(&job, rows[i].status, rows[i].message);
    }
    assert_true(file_has_text("there", "old"));
}

/* ---- Progress, and the way out ---- */

struct watch {
    uint64_t calls;
    uint64_t last;
    uint64_t cancel_at;
    volatile sig_atomic_t flag;
};

static void watch_progress(void *context, uint64_t done, uint64_t total)
{
    struct watch *watch = context;
    assert_true(done > watch->last);
    assert_int_equal(total, N);
    watch->calls++;
    watch->last = done;
    if (done >= watch->cancel_at)
        watch->flag = 1;
}

static void test_progress_and_cancel(void **state)
{
    (void)state;
    float *x = make_floats(N);
    for (size_t i = 0; i < LENGTH(data); i++) {
        clean();
        write_tensor("x.bin", x, N);
        const struct quant_quantize_job there = quantize_job("x.bin", data[i]);
        quantize_ok(&there);
        struct watch watch = {.cancel_at = UINT64_MAX};
        struct quant_dequantize_job job = dequantize_job(data[i], "r.npy");
        job.control.progress = watch_progress;
        job.control.context = &watch;
        job.control.cancel.flag = &watch.flag;
        dequantize_ok(&job);
        assert_int_equal(watch.last, N);
        watch = (struct watch){.cancel_at = N / 2};
        job.output.path = "s.npy";
        dequantize_fails(&job, QUANT_CANCELLED, "cancelled");
        assert_true(watch.calls > 0);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_each_to_each),
        IN_FOLDER(test_halves),
        IN_FOLDER(test_original_types),
        IN_FOLDER(test_fortran),
        IN_FOLDER(test_fortran_vector_in_json),
        IN_FOLDER(test_spoiled),
        IN_FOLDER(test_against),
        IN_FOLDER(test_refused),
        IN_FOLDER(test_progress_and_cancel),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
