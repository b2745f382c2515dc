/* SPDX-License-Identifier: MIT */
/* A sidecar of many scales comes back as it was written, in arrays or by the name of a file, for
 * every way that a shape falls into groups; and none is taken whose scales do not fit its shape. */
#include "test_sidecar.h"

#include <float.h>
#include <locale.h>
#include <quant/groups.h>

#include "../support/random.h"

/* ---- Two that are whole ---- */

static float some_scales[] = {0.0850393698F, FLT_MAX, 0x1p-149F, 1};
static int32_t some_zero_points[] = {0, INT32_MIN, INT32_MAX, -23};

static struct quant_sidecar in_arrays(void)
{
    struct quant_sidecar sidecar = plain();
    sidecar.params.scale = 1;
    sidecar.has_range = false;
    sidecar.has_groups = true;
    sidecar.groups = (struct quant_sidecar_groups){
        .block_size = 2, .count = 4, .scales = some_scales, .zero_points = some_zero_points};
    return sidecar;
}

static struct quant_sidecar in_file(void)
{
    struct quant_sidecar sidecar = in_arrays();
    sidecar.shape = (struct quant_shape){2, {3, 70000}};
    sidecar.groups = (struct quant_sidecar_groups){.axis = 1,
                                                   .count = 70000,
                                                   .path = (char *)"q.npy.scales",
                                                   .bytes = 280000,
                                                   .xxh3_64 = 0x0123456789abcdef};
    return sidecar;
}

/* With zero points, and scales of two bytes. */
static struct quant_sidecar in_halves(void)
{
    struct quant_sidecar sidecar = in_file();
    sidecar.params.scale_dtype = QUANT_FLOAT16;
    sidecar.groups.has_zero_points = true;
    sidecar.groups.bytes = 420000;
    return sidecar;
}

static void check_text(const struct quant_sidecar *sidecar, int version, const char *scales,
                       const char *shape)
{
    char expected[2048];
    const int length = snprintf(
        expected, sizeof expected,
        "{\n  \"format\": \"quant-sidecar\",\n  \"version\": %d,\n  \"tool\": "
        "\"quant " QUANT_VERSION
        "\",\n  \"scheme\": \"absmax\",\n  \"dtype\": \"int8\",\n  \"qmin\": -127,\n"
        "  \"qmax\": 127,\n%s  \"rounding\": \"half-even\",\n  \"range\": null,\n"
        "  \"calibration\": {\n    \"method\": \"minmax\",\n"
        "    \"observed\": [-7.59000015, 10.8000002]\n  },\n"
        "  \"shape\": %s,\n  \"order\": \"C\",\n  \"source\": {\n    \"path\": \"../x.npy\",\n"
        "    \"format\": \"npy\",\n    \"dtype\": \"float32\"\n  },\n  \"data\": {\n"
        "    \"path\": \"q.npy\",\n    \"format\": \"npy\",\n    \"bytes\": 135,\n"
        "    \"xxh3_64\": \"f9bef6875836a65c\"\n  }\n}\n",
        version, scales, shape);
    struct memory_sink sink = write_it(sidecar);
    assert_int_equal(sink.nbytes, length);
    assert_memory_equal(sink.bytes, expected, sink.nbytes);
    free(sink.bytes);
}

