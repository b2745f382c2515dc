/* SPDX-License-Identifier: MIT */
/* Every file in data/bad/sidecar is refused, for the reason in its row. Those that are
 * right by themselves and wrong about the data are found by dequantizing it. A file without a row
 * fails, and so does a row without a file. */
#include "../support/files.h"

#include "records/sidecar.h"

#define DIRECTORY "data/bad/sidecar/"

static const struct {
    const char *name;
    enum quant_status status;
    const char *message;
    bool only_with_data; /* the sidecar alone is fine */
} rows[] = {
    {"argument_infinite.json", QUANT_OUT_OF_RANGE, "'argument' is inf; expected a number", false},
    {"argument_missing.json", QUANT_CORRUPT, "calibration method 'sigma' has no 'argument'", true},
    {"argument_string.json", QUANT_CORRUPT, "'argument' is not a number", false},
    {"argument_unasked.json", QUANT_CORRUPT, "method 'minmax' takes no 'argument'", true},
    {"argument_zero.json", QUANT_OUT_OF_RANGE, "'argument' is 0; expected a number", false},
    {"axis_beyond_shape.json", QUANT_CORRUPT, "'axis' is 1, but the shape (7,) has axes 0 to 0",
     false},
    {"axis_fraction.json", QUANT_CORRUPT, "'axis' is not an integer: 0.5", false},
    {"axis_negative.json", QUANT_CORRUPT, "'axis' is -1, but the shape (7,) has axes 0 to 0",
     false},
    {"axis_of_scalar.json", QUANT_CORRUPT, "'axis' is 0, but a scalar has no axis", false},
    {"axis_string.json", QUANT_CORRUPT, "'axis' is not a number", false},
    {"axis_with_one_scale.json", QUANT_CORRUPT,
     "'scale' is neither an array nor null, but 'axis' is set", false},
    {"block_size_missing.json", QUANT_CORRUPT, "no key 'block_size'", false},
    {"block_size_string.json", QUANT_CORRUPT, "'block_size' is not a number", false},
    {"block_size_without_axis.json", QUANT_CORRUPT, "'block_size' is set, but 'axis' is null",
     false},
    {"block_size_zero.json", QUANT_OUT_OF_RANGE,
     "'block_size' is 0, not within 1 to 9007199254740992", false},
    {"bytes_differ.json", QUANT_CORRUPT, "its size is 135, not 136 as in its sidecar", true},
    {"bytes_negative.json", QUANT_OUT_OF_RANGE, "'bytes' is -135, not within 0 to 90071", false},
    {"checksum_differs.json", QUANT_CORRUPT,
     "its checksum is f9bef6875836a65c, not 0000000000000000 as in its sidecar", true},
    {"checksum_not_hex.json", QUANT_CORRUPT, "'xxh3_64' is not 16 hexadecimal digits", false},
    {"checksum_short.json", QUANT_CORRUPT, "'xxh3_64' is not 16 hexadecimal digits", false},
    {"comma_missing.json", QUANT_CORRUPT, "not JSON at byte 158", false},
    {"data_format_unknown.json", QUANT_UNSUPPORTED, "data_format_unknown.json", true},
    {"data_missing.json", QUANT_CORRUPT, "no key 'data'", false},
    {"dtype_differs.json", QUANT_UNSUPPORTED, "unsupported dtype '|i1' at byte 20; expected <i2",
     true},
    {"dtype_unknown.json", QUANT_UNSUPPORTED, "unknown 'dtype': 'int7'", false},
    {"empty.json", QUANT_CORRUPT, "not JSON at byte 0", false},
    {"format_missing.json", QUANT_CORRUPT, "no key 'format'", false},
    {"format_wrong.json", QUANT_UNRECOGNIZED, "'format' is not 'quant-sidecar'", false},
    {"key_doubled.json", QUANT_CORRUPT, "duplicate key 'scale'", false},
    {"not_json.json", QUANT_CORRUPT, "not JSON at byte 0", false},
    {"not_object.json", QUANT_CORRUPT, "not a JSON object", false},
    {"object_empty.json", QUANT_CORRUPT, "no key 'format'", false},
    {"order_unknown.json", QUANT_UNSUPPORTED, "unknown 'order': 'Z'", false},
    {"qmax_above_dtype.json", QUANT_OUT_OF_RANGE, "'qmax' is 128, not within -128 to 127", false},
    {"qmin_above_qmax.json", QUANT_CORRUPT, "'qmin' 127 is not less than 'qmax' -127", false},
    {"qmin_below_dtype.json", QUANT_OUT_OF_RANGE, "'qmin' is -129, not within -128", false},
    {"qmin_fraction.json", QUANT_CORRUPT, "'qmin' is not an integer: -126.5", false},
    {"qmin_missing.json", QUANT_CORRUPT, "no key 'qmin'", false},
    {"rounding_unknown.json", QUANT_UNSUPPORTED, "unknown 'rounding': 'half-odd'", false},
    {"scale_alone_null.json", QUANT_CORRUPT, "only one of 'scale' and 'zero_point' is null", false},
    {"scale_array.json", QUANT_CORRUPT, "'scale' is an array, but 'axis' is null", false},
    {"scale_array_long.json", QUANT_CORRUPT,
     "'scale' has 5 entries; shape, 'axis' and 'block_size' need 4", false},
    {"scale_array_nested.json", QUANT_CORRUPT, "'scale[0]' is not a number", false},
    {"scale_array_short.json", QUANT_CORRUPT,
     "'scale' has 3 entries; shape, 'axis' and 'block_size' need 4", false},
    {"scale_array_string.json", QUANT_CORRUPT, "'scale[1]' is not a number", false},
    {"scale_array_zero.json", QUANT_OUT_OF_RANGE,
     "'scale[2]' is 0; expected a finite float32 above 0", false},
    {"scale_beyond_float32.json", QUANT_OUT_OF_RANGE, "'scale' is 1e+39; expected a", false},
    {"scale_infinite.json", QUANT_OUT_OF_RANGE, "'scale' is inf; expected a finite", false},
    {"scale_missing.json", QUANT_CORRUPT, "no key 'scale'", false},
    {"scale_negative.json", QUANT_OUT_OF_RANGE, "'scale' is -0.0850393698; expected", false},
    {"scale_null.json", QUANT_CORRUPT, "'scale' is not a number", false},
    {"scale_string.json", QUANT_CORRUPT, "'scale' is not a number", false},
    {"scale_zero.json", QUANT_OUT_OF_RANGE, "'scale' is 0; expected a finite float32", false},
    {"scales_beside_arrays.json", QUANT_CORRUPT,
     "it has 'scales', but 'scale' and 'zero_point' are not null", false},
    {"scales_bytes_differ.json", QUANT_CORRUPT, "'bytes' of 'scales' is 31, not 8 for each of 4",
     false},
    {"scales_checksum_short.json", QUANT_CORRUPT, "'xxh3_64' is not 16 hexadecimal digits", false},
    {"scales_count_differs.json", QUANT_CORRUPT,
     "'count' is 5; shape, 'axis' and 'block_size' need 4", false},
    {"scales_missing.json", QUANT_CORRUPT, "no key 'scales'", false},
    {"scales_path_above.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_absolute.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_dots.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_empty.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_escape.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_long.json", QUANT_CORRUPT, "'scales' names a file beside the sidecar, not",
     false},
    {"scales_path_missing.json", QUANT_CORRUPT, "no key 'path'", false},
    {"scales_path_null.json", QUANT_CORRUPT, "the 'path' of 'scales' is null", false},
    {"scales_string.json", QUANT_CORRUPT, "'scales' is not an object", false},
    {"scales_without_axis.json", QUANT_CORRUPT, "it has 'scales', but 'axis' is null", false},
    {"scheme_unknown.json", QUANT_UNSUPPORTED, "unknown 'scheme': 'logarithmic'", false},
    {"shape_fraction.json", QUANT_CORRUPT, "'shape' is not an integer: 7.5", false},
    {"shape_larger.json", QUANT_CORRUPT, "its shape is (7,), not (8,) as in its sidecar", true},
    {"shape_missing.json", QUANT_CORRUPT, "no key 'shape'", false},
    {"shape_negative.json", QUANT_OUT_OF_RANGE, "'shape' is -7, not within 0 to", false},
    {"shape_overflow.json", QUANT_OUT_OF_RANGE, "'shape' is larger than any file", false},
    {"shape_smaller.json", QUANT_CORRUPT, "its shape is (7,), not (2, 3) as in its", true},
    {"shape_string.json", QUANT_CORRUPT, "'shape' is not an array", false},
    {"text_after.json", QUANT_CORRUPT, "not JSON at byte 558", false},
    {"truncated.json", QUANT_CORRUPT, "not JSON at byte 200", false},
    {"version_2.json", QUANT_CORRUPT, "'version' is 2, but no key of version 2 occurs", false},
    {"version_3.json", QUANT_UNSUPPORTED, "version 3; this program reads versions 1 and 2", false},
    {"scale_dtype_in_version_1.json", QUANT_CORRUPT,
     "'version' is 1, but 'scale_dtype' is a key of version 2", false},
    {"scale_dtype_unknown.json", QUANT_UNSUPPORTED, "unknown 'scale_dtype': 'float64'", false},
    {"scale_of_no_float16.json", QUANT_OUT_OF_RANGE,
     "'scale' is 0.0850393698; expected a finite float16 above 0", false},
    {"key_unknown_in_version_2.json", QUANT_UNSUPPORTED,
     "unknown key 'mixture': a later version of quant wrote it", false},
    {"profile_unknown.json", QUANT_UNSUPPORTED, "unknown 'profile': 'x'", false},
    {"profile_of_other_types.json", QUANT_CORRUPT,
     "'profile' is ncnn, which has no int8 in this scheme", false},
    {"exact_without_profile.json", QUANT_CORRUPT, "it has 'exact', but no 'profile'", false},
    {"exact_false.json", QUANT_CORRUPT, "'exact' is not true", false},
    {"scales_bytes_of_version_1.json", QUANT_CORRUPT,
     "'bytes' of 'scales' is 32, not 4 for each of 4", false},
    {"scales_dtype_differs.json", QUANT_CORRUPT,
     "the 'scale_dtype' of 'scales' is float16, not float32", false},
    {"scales_zero_points_missing.json", QUANT_CORRUPT, "no key 'zero_points'", false},
    {"scales_zero_points_needed.json", QUANT_CORRUPT,
     "'zero_points' is false, but 'scheme' and 'dtype' need them", false},
    {"scales_in_version_1.json", QUANT_CORRUPT,
     "'version' is 1, but 'scale_dtype' is a key of version 2", false},
    {"version_missing.json", QUANT_CORRUPT, "no key 'version'", false},
    {"version_string.json", QUANT_CORRUPT, "'version' is not a number", false},
    {"zero_point_alone.json", QUANT_CORRUPT,
     "'zero_point' is neither an array nor null, but 'axis' is set", false},
    {"zero_point_alone_null.json", QUANT_CORRUPT, "only one of 'scale' and 'zero_point' is null",
     false},
    {"zero_point_array.json", QUANT_CORRUPT, "'zero_point' is an array, but 'axis' is null", false},
    {"zero_point_array_beyond_int32.json", QUANT_OUT_OF_RANGE,
     "'zero_point[0]' is 3000000000, not within -2147483648 to", false},
    {"zero_point_array_fraction.json", QUANT_CORRUPT, "'zero_point[3]' is not an integer: 0.5",
     false},
    {"zero_point_array_short.json", QUANT_CORRUPT,
     "'zero_point' has 3 entries; shape, 'axis' and 'block_size' need 4", false},
    {"zero_point_beyond_int32.json", QUANT_OUT_OF_RANGE, "'zero_point' is 3000000000, not", false},
    {"zero_point_fraction.json", QUANT_CORRUPT, "'zero_point' is not an integer: 1.5", false},
    {"zero_point_missing.json", QUANT_CORRUPT, "no key 'zero_point'", false},
    {"zero_point_null.json", QUANT_CORRUPT, "'zero_point' is not a number", false},
    {"zero_point_string.json", QUANT_CORRUPT, "'zero_point' is not a number", false},
};

