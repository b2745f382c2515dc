/* SPDX-License-Identifier: MIT */
/* Each .safetensors file in data/bad is refused for the reason in its row here. A file
 * without a row fails, and so does a row without a file. */
#include "../records/json_forms.h"
#include "test_safetensors.h"

#define FOLDER "data/bad/"
#define KNOWN                                                                                      \
    "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 "   \
    "BF16 I32 U32 F32 C64 F64 I64 U64"

/* As much of a long name as a message has. */
#define FIFTY "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define LONG_NAME FIFTY FIFTY FIFTY FIFTY

static const struct {
    const char *name; /* without ".safetensors" */
    enum quant_status status;
    const char *message; /* after the name of the file */
} rows[] = {
    {"bits_not_whole", QUANT_CORRUPT,
     "tensor 'a': shape [3, 5] of F4, 4 bits each, does not fill whole bytes"},
    {"data_long", QUANT_CORRUPT, "its tensors need 24 bytes from byte 65 on, found 25"},
    {"data_missing", QUANT_TRUNCATED, "its tensors need 24 bytes from byte 65 on, found 0"},
    {"data_offsets_doubled", QUANT_CORRUPT, "tensor 'a': duplicate key 'data_offsets'"},
    {"data_offsets_largest", QUANT_CORRUPT,
     "tensor 'a': data_offsets [18446744073709551592, 18446744073709551615] do not match shape [3, "
     "2] of F32 (24 bytes)"},
    {"data_offsets_long", QUANT_CORRUPT,
     "tensor 'a': data_offsets [0, 28] do not match shape [3, 2] of F32 (24 bytes)"},
    {"data_offsets_missing", QUANT_CORRUPT, "tensor 'a': it has no 'data_offsets'"},
    {"data_offsets_negative", QUANT_CORRUPT,
     "offset -24 at byte 58 is not an integer from 0 to 2^64 - 1"},
    {"data_offsets_one", QUANT_CORRUPT, "tensor 'a': data_offsets is not an array of two integers"},
    {"data_offsets_reversed", QUANT_CORRUPT,
     "tensor 'a': data_offsets [24, 0] end before they begin"},
    {"data_offsets_short", QUANT_CORRUPT,
     "tensor 'a': data_offsets [0, 20] do not match shape [3, 2] of F32 (24 bytes)"},
    {"data_offsets_three", QUANT_CORRUPT,
     "tensor 'a': data_offsets is not an array of two integers"},
    {"data_short", QUANT_TRUNCATED, "its tensors need 24 bytes from byte 65 on, found 23"},
    {"data_without_tensors", QUANT_CORRUPT, "its tensors need 0 bytes from byte 10 on, found 24"},
    {"dimensions_65", QUANT_UNSUPPORTED, "tensor 'a': it has more than 64 dimensions"},
    {"dtype_doubled", QUANT_CORRUPT, "tensor 'a': duplicate key 'dtype'"},
    {"dtype_escape_sequence", QUANT_UNSUPPORTED,
     "tensor 'a': unknown dtype '\x1b[31mF32'; expected one of " KNOWN},
    {"dtype_lower_case", QUANT_UNSUPPORTED,
     "tensor 'a': unknown dtype 'f32'; expected one of " KNOWN},
    {"dtype_missing", QUANT_CORRUPT, "tensor 'a': it has no 'dtype'"},
    {"dtype_number", QUANT_CORRUPT, "unexpected '32' at byte 22; expected '\"'"},
    {"dtype_unknown", QUANT_UNSUPPORTED, "tensor 'a': unknown dtype 'F33'; expected one of " KNOWN},
    {"empty", QUANT_TRUNCATED, "it ends at byte 0, 8 bytes too early"},
    {"entry_array", QUANT_CORRUPT, "unexpected '[' at byte 13; expected '{'"},
    {"entry_empty", QUANT_CORRUPT, "tensor 'a': it has no 'dtype'"},
    {"entry_key_unknown", QUANT_UNSUPPORTED,
     "tensor 'a': unknown key 'strides'; expected dtype, shape and data_offsets"},
    {"entry_null", QUANT_CORRUPT, "unexpected 'null' at byte 13; expected '{'"},
    {"header_array", QUANT_CORRUPT, "unexpected '[' at byte 8; expected '{'"},
    {"header_byte_order_mark", QUANT_CORRUPT, "unexpected byte 0xef at byte 8; expected '{'"},
    {"header_comma_trailing", QUANT_CORRUPT, "unexpected '}' at byte 65; expected '\"'"},
    {"header_deep", QUANT_CORRUPT, "unexpected '[' at byte 13; expected '{'"},
    {"header_nul_after", QUANT_CORRUPT,
     "unexpected byte 0x00 at byte 65; expected the end of the header"},
    {"header_space_first", QUANT_CORRUPT, "unexpected ' ' at byte 8; expected '{'"},
    {"header_text_after", QUANT_CORRUPT,
     "unexpected '{' at byte 66; expected the end of the header"},
    {"header_truncated", QUANT_TRUNCATED, "the header ends at byte 65, but the file at byte 40"},
    {"header_unclosed", QUANT_TRUNCATED, "the text ends at byte 64; expected ',' or '}'"},
    {"hole_between", QUANT_CORRUPT, "tensor 'b': data_offsets [28, 52] leave a hole from byte 24"},
    {"hole_first", QUANT_CORRUPT, "tensor 'a': data_offsets [4, 28] leave a hole from byte 0"},
    {"length_above_limit", QUANT_OUT_OF_RANGE,
     "the header's length is 100000001, more than 100000000 bytes"},
    {"length_beyond_file", QUANT_TRUNCATED,
     "the header ends at byte 100000007, but the file at byte 89"},
    {"length_largest", QUANT_OUT_OF_RANGE,
     "the header's length is 18446744073709551615, more than 100000000 bytes"},
    {"length_one_short", QUANT_TRUNCATED, "the text ends at byte 64; expected ',' or '}'"},
    {"length_truncated", QUANT_TRUNCATED, "it ends at byte 5, 3 bytes too early"},
    {"length_zero", QUANT_TRUNCATED, "the text ends at byte 8; expected '{'"},
    {"metadata_array", QUANT_CORRUPT, "unexpected '[' at byte 24; expected '{'"},
    {"metadata_doubled", QUANT_CORRUPT, "duplicate key '__metadata__'"},
    {"metadata_key_doubled", QUANT_CORRUPT, "duplicate key 'format' in '__metadata__'"},
    {"metadata_nested", QUANT_CORRUPT, "unexpected '{' at byte 34; expected '\"'"},
    {"metadata_not_utf8", QUANT_CORRUPT, "text that is not UTF-8 at byte 30"},
    {"metadata_null", QUANT_CORRUPT, "unexpected 'null' at byte 24; expected '{'"},
    {"metadata_number", QUANT_CORRUPT, "unexpected '1000' at byte 32; expected '\"'"},
    {"metadata_tensor", QUANT_CORRUPT, "unexpected '[' at byte 47; expected '\"'"},
    {"name_cut_utf8", QUANT_CORRUPT, "text that is not UTF-8 at byte 10"},
    {"name_doubled", QUANT_CORRUPT, "two tensors are called 'a'"},
    {"name_doubled_escaped", QUANT_CORRUPT, "two tensors are called 'a'"},
    {"name_missing", QUANT_CORRUPT, "unexpected ':' at byte 9; expected '\"' or '}'"},
    {"name_newline", QUANT_CORRUPT,
     "unexpected byte 0x0a at byte 11; expected the quote that ends the key"},
    {"name_not_utf8", QUANT_CORRUPT, "text that is not UTF-8 at byte 10"},
    {"name_nul", QUANT_UNSUPPORTED, "the key that ends at byte 18 has a NUL, \\u0000"},
    {"name_number", QUANT_CORRUPT, "unexpected '1' at byte 9; expected '\"' or '}'"},
    {"name_surrogate_half", QUANT_CORRUPT, "half of a surrogate pair at byte 10"},
    {"overlap", QUANT_CORRUPT,
     "tensor 'b': data_offsets [20, 44] overlap a tensor that ends at byte 24"},
    {"overlap_whole", QUANT_CORRUPT,
     "tensor 'b': data_offsets [0, 24] overlap a tensor that ends at byte 24"},
    {"shape_bytes_overflow", QUANT_OUT_OF_RANGE,
     "tensor 'a': shape [4611686018427387910] of F32 is larger than any file"},
    {"shape_comma_trailing", QUANT_CORRUPT, "unexpected ']' at byte 41; expected an integer"},
    {"shape_dimension_overflow", QUANT_CORRUPT,
     "dimension 18446744073709551622 at byte 37 is not an integer from 0 to 2^64 - 1"},
    {"shape_doubled", QUANT_CORRUPT, "tensor 'a': duplicate key 'shape'"},
    {"shape_empty_overflow", QUANT_OUT_OF_RANGE,
     "tensor 'a': shape [9223372036854775808, 9223372036854775808, 0] of F32 is larger than any "
     "file"},
    {"shape_exponent", QUANT_CORRUPT,
     "dimension 3e0 at byte 37 is not an integer from 0 to 2^64 - 1"},
    {"shape_fraction", QUANT_CORRUPT,
     "dimension 3.0 at byte 37 is not an integer from 0 to 2^64 - 1"},
    {"shape_leading_zero", QUANT_CORRUPT, "a number with a leading zero at byte 37"},
    {"shape_missing", QUANT_CORRUPT, "tensor 'a': it has no 'shape'"},
    {"shape_negative", QUANT_CORRUPT,
     "dimension -3 at byte 37 is not an integer from 0 to 2^64 - 1"},
    {"shape_negative_zero", QUANT_CORRUPT,
     "dimension -0 at byte 37 is not an integer from 0 to 2^64 - 1"},
    {"shape_nested", QUANT_CORRUPT, "unexpected '[' at byte 37; expected an integer"},
    {"shape_number", QUANT_CORRUPT, "unexpected '6' at byte 36; expected '['"},
    {"name_20000", QUANT_CORRUPT,
     "tensor '" LONG_NAME "...': data_offsets [4, 28] leave a hole from byte 0"},
    {"name_escape", QUANT_CORRUPT,
     "tensor 'a\x1b[31m\n': data_offsets [4, 28] leave a hole from byte 0"},
    {"shape_product_overflow", QUANT_OUT_OF_RANGE,
     "tensor 'a': shape [4294967296, 4294967296] of F32 is larger than any file"},
    {"shape_string", QUANT_CORRUPT, "unexpected '\"' at byte 37; expected an integer"},
};