static void test_text(void **state)
{
    (void)state;
    struct quant_sidecar sidecar = in_arrays();
    check_text(&sidecar, 1,
               "  \"scale\": [0.0850393698, 3.40282347e+38, 1.40129846e-45, 1.00000000],\n"
               "  \"zero_point\": [0, -2147483648, 2147483647, -23],\n"
               "  \"axis\": 0,\n  \"block_size\": 2,\n",
               "[7]");
    sidecar = in_file();
    check_text(&sidecar, 2,
               "  \"scale\": null,\n  \"zero_point\": null,\n"
               "  \"axis\": 1,\n  \"block_size\": null,\n  \"scales\": {\n"
               "    \"path\": \"q.npy.scales\",\n    \"count\": 70000,\n"
               "    \"scale_dtype\": \"float32\",\n    \"zero_points\": false,\n"
               "    \"bytes\": 280000,\n    \"xxh3_64\": \"0123456789abcdef\"\n  },\n",
               "[3, 70000]");
    sidecar = in_halves();
    check_text(&sidecar, 2,
               "  \"scale\": null,\n  \"zero_point\": null,\n  \"scale_dtype\": \"float16\",\n"
               "  \"axis\": 1,\n  \"block_size\": null,\n  \"scales\": {\n"
               "    \"path\": \"q.npy.scales\",\n    \"count\": 70000,\n"
               "    \"scale_dtype\": \"float16\",\n    \"zero_points\": true,\n"
               "    \"bytes\": 420000,\n    \"xxh3_64\": \"0123456789abcdef\"\n  },\n",
               "[3, 70000]");
    sidecar = in_arrays();
    sidecar.params.scale_dtype = QUANT_BFLOAT16;
    sidecar.groups.scales = (float[]){0.0849609375F, 0x1.FEp127F, 0x1p-133F, 1};
    check_text(&sidecar, 2,
               "  \"scale\": [0.0849609375, 3.38953139e+38, 9.18354962e-41, 1.00000000],\n"
               "  \"zero_point\": [0, -2147483648, 2147483647, -23],\n"
               "  \"scale_dtype\": \"bfloat16\",\n  \"axis\": 0,\n  \"block_size\": 2,\n",
               "[7]");
    check_back(&sidecar);
}

/* ---- Back as they were ---- */

/* So many random groups, for check_back and then to be freed. */
static void make_groups(struct quant_sidecar *sidecar, uint64_t count, struct random *random)
{
    struct quant_sidecar_groups *groups = &sidecar->groups;
    groups->count = count;
    groups->scales = malloc((count + 1) * sizeof *groups->scales);
    groups->zero_points = malloc((count + 1) * sizeof *groups->zero_points);
    assert_non_null(groups->scales);
    assert_non_null(groups->zero_points);
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t bits = 1 + random_below(random, 0x7f7fffff);
        memcpy(&groups->scales[i], &bits, sizeof bits);
        groups->zero_points[i] = (int32_t)random_64(random);
    }
}

static void check_groups_back(struct quant_sidecar *sidecar, struct random *random)
{
    struct quant_grouping grouping;
    struct quant_error error;
    const struct quant_granularity granularity = {
        .has_axis = true, .axis = sidecar->groups.axis, .block_size = sidecar->groups.block_size};
    check_ok(quant_grouping_make(&granularity, &sidecar->shape, sidecar->order, &grouping, &error),
             &error);
    make_groups(sidecar, grouping.count, random);
    check_back(sidecar);
    free(sidecar->groups.scales);
    free(sidecar->groups.zero_points);
}

/* The reader counts as the library does, whose grouping the arrays are made by. */
static void test_groupings(void **state)
{
    (void)state;
    static const uint64_t extents[] = {0, 1, 3};
    static const uint64_t blocks[] = {0, 1, 2, 3, 4, 1ULL << 53};
    struct random random = random_begin();
    for (size_t i = 0; i < 81 * LENGTH(blocks); i++) {
        struct quant_sidecar sidecar = in_arrays();
        sidecar.shape =
            (struct quant_shape){3, {extents[i % 3], extents[i / 3 % 3], extents[i / 9 % 3]}};
        sidecar.order = random_below(&random, 2) ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C;
        sidecar.groups.axis = (int)(i / 27 % 3);
        sidecar.groups.block_size = blocks[i / 81];
        check_groups_back(&sidecar, &random);
    }
}