static enum quant_status read_it(const char *bytes, size_t nbytes, const char *name,
                                 struct quant_error *error)
{
    struct quant_sidecar sidecar;
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, name);
    assert_non_null(source);
    const enum quant_status status = quant_sidecar_parse(source, &sidecar, error);
    quant_sidecar_release(&sidecar);
    quant_source_close(source);
    return status;
}

static enum quant_status read_file(const char *path, struct quant_error *error)
{
    size_t nbytes;
    char *bytes = (char *)file_read(path, &nbytes);
    const enum quant_status status = read_it(bytes, nbytes, path, error);
    free(bytes);
    return status;
}

static enum quant_status dequantize(const char *sidecar, struct quant_error *error)
{
    const struct quant_dequantize_job job = {
        .size = sizeof job, .path = DIRECTORY "q.npy", .sidecar = sidecar};
    struct quant_dequantize_result result;
    return quant_file_dequantize(&job, &result, error);
}

static void test_rows(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char path[256];
        struct quant_error alone = {QUANT_OK, "fine"};
        struct quant_error with_data = {QUANT_OK, "fine"};
        snprintf(path, sizeof path, DIRECTORY "%s", rows[i].name);
        assert_true(file_exists(path));
        read_file(path, &alone);
        dequantize(path, &with_data);
        const bool right = with_data.status == rows[i].status &&
                           strstr(with_data.text, rows[i].message) &&
                           (rows[i].only_with_data ? alone.status == QUANT_OK
                                                   : strcmp(alone.text, with_data.text) == 0);
        if (!right)
            print_error("%s: status %d, '%s'; alone: '%s'\n", rows[i].name, with_data.status,
                        with_data.text, alone.text);
        failed += !right;
    }
    assert_int_equal(failed, 0);
}

