/* SPDX-License-Identifier: MIT */
/* Headers of safetensors files: what is read of good ones, and that no damage to one does harm.
 * Those in data/bad have a test of their own. */
#include "test_safetensors.h"

#include "formats/safetensors.h"

/* ---- Every prefix of a good file ---- */

static const char good[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                           "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                           "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}   ";

static void test_prefixes(void **state)
{
    (void)state;
    const struct file whole = make_file(good, "01234567890", 11);
    for (size_t nbytes = 0; nbytes < whole.nbytes; nbytes++) {
        unsigned char *bytes = malloc(nbytes + 1);
        assert_non_null(bytes);
        memcpy(bytes, whole.bytes, nbytes);
        struct quant_source *source = open_memory(bytes, nbytes);
        struct quant_tensor_file *file = NULL;
        struct quant_error error;
        assert_int_equal(quant_tensor_file_open(source, &quant_format_safetensors, &file, &error),
                         QUANT_TRUNCATED);
        quant_source_close(source);
        free(bytes);
    }
}

/* The header alone, whatever byte is exchanged for whatever other: an error or a catalogue that
 * fills the file. */
static void test_one_byte_changed(void **state)
{
    (void)state;
    struct file file = make_file(good, "01234567890", 11);
    for (size_t i = 0; i < file.nbytes - 11; i++)
        for (unsigned byte = 0; byte < 256; byte += IS_SLOW_BUILD ? 5 : 1) {
            const unsigned char before = file.bytes[i];
            file.bytes[i] = (unsigned char)byte;
            struct quant_source *source = open_memory(file.bytes, file.nbytes);
            struct quant_tensor_file *opened = NULL;
            struct quant_error error;
            if (quant_tensor_file_open(source, &quant_format_safetensors, &opened, &error) ==
                QUANT_OK) {
                uint64_t end = opened->header_nbytes;
                for (size_t j = 0; j < opened->n; j++) {
                    assert_int_equal(opened->tensors[j].offset, end);
                    end += opened->tensors[j].nbytes;
                }
                assert_int_equal(end, file.nbytes);
            }
            quant_tensor_file_close(opened);
            quant_source_close(source);
            file.bytes[i] = before;
        }
}

/* ---- Good files ---- */

static void test_catalogue(void **state)
{
    (void)state;
    struct file file = make_file(good, "01234567890", 11);
    struct quant_source *source = open_memory(file.bytes, file.nbytes);
    struct quant_tensor_file *opened = open_ok(source);
    assert_ptr_equal(opened->format, &quant_format_safetensors);
    assert_ptr_equal(opened->source, source);
    assert_int_equal(opened->header_nbytes, 8 + strlen(good));
    assert_int_equal(opened->nmetadata, 1);
    assert_string_equal(opened->metadata[0].key, "format");
    assert_string_equal(opened->metadata[0].value, "pt");
    assert_int_equal(opened->n, 2);
    const struct quant_tensor_info *b = &opened->tensors[0];
    const struct quant_tensor_info *a = &opened->tensors[1];
    assert_string_equal(b->name, "b");
    assert_string_equal(b->type->name, "F32");
    assert_int_equal(b->ndim, 2);
    assert_int_equal(b->dims[0], 2);
    assert_int_equal(b->dims[1], 1);
    assert_int_equal(b->offset, opened->header_nbytes);
    assert_int_equal(b->nbytes, 8);
    assert_int_equal(b->byte_order, QUANT_LITTLE);
    assert_int_equal(b->order, QUANT_ORDER_C);
    assert_true(b->positional);
    assert_string_equal(a->name, "a");
    assert_int_equal(a->offset, opened->header_nbytes + 8);
    assert_int_equal(a->nbytes, 3);
    quant_tensor_file_close(opened);
    quant_source_close(source);
}

/* What the reference allows and few files have. */
static void test_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t nbytes;
        size_t n;
        const char *first; /* the first tensor's name */
    } allowed[] = {
        {"{}", 0, 0, ""},
        {"{ }      ", 0, 0, ""},
        {"{\"__metadata__\":{}}\n\r\t ", 0, 0, ""},
        {"{\n  \"a\" : {\"shape\" : [ 2 , 1 ] ,\n\"data_offsets\":[0, 8],\"dtype\":\"F32\"}\n}", 8,
         1, "a"},
        {"{\"\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, 1, ""},
        {"{\"\\ud83d\\ude00\\/\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, 1,
         "\xf0\x9f\x98\x80/"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, 1, "a"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[3,0,9223372036854775],\"data_offsets\":[0,0]}}", 0,
         1, "a"},
        {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3,2],\"data_offsets\":[0,3]}}", 3, 1, "a"},
        {"{\"a\":{\"dtype\":\"F6_E3M2\",\"shape\":[4],\"data_offsets\":[0,3]}}", 3, 1, "a"},
        /* Without bytes, they lie before and after those that have some, whatever the order. */
        {"{\"z\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"y\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]},"
         "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
         4, 3, "x"},
        /* Ranges in another order than the names. */
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
         4, 2, "b"},
    };
    for (size_t i = 0; i < LENGTH(allowed); i++) {
        struct file file = make_file(allowed[i].header, "0123456789", allowed[i].nbytes);
        struct quant_source *source = open_memory(file.bytes, file.nbytes);
        struct quant_tensor_file *opened = open_ok(source);
        assert_int_equal(opened->n, allowed[i].n);
        assert_string_equal(opened->n > 0 ? opened->tensors[0].name : "", allowed[i].first);
        quant_tensor_file_close(opened);
        quant_source_close(source);
    }
}