static void test_last_of_64_axes(void **state)
{
    (void)state;
    struct random random = random_begin();
    struct quant_sidecar sidecar = in_arrays();
    sidecar.shape.ndim = QUANT_MAX_DIMS;
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        sidecar.shape.dims[i] = 1 + (i % 8 == 7);
    sidecar.groups.axis = QUANT_MAX_DIMS - 1;
    sidecar.groups.block_size = 1;
    check_groups_back(&sidecar, &random);
}

/* As many as arrays may have. Were a list searched for each entry, this would take minutes. */
static void test_most(void **state)
{
    (void)state;
    struct random random = random_begin();
    struct quant_sidecar sidecar = in_arrays();
    sidecar.shape.dims[0] = 2ULL * QUANT_SIDECAR_SCALES;
    check_groups_back(&sidecar, &random);
}

static void test_float8(void **state)
{
    (void)state;
    static int32_t zeros[4];
    struct quant_sidecar sidecar = in_arrays();
    sidecar.params.dtype = QUANT_FLOAT8_E4M3FN;
    sidecar.params.qmin = sidecar.params.qmax = 0;
    sidecar.groups.zero_points = zeros;
    check_back(&sidecar);
}

/* Nothing is kept for each of the groups that the file has. */
static void test_files(void **state)
{
    (void)state;
    static const char *const paths[] = {"q", "gr\xc3\xbc\xc3\x9f.scales", "line\nbreak\"d"};
    static const uint64_t counts[] = {0, 1, 65537, 1ULL << 50};
    for (size_t i = 0; i < LENGTH(paths) * LENGTH(counts); i++) {
        struct quant_sidecar sidecar = in_file();
        sidecar.shape.dims[1] = counts[i % LENGTH(counts)];
        sidecar.groups.count = sidecar.shape.dims[1];
        sidecar.groups.bytes = 4 * sidecar.groups.count;
        sidecar.groups.xxh3_64 = UINT64_MAX - i;
        sidecar.groups.path = (char *)(uintptr_t)paths[i / LENGTH(counts)];
        check_back(&sidecar);
    }
}

static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        print_message("skipped: there is no locale de_DE.UTF-8 here\n");
        skip();
    }
    test_text(state);
    test_last_of_64_axes(state);
    setlocale(LC_ALL, "C");
}

/* ---- Not taken ---- */

static void check_refused(const struct quant_sidecar *sidecar, const char *message)
{
    struct memory_sink sink = write_it(sidecar);
    struct quant_sidecar back;
    struct quant_error error;
    check_error("groups", read_it(sink.bytes, sink.nbytes, &back, &error), &error, QUANT_CORRUPT,
                message);
    quant_sidecar_release(&back);
    free(sink.bytes);
}

static void test_too_many_for_arrays(void **state)
{
    (void)state;
    struct random random = random_begin();
    struct quant_sidecar sidecar = in_arrays();
    sidecar.shape.dims[0] = QUANT_SIDECAR_SCALES + 1;
    sidecar.groups.block_size = 0;
    make_groups(&sidecar, QUANT_SIDECAR_SCALES + 1, &random);
    check_refused(&sidecar, "'scale' has 65537 entries; more than 65536 belong in the file of "
                            "'scales'");
    free(sidecar.groups.scales);
    free(sidecar.groups.zero_points);
}

/* A shape of 2^53 slices brings no memory with it: the arrays are short. */
static void test_shape_is_not_trusted(void **state)
{
    (void)state;
    struct quant_sidecar sidecar = in_arrays();
    sidecar.shape.dims[0] = 1ULL << 53;
    sidecar.groups.block_size = 0;
    check_refused(&sidecar,
                  "'scale' has 4 entries; shape, 'axis' and 'block_size' need 9007199254740992");
    sidecar.shape =
        (struct quant_shape){3, {1ULL << 31, 1ULL << 31, 1}}; /* times 8: past 64 bits */
    sidecar.groups.axis = 2;
    sidecar.groups.block_size = 1;
    check_refused(&sidecar, "need 4611686018427387904");
    sidecar.groups.path = (char *)"q.npy.scales";
    check_refused(&sidecar, "'count' is 4; shape, 'axis' and 'block_size' need 46116860");
}