static void test_every_file_has_a_row(void **state)
{
    (void)state;
    DIR *directory = opendir(DIRECTORY);
    assert_non_null(directory);
    size_t found = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strncmp(name, "good", 4) == 0 || strncmp(name, "q.npy", 5) == 0)
            continue;
        size_t i = 0;
        while (i < LENGTH(rows) && strcmp(rows[i].name, name) != 0)
            i++;
        if (i == LENGTH(rows))
            fail_msg("%s has no row", name);
        found++;
    }
    closedir(directory);
    assert_int_equal(found, LENGTH(rows));
}

static void test_good(void **state)
{
    (void)state;
    struct quant_error error;
    check_ok(read_file(DIRECTORY "good.json", &error), &error);
    check_ok(read_file(DIRECTORY "good_arrays.json", &error), &error);
    check_ok(read_file(DIRECTORY "good_scales.json", &error), &error);
    check_ok(read_file(DIRECTORY "good_float16.json", &error), &error);
    check_ok(read_file(DIRECTORY "good_scales_2.json", &error), &error);
    check_ok(dequantize(DIRECTORY "good.json", &error), &error);
    check_ok(dequantize(DIRECTORY "good_scales.json", &error), &error);
    check_ok(dequantize(DIRECTORY "good_float16.json", &error), &error);
    check_ok(dequantize(DIRECTORY "good_scales_2.json", &error), &error);
}