static void test_metadata(void **state)
{
    (void)state;
    struct file file = make_file("{\"__metadata__\":{\"step\":\"1\",\"\":\"\",\"format\":\"pt\","
                                 "\"Z\":\"\\u00e9\\n\"}}",
                                 NULL, 0);
    static const struct quant_metadata_pair expected[] = {
        {"", ""}, {"Z", "\xc3\xa9\n"}, {"format", "pt"}, {"step", "1"}};
    struct quant_source *source = open_memory(file.bytes, file.nbytes);
    struct quant_tensor_file *opened = open_ok(source);
    assert_int_equal(opened->nmetadata, LENGTH(expected));
    for (size_t i = 0; i < LENGTH(expected); i++) {
        assert_string_equal(opened->metadata[i].key, expected[i].key);
        assert_string_equal(opened->metadata[i].value, expected[i].value);
    }
    quant_tensor_file_close(opened);
    quant_source_close(source);
}

/* A long name is cut in messages, between two characters. */
static void test_long_name_in_message(void **state)
{
    (void)state;
    char header[1024] = "{\"";
    char expected[1024] = "cannot read 'm.safetensors': tensor 'x";
    strcat(header, "x");
    for (size_t i = 0; i < 200; i++)
        strcat(header, "\xc3\xa9");
    for (size_t i = 0; i < 99; i++)
        strcat(expected, "\xc3\xa9");
    strcat(header, "\":{}}");
    strcat(expected, "...': it has no 'dtype'");
    struct file file = make_file(header, NULL, 0);
    struct quant_source *source = open_memory(file.bytes, file.nbytes);
    struct quant_tensor_file *opened;
    struct quant_error error;
    assert_int_equal(quant_tensor_file_open(source, &quant_format_safetensors, &opened, &error),
                     QUANT_CORRUPT);
    assert_string_equal(error.text, expected);
    quant_source_close(source);
}

/* ---- Types ---- */

static void test_types(void **state)
{
    (void)state;
    size_t n = 0;
    char known[512] = "";
    for (; quant_safetensors_type_at(n); n++) {
        const struct quant_stored_type *type = quant_safetensors_type_at(n);
        strcat(strcat(known, n > 0 ? " " : ""), type->name);
        assert_ptr_equal(quant_safetensors_type_from_name(type->name), type);
        if (type->dtype == QUANT_DTYPE_NONE)
            continue;
        assert_int_equal(quant_dtype_info(type->dtype)->bits, type->bits);
        assert_ptr_equal(quant_safetensors_type_of(type->dtype), type);
    }
    assert_string_equal(known, "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ "
                               "F8_E5M2FNUZ I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64");
    assert_null(quant_safetensors_type_at(SIZE_MAX));
    assert_null(quant_safetensors_type_from_name(""));
    assert_null(quant_safetensors_type_from_name("I4"));
    assert_null(quant_safetensors_type_of(QUANT_DTYPE_NONE));
    for (int i = 1; i < QUANT_DTYPE_COUNT; i++)
        if (quant_dtype_info((enum quant_dtype)i)->block_nelems == 0)
            assert_non_null(quant_safetensors_type_of((enum quant_dtype)i));
    assert_null(quant_safetensors_type_of(QUANT_Q8_0));
    assert_string_equal(quant_safetensors_type_of(QUANT_INT4)->name, "U8");
    assert_string_equal(quant_safetensors_type_of(QUANT_UINT4)->name, "U8");
}

/* ---- A large header ---- */

static void test_many_tensors(void **state)
{
    (void)state;
    enum { MANY = IS_SLOW_BUILD ? 2000 : 20000, ENTRY_MOST = 128 };
    char *text = malloc(8 + MANY * ENTRY_MOST + 8);
    assert_non_null(text);
    size_t length = 8;
    for (size_t i = 0; i < MANY; i++) {
        /* In an order that is neither that of the names nor that of the bytes. */
        const size_t j = i * 7919 % MANY;
        length += (size_t)sprintf(text + length,
                                  "%c\"layer.%zu\":{\"dtype\":\"U8\",\"shape\":[1],"
                                  "\"data_offsets\":[%zu,%zu]}",
                                  i == 0 ? '{' : ',', j, j, j + 1);
    }
    text[length++] = '}';
    for (size_t i = 0; i < 8; i++)
        text[i] = (char)(unsigned char)((uint64_t)(length - 8) >> 8 * i);
    char *bytes = calloc(length + MANY, 1);
    assert_non_null(bytes);
    memcpy(bytes, text, length);
    struct quant_source *source = open_memory(bytes, length + MANY);
    struct quant_tensor_file *opened = open_ok(source);
    assert_int_equal(opened->n, MANY);
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        size_t index = SIZE_MAX;
        snprintf(name, sizeof name, "layer.%zu", i);
        assert_string_equal(opened->tensors[i].name, name);
        assert_int_equal(opened->tensors[i].offset, length + i);
        assert_true(quant_tensor_file_find(opened, name, &index));
        assert_int_equal(index, i);
    }
    quant_tensor_file_close(opened);
    quant_source_close(source);
    free(bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_one_byte_changed),
        cmocka_unit_test(test_catalogue), cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_metadata),  cmocka_unit_test(test_long_name_in_message),
        cmocka_unit_test(test_types),     cmocka_unit_test(test_many_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