static void test_float_targets(void **state)
{
    (void)state;
    struct quant_sidecar sidecar = in_arrays();
    sidecar.params.dtype = QUANT_FLOAT8_E5M2;
    check_refused(&sidecar, "float8_e5m2 has the scheme absmax, the rounding half-even and the "
                            "zero point 0");
    sidecar.params.dtype = QUANT_BFLOAT16;
    sidecar.groups.zero_points = (int32_t[4]){0};
    check_refused(&sidecar, "'axis' is not null, but bfloat16 is unscaled");
    sidecar = in_file();
    sidecar.params.dtype = QUANT_FLOAT16;
    check_refused(&sidecar, "'axis' is not null, but float16 is unscaled");
}

/* One thing exchanged in what is written. */
static const struct {
    bool is_file;
    const char *from;
    const char *to;
    enum quant_status status;
    const char *message;
} changes[] = {
    {false, "-23]", "-23, 0]", QUANT_CORRUPT, "'zero_point' has 5 entries; shape, 'axis' and"},
    {false, "1.00000000]", "1, 1]", QUANT_CORRUPT, "'scale' has 5 entries; shape, 'axis' and"},
    {false, "1.00000000]", "1e39]", QUANT_OUT_OF_RANGE, "'scale[3]' is 1e+39; expected a finite"},
    {false, "1.00000000]", "1e-60]", QUANT_OUT_OF_RANGE, "'scale[3]' is 1e-60; expected a finite"},
    {false, "1.00000000]", "-1]", QUANT_OUT_OF_RANGE, "'scale[3]' is -1; expected a finite float"},
    {false, "1.00000000]", "null]", QUANT_CORRUPT, "'scale[3]' is not a number"},
    {false, "1.00000000]", "true]", QUANT_CORRUPT, "'scale[3]' is not a number"},
    {false, "-23]", "-2147483649]", QUANT_OUT_OF_RANGE,
     "'zero_point[3]' is -2147483649, not within -2147483648 to 2147483647"},
    {false, "-23]", "1e999]", QUANT_OUT_OF_RANGE, "'zero_point[3]' is inf, not within"},
    {false, "-23]", "[0]]", QUANT_CORRUPT, "'zero_point[3]' is not a number"},
    {false, "-23]", "-23.0]", QUANT_OK, ""},
    {false, "[0, -2147483648, 2147483647, -23]", "{\"a\": 0}", QUANT_CORRUPT,
     "'zero_point' is neither an array nor null, but 'axis' is set"},
    {false, "[0, -2147483648, 2147483647, -23]", "[]", QUANT_CORRUPT,
     "'zero_point' has 0 entries; shape, 'axis' and"},
    {false, "\"axis\": 0", "\"axis\": false", QUANT_CORRUPT, "'axis' is not a number"},
    {false, "\"axis\": 0", "\"axis\": 4294967296", QUANT_OUT_OF_RANGE, "'axis' is 4294967296, not"},
    {false, "  \"axis\": 0,\n", "", QUANT_CORRUPT, "no key 'axis'"},
    {false, "\"block_size\": 2", "\"block_size\": 3", QUANT_CORRUPT, "'block_size' need 3"},
    {false, "\"block_size\": 2", "\"block_size\": null", QUANT_CORRUPT, "'block_size' need 7"},
    {false, "\"block_size\": 2", "\"block_size\": 2.5", QUANT_CORRUPT,
     "'block_size' is not an integer: 2.5"},
    {false, "\"block_size\": 2", "\"block_size\": 1e16", QUANT_OUT_OF_RANGE,
     "'block_size' is 10000000000000000, not within 1 to 9007199254740992"},
    {false, "\"block_size\": 2", "\"block_size\": 2, \"scales\": null", QUANT_CORRUPT,
     "it has 'scales', but 'scale' and 'zero_point' are not null"},
    {false, "\"order\": \"C\"", "\"order\": \"F\"", QUANT_OK, ""},
    {true, "\"count\": 70000", "\"count\": 210000", QUANT_CORRUPT, "'count' is 210000; shape,"},
    {true, "\"count\": 70000", "\"count\": \"70000\"", QUANT_CORRUPT, "'count' is not a number"},
    {true, "\"count\": 70000", "\"count\": -1", QUANT_OUT_OF_RANGE, "'count' is -1, not within 0"},
    {true, "    \"count\": 70000,\n", "", QUANT_CORRUPT, "no key 'count'"},
    {true, "    \"bytes\": 280000,\n", "", QUANT_CORRUPT, "no key 'bytes'"},
    {true, "280000", "280004", QUANT_CORRUPT, "'bytes' of 'scales' is 280004, not 4 for each of"},
    {true, "\"version\": 2", "\"version\": 3", QUANT_UNSUPPORTED,
     "version 3; this program reads versions 1 and 2"},
    {true, "\"version\": 2", "\"version\": 1", QUANT_CORRUPT,
     "'version' is 1, but 'scale_dtype' is a key of version 2"},
    {true, "\"scale_dtype\": \"float32\",", "", QUANT_CORRUPT, "no key 'scale_dtype'"},
    {true, "\"scale_dtype\": \"float32\"", "\"scale_dtype\": \"float64\"", QUANT_UNSUPPORTED,
     "unknown 'scale_dtype': 'float64'"},
    {true, "\"scale_dtype\": \"float32\"", "\"scale_dtype\": 4", QUANT_CORRUPT,
     "'scale_dtype' is not a string"},
    {true, "\"scale_dtype\": \"float32\"", "\"scale_dtype\": \"float16\"", QUANT_CORRUPT,
     "the 'scale_dtype' of 'scales' is float16, not float32"},
    {true, "    \"zero_points\": false,\n", "", QUANT_CORRUPT, "no key 'zero_points'"},
    {true, "\"zero_points\": false", "\"zero_points\": 0", QUANT_CORRUPT,
     "'zero_points' is neither true nor false"},
    {true, "\"zero_points\": false", "\"zero_points\": true", QUANT_CORRUPT,
     "'bytes' of 'scales' is 280000, not 8 for each of"},
    {true, "\"scheme\": \"absmax\"", "\"scheme\": \"zero-point\"", QUANT_CORRUPT,
     "'zero_points' is false, but 'scheme' and 'dtype' need them"},
    {true, "\"axis\"", "\"mixture\": \"gguf\", \"axis\"", QUANT_UNSUPPORTED,
     "unknown key 'mixture': a later version of quant wrote it"},
    {true, "\"axis\"", "\"scale_dtype\": \"float32\", \"axis\"", QUANT_OK, ""},
    {true, "\"axis\"", "\"scale_dtype\": \"bfloat16\", \"axis\"", QUANT_CORRUPT,
     "the 'scale_dtype' of 'scales' is float32, not bfloat16"},
    {false, "\"version\": 1", "\"version\": 2", QUANT_CORRUPT,
     "'version' is 2, but no key of version 2 occurs"},
    {false, "\"axis\"", "\"scale_dtype\": \"float16\", \"axis\"", QUANT_CORRUPT,
     "'version' is 1, but 'scale_dtype' is a key of version 2"},
    {false, "\"version\": 1", "\"version\": 2, \"scale_dtype\": \"float16\"", QUANT_OUT_OF_RANGE,
     "'scale[0]' is 0.0850393698; expected a finite float16 above 0"},
    {true, "\"q.npy.scales\"", "7", QUANT_CORRUPT, "'path' is not a string"},
    {true, "\"q.npy.scales\"", "\"q\", \"path\": \"r\"", QUANT_CORRUPT, "duplicate key 'path'"},
    {true, "0123456789abcdef", "0123456789ABCDEF", QUANT_CORRUPT, "'xxh3_64' is not 16 hexadec"},
    {true, "\"scale\": null", "\"scale\": 1", QUANT_CORRUPT, "only one of 'scale' and 'zero_po"},
    {true, "\"zero_point\": null", "\"zero_point\": []", QUANT_CORRUPT, "only one of 'scale'"},
    {true, "\"axis\": 1", "\"axis\": null", QUANT_CORRUPT, "it has 'scales', but 'axis' is"},
    {true, "\"axis\": 1", "\"axis\": 0", QUANT_CORRUPT, "'count' is 70000; shape, 'axis' and 'bl"},
};

