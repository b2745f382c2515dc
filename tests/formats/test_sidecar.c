/* SPDX-License-Identifier: MIT */
/* A sidecar comes back as it was written: the same bits, in any locale, whatever the paths; and no
 * part of one is taken for a whole. */
#include "../support/files.h"

#include <float.h>
#include <locale.h>

#include "../support/random.h"
#include "base/shape.h"
#include "formats/sidecar.h"

static struct quant_sidecar plain(void)
{
    return (struct quant_sidecar){
        .params = {.dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 0.0850393698F},
        .method = "minmax",
        .has_range = true,
        .range = {-7.59000015258789062, 10.8000001907348633},
        .has_observed = true,
        .observed = {-7.59000015258789062, 10.8000001907348633},
        .shape = {1, {7}},
        .source = {(char *)"../x.npy", "npy"},
        .source_dtype = QUANT_FLOAT32,
        .data = {(char *)"q.npy", "npy"},
        .data_bytes = 135,
        .data_xxh3_64 = 0xf9bef6875836a65c,
    };
}

static struct memory_sink write_it(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = memory_sink_make(SIZE_MAX);
    struct quant_error error;
    check_ok(quant_sidecar_write(sidecar, &sink.sink, &error), &error);
    return sink;
}

static enum quant_status read_it(const void *bytes, size_t nbytes, struct quant_sidecar *sidecar,
                                 struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "q.json");
    assert_non_null(source);
    const enum quant_status status = quant_sidecar_read(source, sidecar, error);
    quant_source_close(source);
    return status;
}

static void check_path(const char *found, const char *expected)
{
    assert_int_equal(found == NULL, expected == NULL);
    if (expected)
        assert_string_equal(found, expected);
}

static void check_equal(const struct quant_sidecar *a, const struct quant_sidecar *b)
{
    assert_memory_equal(&a->params.scale, &b->params.scale, sizeof(float));
    assert_int_equal(a->params.scheme, b->params.scheme);
    assert_int_equal(a->params.dtype, b->params.dtype);
    assert_int_equal(a->params.rounding, b->params.rounding);
    assert_int_equal(a->params.qmin, b->params.qmin);
    assert_int_equal(a->params.qmax, b->params.qmax);
    assert_int_equal(a->params.zero_point, b->params.zero_point);
    assert_string_equal(a->method, b->method);
    assert_int_equal(a->has_range, b->has_range);
    assert_int_equal(a->has_observed, b->has_observed);
    for (int i = 0; i < 2; i++) { /* both come from float32 */
        assert_true(!b->has_range || (float)a->range[i] == (float)b->range[i]);
        assert_true(!b->has_observed || (float)a->observed[i] == (float)b->observed[i]);
    }
    assert_true(quant_shape_equal(&a->shape, &b->shape));
    assert_int_equal(a->order, b->order);
    check_path(a->source.path, b->source.path);
    assert_string_equal(a->source.format, b->source.format);
    assert_int_equal(a->source_dtype, b->source_dtype);
    assert_int_equal(a->source_byte_order, b->source_byte_order);
    check_path(a->data.path, b->data.path);
    assert_string_equal(a->data.format, b->data.format);
    assert_true(a->data_bytes == b->data_bytes);
    assert_true(a->data_xxh3_64 == b->data_xxh3_64);
}

static void check_back(const struct quant_sidecar *sidecar)
{
    struct memory_sink sink = write_it(sidecar);
    struct quant_sidecar back;
    struct quant_error error;
    check_ok(read_it(sink.bytes, sink.nbytes, &back, &error), &error);
    check_equal(&back, sidecar);
    quant_sidecar_release(&back);
    assert_null(back.data.path);
    free(sink.bytes);
}

/* ---- Back as it was ---- */