static struct quant_source *open_file(const char *path, unsigned char **bytes)
{
    size_t nbytes = 0;
    *bytes = file_read(path, &nbytes);
    struct quant_source *source = quant_source_from_memory(*bytes, nbytes, "m.safetensors");
    assert_non_null(source);
    return source;
}

static void test_bad_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char path[256];
        char expected[1024];
        unsigned char *bytes;
        struct quant_error error = {.text = ""};
        struct quant_tensor_file *file = (struct quant_tensor_file *)&bytes;
        snprintf(path, sizeof path, FOLDER "%s.safetensors", rows[i].name);
        snprintf(expected, sizeof expected, "cannot read 'm.safetensors': %s", rows[i].message);
        struct quant_source *source = open_file(path, &bytes);
        const enum quant_status status =
            quant_tensor_file_open(source, &quant_format_safetensors, &file, &error);
        if (status != rows[i].status || strcmp(error.text, expected) != 0)
            fail_msg("%s: found %d, %s", path, status, error.text);
        assert_int_equal(error.status, status);
        assert_null(file);
        assert_int_equal(quant_tensor_file_open(source, &quant_format_safetensors, &file, NULL),
                         status);
        quant_source_close(source);
        free(bytes);
    }
}

/* What is almost JSON, in the place of each kind of value, and of a key. */
static void test_malformed_json(void **state)
{
    (void)state;
    static const char *const spots[][2] = {
        {"{\"__metadata__\":{\"k\":",
         "},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"},
        {"{\"__metadata__\":{",
         ":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"},
        {"{", ":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"},
        {"{\"a\":{\"dtype\":", ",\"shape\":[1],\"data_offsets\":[0,4]}}"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[", "],\"data_offsets\":[0,4]}}"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,", "]}}"},
    };
    for (size_t i = 0; i < LENGTH(spots) * LENGTH(malformed); i++) {
        const char *const *spot = spots[i / LENGTH(malformed)];
        const struct json_form *form = &malformed[i % LENGTH(malformed)];
        const size_t before = strlen(spot[0]);
        const size_t after = strlen(spot[1]);
        struct file file = {.nbytes = 8 + before + form->nbytes + after + 4};
        struct quant_tensor_file *found = NULL;
        struct quant_error error = {.text = ""};
        file.bytes[0] = (unsigned char)(file.nbytes - 12);
        memcpy(file.bytes + 8, spot[0], before);
        memcpy(file.bytes + 8 + before, form->bytes, form->nbytes);
        memcpy(file.bytes + 8 + before + form->nbytes, spot[1], after);
        struct quant_source *source = open_memory(file.bytes, file.nbytes);
        if (form->nbytes > 0 || i / LENGTH(malformed) != 4) /* "shape":[] is that of a scalar */
            if (quant_tensor_file_open(source, &quant_format_safetensors, &found, &error) ==
                QUANT_OK)
                fail_msg("%s%s%s is taken", spot[0], form->bytes, spot[1]);
        quant_source_close(source);
    }
}

static bool has_row(const char *name)
{
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (strncmp(name, rows[i].name, strlen(rows[i].name)) == 0 &&
            strcmp(name + strlen(rows[i].name), ".safetensors") == 0)
            return true;
    return false;
}

static void test_each_bad_file_has_a_row(void **state)
{
    (void)state;
    size_t n = 0;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".safetensors") != 0)
            continue;
        n++;
        if (!has_row(entry->d_name))
            fail_msg("%s has no row", entry->d_name);
    }
    closedir(folder);
    assert_int_equal(n, LENGTH(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_malformed_json),
        cmocka_unit_test(test_each_bad_file_has_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
