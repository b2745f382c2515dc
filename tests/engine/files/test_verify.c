/* SPDX-License-Identifier: MIT */
/* What quantizing writes is fine; whatever is changed in it afterwards is found and named. */
#include <xxhash.h>

#include "../verifying.h"

static void expect_fine(const char *path)
{
    struct found found;
    verify(path, &found);
    if (found.n > 0)
        fail_msg("%s: %s", path, found.texts[0]);
}

/* The first fault is of this kind, and its text has these words. */
static void expect_fault(const char *path, enum quant_fault_kind kind, const char *words)
{
    struct found found;
    verify(path, &found);
    if (found.n == 0)
        fail_msg("%s: nothing was found, expected: %s", path, words);
    if (!strstr(found.texts[0], words) || found.kinds[0] != kind)
        fail_msg("%s: found %s: %s; expected %s: %s", path, quant_fault_kind_name(found.kinds[0]),
                 found.texts[0], quant_fault_kind_name(kind), words);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static const char header[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60]},"
                             "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[60,72]}}";

static void write_source(const char *path)
{
    enum { N = 18 };
    float *x = make_floats(N);
    if (strstr(path, ".safetensors"))
        file_write_container(path, header, x, N * sizeof *x);
    else if (strstr(path, ".npy"))
        write_npy(path, x, 15, strstr(path, "fortran"), "(3, 5)");
    else
        write_tensor(path, x, 15);
    free(x);
}

struct way {
    const char *source;
    enum quant_dtype dtype;
    enum quant_scheme scheme;
    struct quant_granularity granularity;
    const char *output; /* its extension is the format's */
    enum quant_dtype scale_dtype;
};

static void quantize_so(const struct way *way)
{
    write_source(way->source);
    struct quant_quantize_job job = quantize_job(way->source, way->output);
    job.output.force = true;
    job.spec.dtype = way->dtype;
    job.spec.scheme = way->scheme;
    job.spec.scale_dtype = way->scale_dtype;
    job.granularity = way->granularity;
    quantize_ok(&job);
}

static const struct way ways[] = {
    {"x.npy", QUANT_INT8, QUANT_ABSMAX, {false, 0, 0, 0}, "q.npy", 0},
    {"fortran.npy", QUANT_UINT8, QUANT_ZERO_POINT, {false, 0, 0, 0}, "q.npy", 0},
    {"x.npy", QUANT_INT4, QUANT_ABSMAX, {false, 0, 0, 0}, "q.npy", 0},
    {"x.npy", QUANT_INT16, QUANT_ZERO_POINT, {false, 0, 0, 0}, "q.npy", QUANT_BFLOAT16},
    {"x.npy", QUANT_FLOAT8_E4M3FN, QUANT_ABSMAX, {false, 0, 0, 0}, "q.npy", 0},
    {"x.raw", QUANT_UINT8, QUANT_ABSMAX, {false, 0, 0, 0}, "q.bin", 0},
    {"x.raw", QUANT_UINT4, QUANT_ZERO_POINT, {false, 0, 0, 0}, "q.bin", 0},
    {"x.json", QUANT_INT8, QUANT_ZERO_POINT, {false, 0, 0, 0}, "q.json", 0},
    {"x.json", QUANT_INT4, QUANT_ABSMAX, {false, 0, 0, 0}, "q.json", QUANT_FLOAT16},
    {"x.safetensors", QUANT_INT8, QUANT_ZERO_POINT, {true, 0, 0, 0}, "q.safetensors", 0},
    {"x.safetensors", QUANT_INT4, QUANT_ABSMAX, {false, 0, 0, 0}, "q.safetensors", 0},
    {"x.safetensors", QUANT_UINT8, QUANT_ABSMAX, {false, 0, 2, 0}, "q.safetensors", QUANT_FLOAT16},
    {"x.safetensors", QUANT_BFLOAT16, QUANT_ABSMAX, {false, 0, 0, 0}, "q.safetensors", 0},
};

static const struct way grouped_ways[] = {
    {"x.npy", QUANT_INT8, QUANT_ABSMAX, {true, 0, 0, 0}, "q.npy", 0},
    {"fortran.npy", QUANT_INT4, QUANT_ZERO_POINT, {true, 1, 2, 0}, "q.npy", 0},
    {"x.raw", QUANT_UINT16, QUANT_ABSMAX, {false, 0, 4, 0}, "q.bin", QUANT_FLOAT16},
};

static void test_fine(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(ways) + LENGTH(grouped_ways); i++) {
        const struct way *way = i < LENGTH(ways) ? &ways[i] : &grouped_ways[i - LENGTH(ways)];
        quantize_so(way);
        expect_fine(way->output);
    }
}

/* ---- Single changes -------------------------------------------------------------------------- */

