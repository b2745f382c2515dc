/* SPDX-License-Identifier: MIT */
/* Every file in data/bad/container is refused for the reason in its row, and the message says
 * where. A file without a row fails, and so does a row without a file. */
#include "test_sidecar_tensors.h"

#define DIRECTORY "data/bad/container/"

static const struct {
    const char *name;
    enum quant_status status;
    const char *message;
} rows[] = {
    {"axis_beyond_shape.json", QUANT_CORRUPT,
     "tensor 'b' at byte 909: 'axis' is 2, but the shape (5, 1) has axes 0 to 1"},
    {"block_size_without_axis.json", QUANT_CORRUPT,
     "tensor 'a' at byte 357: 'block_size' is not null, but 'axis' is null"},
    {"bracket_wrong.json", QUANT_CORRUPT, "not JSON at byte 787"},
    {"bytes_differ.json", QUANT_CORRUPT,
     "tensor 'a' at byte 357: 'bytes' is 7; shape and 'dtype' need 6"},
    {"comma_missing.json", QUANT_CORRUPT, "not JSON at byte 1418"},
    {"comma_trailing.json", QUANT_CORRUPT, "not JSON at byte 1907"},
    {"copied_false.json", QUANT_CORRUPT, "tensor 'd' at byte 1808: 'copied' is not true"},
    {"copied_with_scheme.json", QUANT_UNSUPPORTED,
     "tensor 'd' at byte 1808: unknown key 'scheme': a later version of quant wrote it"},
    {"count_differs.json", QUANT_CORRUPT,
     "tensor 'b' at byte 909: 'count' is 4; shape, 'axis' and 'block_size' need 5"},
    {"dtype_unknown.json", QUANT_UNSUPPORTED, "tensor 'a' at byte 357: unknown 'dtype': 'int7'"},
    {"entry_empty.json", QUANT_CORRUPT, "tensor 'd' at byte 1808: no key 'shape'"},
    {"entry_key_unknown.json", QUANT_UNSUPPORTED,
     "tensor 'a' at byte 357: unknown key 'mixture': a later version of quant wrote it"},
    {"entry_number.json", QUANT_CORRUPT, "tensor 'd' at byte 1808: not an object"},
    {"format_wrong.json", QUANT_UNRECOGNIZED, "'format' is not 'quant-sidecar'"},
    {"header_checksum_short.json", QUANT_CORRUPT, "'xxh3_64' is not 16 hexadecimal digits"},
    {"header_longer.json", QUANT_CORRUPT, "'bytes' of 'header' is 301, but 'data' has 300"},
    {"header_missing.json", QUANT_CORRUPT, "no key 'header'"},
    {"key_doubled.json", QUANT_CORRUPT, "duplicate key 'plan'"},
    {"key_unknown.json", QUANT_UNSUPPORTED,
     "unknown key 'profile': a later version of quant wrote it"},
    {"name_doubled.json", QUANT_CORRUPT, "tensor 'a' at byte 1808: duplicate name"},
    {"name_not_utf8.json", QUANT_CORRUPT, "not JSON at byte 1809: text that is not UTF-8"},
    {"nul_in_name.json", QUANT_CORRUPT, "not JSON at byte 1810: a NUL character in a string"},
    {"order_unknown.json", QUANT_UNSUPPORTED, "tensor 'b' at byte 909: unknown 'order': 'A'"},
    {"plan_missing.json", QUANT_CORRUPT, "no key 'plan'"},
    {"qmin_above_qmax.json", QUANT_CORRUPT,
     "tensor 'a' at byte 357: 'qmin' 127 is not less than 'qmax' 127"},
    {"qmin_of_float.json", QUANT_CORRUPT,
     "tensor 'b' at byte 909: 'qmin' and 'qmax' of float8_e5m2 are not null"},
    {"scale_dtype_differs.json", QUANT_CORRUPT,
     "tensor 'b' at byte 909: the 'scale_dtype' of 'scales' is bfloat16, not float16"},
    {"scale_missing.json", QUANT_CORRUPT, "tensor 'a' at byte 357: no key 'scale'"},
    {"scale_tensor_empty.json", QUANT_CORRUPT, "tensor 'b' at byte 909: 'tensor' is empty"},
    {"scale_with_axis.json", QUANT_CORRUPT,
     "tensor 'b' at byte 909: 'scale' is not null, but 'axis' is set"},
    {"scale_zero.json", QUANT_OUT_OF_RANGE,
     "tensor 'a' at byte 357: 'scale' is 0; expected a finite float32 above 0"},
    {"scales_key_unknown.json", QUANT_UNSUPPORTED,
     "tensor 'b' at byte 909: unknown key 'bytes': a later version of quant wrote it"},
    {"scales_null.json", QUANT_CORRUPT, "tensor 'a' at byte 357: 'scales' is not an object"},
    {"scales_of_unscaled.json", QUANT_CORRUPT,
     "tensor 'c' at byte 1419: 'scales' is not null, but the tensor is unscaled"},
    {"source_bytes_missing.json", QUANT_CORRUPT, "no key 'bytes'"},
    {"source_dtype_unknown.json", QUANT_UNSUPPORTED,
     "tensor 'b' at byte 909: unknown 'dtype' of the source: 'int8'"},
    {"tensors_array.json", QUANT_CORRUPT, "'tensors' is not an object"},
    {"tensors_doubled.json", QUANT_CORRUPT, "duplicate key 'tensors'"},
    {"text_after.json", QUANT_CORRUPT, "not JSON at byte 1910"},
    {"truncated.json", QUANT_TRUNCATED, "the text ends at byte 900, inside an object"},
    {"version_1.json", QUANT_UNSUPPORTED,
     "version 1; this program reads version 2 of a sidecar with 'tensors'"},
    {"version_3.json", QUANT_UNSUPPORTED,
     "version 3; this program reads version 2 of a sidecar with 'tensors'"},
    {"zero_points_needed.json", QUANT_CORRUPT,
     "tensor 'a' at byte 357: 'zero_points' is null, but the tensor has zero points"},
};

static enum quant_status read_file(const char *name, size_t *n, struct quant_error *error)
{
    char path[256];
    size_t nbytes;
    snprintf(path, sizeof path, DIRECTORY "%s", name);
    assert_true(file_exists(path));
    unsigned char *bytes = file_read(path, &nbytes);
    const enum quant_status status = read_text(bytes, nbytes, n, error);
    free(bytes);
    return status;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_error error = {QUANT_OK, "fine"};
        char message[256];
        size_t n;
        snprintf(message, sizeof message, "cannot read 'm.json': not a valid sidecar: %s",
                 rows[i].message);
        const enum quant_status status = read_file(rows[i].name, &n, &error);
        check_error(rows[i].name, status, &error, rows[i].status, message);
    }
}

static void test_every_file_has_a_row(void **state)
{
    (void)state;
    DIR *directory = opendir(DIRECTORY);
    assert_non_null(directory);
    size_t found = 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "good.json") == 0)
            continue;
        size_t i = 0;
        while (i < LENGTH(rows) && strcmp(rows[i].name, entry->d_name) != 0)
            i++;
        if (i == LENGTH(rows))
            fail_msg("%s has no row", entry->d_name);
        found++;
    }
    closedir(directory);
    assert_int_equal(found, LENGTH(rows));
}

static void test_good(void **state)
{
    (void)state;
    struct quant_error error;
    size_t n;
    check_ok(read_file("good.json", &n, &error), &error);
    assert_int_equal(n, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_file_has_a_row),
        cmocka_unit_test(test_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