static void test_changes(void **state)
{
    (void)state;
    const struct quant_sidecar whole[] = {in_arrays(), in_file()};
    for (size_t i = 0; i < LENGTH(changes); i++) {
        struct memory_sink sink = write_it(&whole[changes[i].is_file]);
        char good[2048];
        snprintf(good, sizeof good, "%.*s", (int)sink.nbytes, (const char *)sink.bytes);
        free(sink.bytes);
        const char *at = strstr(good, changes[i].from);
        if (!at)
            fail_msg("there is no %s", changes[i].from);
        char text[2048];
        const int length = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good,
                                    changes[i].to, at + strlen(changes[i].from));
        struct quant_sidecar back;
        struct quant_error error = {QUANT_OK, ""};
        check_error(changes[i].to, read_it(text, (size_t)length, &back, &error), &error,
                    changes[i].status, changes[i].message);
        quant_sidecar_release(&back);
    }
}

/* ---- Of version 1 ---- */

/* The file has a float32 and an int32 for each group, and the sidecar says nothing of them. */
static void test_version_1(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\": \"quant-sidecar\", \"version\": 1, \"tool\": \"quant 0.1.0\",\n"
        "\"scheme\": \"absmax\", \"dtype\": \"int8\", \"qmin\": -127, \"qmax\": 127,\n"
        "\"scale\": null, \"zero_point\": null, \"axis\": 1, \"block_size\": null,\n"
        "\"scales\": {\"path\": \"q.npy.scales\", \"count\": 70000, \"bytes\": 560000,\n"
        "\"xxh3_64\": \"0123456789abcdef\"}, \"rounding\": \"half-even\", \"range\": null,\n"
        "\"calibration\": {\"method\": \"minmax\", \"observed\": [-7.59000015, 10.8000002]},\n"
        "\"shape\": [3, 70000], \"order\": \"C\",\n"
        "\"source\": {\"path\": \"../x.npy\", \"format\": \"npy\", \"dtype\": \"float32\"},\n"
        "\"data\": {\"path\": \"q.npy\", \"format\": \"npy\", \"bytes\": 135,\n"
        "\"xxh3_64\": \"f9bef6875836a65c\"}}\n";
    struct quant_sidecar expected = in_file();
    expected.groups.bytes = 560000;
    expected.groups.has_zero_points = true;
    struct quant_sidecar found;
    struct quant_error error;
    check_ok(read_it(text, strlen(text), &found, &error), &error);
    check_equal(&found, &expected);
    quant_sidecar_release(&found);
}

/* ---- Not whole ---- */

static void test_not_whole(void **state)
{
    (void)state;
    const struct quant_sidecar whole[] = {in_arrays(), in_file(), in_halves()};
    for (size_t i = 0; i < LENGTH(whole); i++) {
        check_prefixes(&whole[i]);
        check_bytes(&whole[i]);
        check_full_sinks(&whole[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_groupings),
        cmocka_unit_test(test_last_of_64_axes),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_float8),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_too_many_for_arrays),
        cmocka_unit_test(test_shape_is_not_trusted),
        cmocka_unit_test(test_float_targets),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_not_whole),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