/* One bit, and several bits, in turn. */
static const unsigned char flips[] = {1, 16, 0x5A};

struct fuzzed {
    const char *output;
    void *restored; /* owned: what the pair gives if nothing is changed */
    size_t nrestored;
    size_t found;
    size_t irrelevant;
};

static void restore(const char *output, const char *to)
{
    struct quant_dequantize_job job = dequantize_job(output, to);
    job.measure = false;
    job.output.force = true;
    dequantize_ok(&job);
}

static void check_irrelevant(struct fuzzed *fuzzed, const char *path, size_t i, unsigned char flip)
{
    char to[64];
    size_t nbytes;
    snprintf(to, sizeof to, "again%s", strchr(fuzzed->output, '.'));
    restore(fuzzed->output, to);
    unsigned char *again = file_read(to, &nbytes);
    if (nbytes != fuzzed->nrestored || memcmp(again, fuzzed->restored, nbytes) != 0)
        fail_msg("byte %zu of %s, changed by %#x, was not found, and gives other floats", i, path,
                 flip);
    free(again);
    fuzzed->irrelevant++;
}

static void flip_each(struct fuzzed *fuzzed, const char *path)
{
    size_t nbytes;
    unsigned char *bytes = file_read(path, &nbytes);
    for (size_t i = 0; i < nbytes; i++) {
        const unsigned char flip = flips[i % LENGTH(flips)];
        struct found found;
        bytes[i] ^= flip;
        file_write(path, bytes, nbytes);
        verify(fuzzed->output, &found);
        fuzzed->found += found.n > 0;
        if (found.n == 0)
            check_irrelevant(fuzzed, path, i, flip);
        bytes[i] ^= flip;
    }
    file_write(path, bytes, nbytes);
    free(bytes);
}

/* Scales of groups in the sidecar of one tensor have no checksum: see docs/verify.md. So only pairs
 * with one scale, and containers, are here. */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(ways); i++) {
        struct fuzzed fuzzed = {.output = ways[i].output};
        char sidecar[64];
        char to[64];
        quantize_so(&ways[i]);
        snprintf(sidecar, sizeof sidecar, "%s.json", fuzzed.output);
        snprintf(to, sizeof to, "once%s", strchr(fuzzed.output, '.'));
        restore(fuzzed.output, to);
        fuzzed.restored = file_read(to, &fuzzed.nrestored);
        flip_each(&fuzzed, fuzzed.output);
        assert_int_equal(fuzzed.irrelevant, 0); /* a checksum covers every byte of the data */
        flip_each(&fuzzed, sidecar);
        assert_true(fuzzed.found > 3 * fuzzed.irrelevant);
        expect_fine(fuzzed.output);
        free(fuzzed.restored);
    }
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* Changes the bytes of q.npy after its header, and its sidecar's checksum with it: as a program may
 * have written them that is not this one. */
static void write_elements(size_t at, const unsigned char *bytes, size_t n)
{
    static const char key[] = "\"xxh3_64\": \"";
    size_t nbytes;
    size_t ntext;
    unsigned char *data = file_read("q.npy", &nbytes);
    char *text = (char *)file_read("q.npy.json", &ntext);
    char *sum = strstr(text, key);
    char digits[17];
    assert_non_null(sum);
    memcpy(data + 128 + at, bytes, n);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)XXH3_64bits(data, nbytes));
    memcpy(sum + strlen(key), digits, 16);
    file_write("q.npy", data, nbytes);
    file_write("q.npy.json", text, ntext);
    free(data);
    free(text);
}

static void quantize_rows(enum quant_dtype dtype, size_t nrows)
{
    const size_t n = 5 * nrows;
    char shape[32];
    float *x = make_floats(n);
    snprintf(shape, sizeof shape, "(%zu, 5)", nrows);
    write_npy("x.npy", x, n, false, shape);
    free(x);
    struct quant_quantize_job job = quantize_job("x.npy", "q.npy");
    job.spec.dtype = dtype;
    job.output.force = true;
    quantize_ok(&job);
}

/* In the middle of a chunk that is not the first, by one thread and by several. */
static void test_integers_outside(void **state)
{
    (void)state;
    static const unsigned char low[] = {0x80, 0, 0x80};
    quantize_rows(QUANT_INT8, 120000);
    write_elements(400002, low, sizeof low);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        struct found found;
        verify_with("q.npy", NULL, threads, &found);
        assert_int_equal(found.n, 1);
        assert_int_equal(found.kinds[0], QUANT_FAULT_ELEMENT);
        assert_int_equal(found.elements[0], 400002);
        assert_string_equal(found.texts[0], "'q.npy': element 400002, index [80000, 2], is -128, "
                                            "outside [-127, 127]; so is 1 more");
    }
    static const unsigned char nibble[] = {0x80};
    quantize_rows(QUANT_INT4, 3);
    write_elements(3, nibble, 1);
    expect_fault("q.npy", QUANT_FAULT_ELEMENT, "element 7, index [1, 2], is -8, outside [-7, 7]");
    static const unsigned char last[] = {0x38};
    quantize_rows(QUANT_UINT4, 3);
    write_elements(7, last, 1);
    expect_fault("q.npy", QUANT_FAULT_PADDING, "element 14, index [2, 4], is the last");
}