/* ---- One thing exchanged in the good one ---- */

static const struct {
    const char *from;
    const char *to;
    enum quant_status status;
    const char *message;
} changes[] = {
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": null", QUANT_OK, ""},
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": [1, 1]", QUANT_OK, ""},
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": [2, 1]", QUANT_CORRUPT,
     "'range' is not a range"},
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": [0, 1e999]", QUANT_CORRUPT,
     "'range' is not a range"},
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": [1]", QUANT_CORRUPT,
     "'range' is neither null nor two numbers"},
    {"\"range\": [-7.59000015, 10.8000002]", "\"range\": {\"a\": 1, \"b\": 2}", QUANT_CORRUPT,
     "'range' is neither null nor two numbers"},
    {"\"observed\": [-7.59000015, 10.8000002]", "\"observed\": [1, \"2\"]", QUANT_CORRUPT,
     "'observed' is neither null nor two numbers"},
    {"{\"method\": \"minmax\", ", "{", QUANT_CORRUPT, "no key 'method'"},
    {"\"method\": \"minmax\"", "\"method\": \"a method whose name is much too long\"",
     QUANT_UNSUPPORTED, "unknown 'method': 'a method whose name is much too long'"},
    {"\"minmax\", \"observed\"", "\"minmax\", \"method\": \"clip\", \"observed\"", QUANT_CORRUPT,
     "duplicate key 'method'"},
    {"\"float32\"", "\"int8\"", QUANT_UNSUPPORTED, "unknown 'dtype' of the source: 'int8'"},
    {"\"float32\"", "\"float8\"", QUANT_UNSUPPORTED, "unknown 'dtype' of the source: 'float8'"},
    {"\"float32\"", "\"float32\", \"byte_order\": \"big\"", QUANT_OK, ""},
    {"\"float32\"", "\"float32\", \"byte_order\": \"middle\"", QUANT_UNSUPPORTED,
     "unknown 'byte_order': 'middle'"},
    {"\"q.npy\"", "7", QUANT_CORRUPT, "'path' is not a string"},
    {"\"q.npy\"", "null", QUANT_OK, ""},
    {"\"shape\": [7]", "\"shape\": [9007199254740994]", QUANT_OUT_OF_RANGE, "'shape' is 900719925"},
    {"\"shape\": [7]", "\"shape\": [null]", QUANT_CORRUPT, "'shape' is not a number"},
    {"\"scale\": 0.0850393698", "\"scale\": 1e-60", QUANT_OUT_OF_RANGE, "expected a finite float"},
    {"\"scale\": 0.0850393698", "\"Scale\": 1", QUANT_CORRUPT, "no key 'scale'"},
    {"\"tool\"", "\"unknown\": {\"of\": [\"later\"]}, \"tool\"", QUANT_OK, ""},
};

