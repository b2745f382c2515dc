/* SPDX-License-Identifier: MIT */
/* A sidecar comes back as it was written: the same bits, in any locale, whatever the paths; and no
 * part of one is taken for a whole. */
#include "test_sidecar.h"

#include <float.h>
#include <locale.h>

#include "../support/random.h"

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
    check_prefixes(&sidecar);
}

static void test_every_byte(void **state)
{
    (void)state;
    const struct quant_sidecar sidecar = plain();
    check_bytes(&sidecar);
}

static void test_write_error(void **state)
{
    (void)state;
    const struct quant_sidecar sidecar = plain();
    check_full_sinks(&sidecar);
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