static void edit(const char *path, const char *from, const char *to)
{
    size_t nbytes;
    char *text = (char *)file_read(path, &nbytes);
    char *at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    file_write(path, text, nbytes);
    free(text);
}

static void test_scales(void **state)
{
    (void)state;
    quantize_so(&grouped_ways[0]);
    edit("q.npy.json", "\"zero_point\": [0,", "\"zero_point\": [1,");
    expect_fault("q.npy", QUANT_FAULT_SCALES,
                 "'q.npy': the zero point of group 0 is 1; absmax gives 0");
    quantize_so(&ways[0]);
    edit("q.npy.json", "\"zero_point\": 0", "\"zero_point\": 1");
    expect_fault("q.npy", QUANT_FAULT_SIDECAR, "zero point 1 are not those of its range");
    quantize_so(&ways[0]);
    edit("q.npy.json", "\"scale\": 0.0", "\"scale\": 0.1");
    expect_fault("q.npy", QUANT_FAULT_SIDECAR, "are not those of its range");
}

/* Ranges whose scale is not simply their width: constant, nothing but zeros, very small and very
 * large, far from zero; scales of 16 bits. */
static void test_hard_ranges(void **state)
{
    (void)state;
    static const float tensors[][3] = {
        {0, 0, 0},
        {5, 5, 5},
        {-3, -3, -3},
        {1e-38F, 0, 0},
        {3e38F, -3e38F, 1},
        {3.4e38F, 1e38F, 2e38F},
        {1e7F, 1e7F, 10000002},
        {-1e9F, -1000000064, -1e9F},
        {5, 7, 10},
        {1e-45F, 1e-45F, 2e-45F},
    };
    static const enum quant_dtype scale_dtypes[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_BFLOAT16};
    for (size_t i = 0; i < LENGTH(tensors) * 12; i++) {
        struct quant_quantize_job job = quantize_job("x.raw", "q.bin");
        write_raw("x.raw", tensors[i / 12], 3);
        job.output.force = true;
        job.spec.scheme = i % 2 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
        job.spec.scale_dtype = scale_dtypes[i / 2 % 3];
        job.spec.dtype = i / 6 % 2 ? QUANT_UINT8 : QUANT_INT4;
        quantize_ok(&job);
        expect_fine("q.bin");
    }
}

/* ---- Several files --------------------------------------------------------------------------- */

struct order {
    size_t next;
    size_t nfaulty;
    size_t stop; /* the number of files to end after */
};

static bool note_order(void *context, const struct quant_file_result *result)
{
    struct order *order = context;
    assert_int_equal(result->file, order->next++);
    order->nfaulty += result->verified->nfaults > 0;
    return order->next < order->stop;
}

static void test_many_files(void **state)
{
    (void)state;
    struct quant_file files[10];
    struct order order = {.stop = 100};
    for (size_t i = 0; i < LENGTH(files); i++)
        files[i] = (struct quant_file){.path = i % 3 ? "q.npy" : "missing.npy"};
    quantize_so(&ways[0]);
    const struct quant_verify_job job = {
        .size = sizeof job,
        .files = files,
        .nfiles = LENGTH(files),
        .control = {.threads = 3, .on_file = note_order, .context = &order}};
    struct quant_error error;
    check_error("some", quant_file_verify(&job, &error), &error, QUANT_IO,
                "cannot read 'missing.npy'");
    assert_int_equal(order.next, 10);
    assert_int_equal(order.nfaulty, 4);
    order = (struct order){.stop = 7};
    check_error("stopped", quant_file_verify(&job, &error), &error, QUANT_CANCELLED, "cancelled");
    assert_int_equal(order.next, 7);
}

static void test_no_files(void **state)
{
    (void)state;
    const struct quant_verify_job job = {.size = sizeof job};
    struct quant_error error;
    check_error("none", quant_file_verify(&job, &error), &error, QUANT_INVALID,
                "at least one file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_fine),     IN_FOLDER(test_every_byte),  IN_FOLDER(test_integers_outside),
        IN_FOLDER(test_scales),   IN_FOLDER(test_hard_ranges), IN_FOLDER(test_many_files),
        IN_FOLDER(test_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