static void test_changes(void **state)
{
    (void)state;
    size_t nbytes;
    char *good = (char *)file_read(DIRECTORY "good.json", &nbytes);
    for (size_t i = 0; i < LENGTH(changes); i++) {
        const char *at = strstr(good, changes[i].from);
        if (!at)
            fail_msg("the good one has no %s", changes[i].from);
        char text[2048];
        const int length = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good,
                                    changes[i].to, at + strlen(changes[i].from));
        struct quant_error error = {QUANT_OK, ""};
        check_error(changes[i].to, read_it(text, (size_t)length, "q.json", &error), &error,
                    changes[i].status, changes[i].message);
    }
    free(good);
}

/* Neither a long file nor a deep one nor one with many keys takes long or much. */
static void test_limits(void **state)
{
    (void)state;
    struct quant_error error;
    enum { LONG = (16 << 20) + 1 };
    char *text = malloc(LONG);
    assert_non_null(text);
    memset(text, '[', LONG);
    check_error("long", read_it(text, LONG, "q.json", &error), &error, QUANT_OUT_OF_RANGE,
                "it is larger than 16777216 bytes");
    check_error("deep", read_it(text, 1 << 20, "q.json", &error), &error, QUANT_CORRUPT,
                "not JSON at byte");
    size_t length = (size_t)snprintf(text, LONG, "{\"format\": 0");
    for (int i = 0; i < 100000; i++)
        length += (size_t)snprintf(text + length, LONG - length, ",\"k%d\":0", i);
    const size_t last = length++;
    text[last] = '}';
    check_error("keys", read_it(text, length, "q.json", &error), &error, QUANT_CORRUPT,
                "'format' is not a string");
    length = last + (size_t)snprintf(text + last, LONG - last, ",\"k77777\":1}");
    check_error("keys", read_it(text, length, "q.json", &error), &error, QUANT_CORRUPT,
                "duplicate key 'k77777'");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_every_file_has_a_row),
        cmocka_unit_test(test_good),   cmocka_unit_test(test_changes),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