static void test_text(void **state)
{
    (void)state;
    static const char expected[] =
        "{\n  \"format\": \"quant-sidecar\",\n  \"version\": 1,\n  \"tool\": \"quant " QUANT_VERSION
        "\",\n  \"scheme\": \"absmax\",\n  \"dtype\": \"int8\",\n  \"qmin\": -127,\n"
        "  \"qmax\": 127,\n  \"scale\": 0.0850393698,\n  \"zero_point\": 0,\n  \"axis\": null,\n"
        "  \"block_size\": null,\n  \"rounding\": \"half-even\",\n"
        "  \"range\": [-7.59000015, 10.8000002],\n  \"calibration\": {\n"
        "    \"method\": \"minmax\",\n    \"observed\": [-7.59000015, 10.8000002]\n  },\n"
        "  \"shape\": [7],\n  \"order\": \"C\",\n  \"source\": {\n    \"path\": \"../x.npy\",\n"
        "    \"format\": \"npy\",\n    \"dtype\": \"float32\"\n  },\n  \"data\": {\n"
        "    \"path\": \"q.npy\",\n    \"format\": \"npy\",\n    \"bytes\": 135,\n"
        "    \"xxh3_64\": \"f9bef6875836a65c\"\n  }\n}\n";
    const struct quant_sidecar sidecar = plain();
    struct memory_sink sink = write_it(&sidecar);
    assert_int_equal(sink.nbytes, sizeof expected - 1);
    assert_memory_equal(sink.bytes, expected, sink.nbytes);
    free(sink.bytes);
}

static void test_variants(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1 << 8; i++) {
        struct quant_sidecar sidecar = plain();
        sidecar.params.scheme = i & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
        sidecar.params.rounding = i & 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
        sidecar.order = i & 4 ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C;
        sidecar.has_range = !(i & 8);
        sidecar.has_observed = !(i & 16);
        sidecar.source_byte_order = (enum quant_byte_order)(i >> 5 & 3) % 3;
        sidecar.source_dtype = (enum quant_dtype)(QUANT_FLOAT16 + i % 4);
        if (i & 128) {
            sidecar.params.dtype = QUANT_UINT8;
            sidecar.params.qmin = 0;
            sidecar.params.qmax = 255;
        }
        check_back(&sidecar);
    }
}

static void test_extremes(void **state)
{
    (void)state;
    static const float scales[] = {FLT_MIN, FLT_MAX, 0x1p-149F,    0x1.fffffcp-127F, 1, FLT_EPSILON,
                                   0.1F,    1e9F,    999999984.0F, 1.00000012F,      3, 16777216};
    static const int32_t zero_points[] = {INT32_MIN, INT32_MIN + 1, -383,     -1, 0,
                                          1,         4194304,       INT32_MAX};
    static const uint64_t sizes[] = {0, 1, 135, 1ULL << 32, (1ULL << 53) - 1, 1ULL << 53};
    static const uint64_t sums[] = {0, 1, UINT64_MAX, 1ULL << 63, 0x0123456789abcdef};
    for (size_t i = 0; i < LENGTH(scales) * LENGTH(zero_points); i++) {
        struct quant_sidecar sidecar = plain();
        sidecar.params.scale = scales[i % LENGTH(scales)];
        sidecar.params.zero_point = zero_points[i / LENGTH(scales)];
        sidecar.range[0] = (double)-FLT_MAX;
        sidecar.range[1] = sidecar.observed[1] = (double)FLT_MAX;
        sidecar.data_bytes = sizes[i % LENGTH(sizes)];
        sidecar.data_xxh3_64 = sums[i % LENGTH(sums)];
        check_back(&sidecar);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct quant_shape shapes[] = {
        {0, {0}}, {1, {0}}, {1, {1ULL << 53}}, {3, {2, 0, 3}}, {2, {1, 1ULL << 40}}};
    struct quant_sidecar sidecar = plain();
    for (size_t i = 0; i < LENGTH(shapes); i++) {
        sidecar.shape = shapes[i];
        check_back(&sidecar);
    }
    sidecar.shape.ndim = QUANT_MAX_DIMS;
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        sidecar.shape.dims[i] = 1 + (i % 8 == 0);
    check_back(&sidecar);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const paths[] = {NULL,
                                        "",
                                        "a b",
                                        "quote\"d",
                                        "back\\slash",
                                        "tab\there",
                                        "line\nbreak",
                                        "\x01\x1f\x7f",
                                        "\t\t\n\t",
                                        "gr\xc3\xbc\xc3\x9f",
                                        "\xe6\xbc\xa2\xe5\xad\x97",
                                        "\xf0\x9f\x98\x80",
                                        "\\u0041",
                                        "\\\t\"",
                                        "/abs/olute",
                                        "../../up",
                                        "{}[],:"};
    char longest[4096];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= LENGTH(paths); i++) {
        struct quant_sidecar sidecar = plain();
        sidecar.source.path = i < LENGTH(paths) ? (char *)(uintptr_t)paths[i] : longest;
        check_back(&sidecar);
        sidecar = plain();
        sidecar.data.path = i < LENGTH(paths) ? (char *)(uintptr_t)paths[i] : longest;
        check_back(&sidecar);
    }
}

/* ---- Bits ---- */

static void check_random_scales(int n)
{
    struct random random = random_begin();
    for (int i = 0; i < n; i++) {
        struct quant_sidecar sidecar = plain();
        const uint32_t bits = 1 + random_below(&random, 0x7f7fffff);
        memcpy(&sidecar.params.scale, &bits, sizeof bits);
        sidecar.params.zero_point = (int32_t)random_64(&random);
        sidecar.data_xxh3_64 = random_64(&random);
        sidecar.observed[0] = (double)-sidecar.params.scale;
        check_back(&sidecar);
    }
}

static void test_random_scales(void **state)
{
    (void)state;
    check_random_scales(3000);
}

static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        print_message("skipped: there is no locale de_DE.UTF-8 here\n");
        skip();
    }
    char text[16];
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* else this tests nothing */
    test_text(state);
    check_random_scales(1000);
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5"); /* and it is left as it was */
    setlocale(LC_ALL, "C");
}

/* ---- Not whole ---- */

static void test_every_prefix(void **state)
{
    (void)state;
    struct quant_sidecar sidecar = plain();
    sidecar.data.path = (char *)"\xc3\xbc\n\"";
    struct memory_sink sink = write_it(&sidecar);
    for (size_t length = 0; length + 1 < sink.nbytes; length++) { /* the last is a newline */
        unsigned char *copy = malloc(length > 0 ? length : 1);
        assert_non_null(copy);
        memcpy(copy, sink.bytes, length);
        struct quant_sidecar back;
        struct quant_error error;
        const enum quant_status status = read_it(copy, length, &back, &error);
        check_error("prefix", status, &error, QUANT_CORRUPT,
                    "cannot read 'q.json': not a valid sidecar: it is not JSON at byte ");
        quant_sidecar_release(&back);
        free(copy);
    }
    free(sink.bytes);
}

/* Whatever byte is exchanged: an error or a sidecar, and nothing that crashes. */
static void test_every_byte(void **state)
{
    (void)state;
    const struct quant_sidecar sidecar = plain();
    struct memory_sink sink = write_it(&sidecar);
    static const unsigned char bytes[] = {0, '"', '{', '9', 0xff};
    for (size_t i = 0; i < sink.nbytes * LENGTH(bytes); i++) {
        const unsigned char kept = sink.bytes[i / LENGTH(bytes)];
        sink.bytes[i / LENGTH(bytes)] = bytes[i % LENGTH(bytes)];
        struct quant_sidecar back;
        struct quant_error error = {QUANT_OK, ""};
        const enum quant_status status = read_it(sink.bytes, sink.nbytes, &back, &error);
        assert_int_equal(status, error.status);
        quant_sidecar_release(&back);
        sink.bytes[i / LENGTH(bytes)] = kept;
    }
    free(sink.bytes);
}

static void test_write_error(void **state)
{
    (void)state;
    const struct quant_sidecar sidecar = plain();
    struct memory_sink whole = write_it(&sidecar);
    for (size_t limit = 0; limit < whole.nbytes; limit++) {
        struct memory_sink sink = memory_sink_make(limit);
        struct quant_error error;
        check_error("full", quant_sidecar_write(&sidecar, &sink.sink, &error), &error, QUANT_IO,
                    "cannot write 'sink': full");
        free(sink.bytes);
    }
    free(whole.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),       cmocka_unit_test(test_variants),
        cmocka_unit_test(test_extremes),   cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_random_scales),
        cmocka_unit_test(test_locale),     cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_byte), cmocka_unit_test(test_write_error),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
