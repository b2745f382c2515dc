/* SPDX-License-Identifier: MIT */
/* The catalogue of a container: finding tensors by name, and reading one of them. */
#include "formats/tensor_file.h"

#include "test_safetensors.h"

static const char header[] =
    "{\"b.weight\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
    "\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[8,16]},"
    "\"q\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[16,20]},"
    "\"h\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[20,22]}}";
static const unsigned char data[] = {0, 0,    0x80, 0x3f, 0,    0,   0, 0xc0, /* 1, -2 */
                                     1, 2,    3,    4,    5,    6,   7, 8,
                                     1, 0xff, 0x80, 0x7f, 0x00, 0xbc}; /* 1, -1, -128, 127; -1 */

struct opened {
    struct file file;
    struct quant_source *source;
    struct quant_tensor_file *catalogue;
};

static int open_it(void **state)
{
    struct opened *opened = malloc(sizeof *opened);
    if (!opened)
        return -1;
    opened->file = make_file(header, data, sizeof data);
    opened->source = open_memory(opened->file.bytes, opened->file.nbytes);
    opened->catalogue = open_ok(opened->source);
    *state = opened;
    return 0;
}

static int close_it(void **state)
{
    struct opened *opened = *state;
    quant_tensor_file_close(opened->catalogue);
    quant_source_close(opened->source);
    free(opened);
    return 0;
}

static void test_find(void **state)
{
    const struct quant_tensor_file *file = ((struct opened *)*state)->catalogue;
    static const char *const names[] = {"b.weight", "a", "q", "h"};
    assert_int_equal(file->n, LENGTH(names));
    for (size_t i = 0; i < LENGTH(names); i++) {
        size_t index = 99;
        assert_true(quant_tensor_file_find(file, names[i], &index));
        assert_int_equal(index, i);
        assert_string_equal(file->tensors[index].name, names[i]);
    }
    static const char *const missing[] = {"", "A", "b", "b.weight ", "i", "z", "__metadata__"};
    for (size_t i = 0; i < LENGTH(missing); i++) {
        size_t index = 99;
        assert_false(quant_tensor_file_find(file, missing[i], &index));
        assert_int_equal(index, 99);
    }
}

/* The elements of tensor i as this type, or the error. */
static enum quant_status read_tensor(const struct opened *opened, size_t i, enum quant_dtype type,
                                     void *elements, size_t *count, struct quant_error *error)
{
    struct quant_source *window = (struct quant_source *)&count;
    struct quant_reader *reader = (struct quant_reader *)&count;
    *count = 0;
    enum quant_status status =
        quant_tensor_file_open_tensor(opened->catalogue, i, type, &window, &reader, error);
    if (status != QUANT_OK) {
        assert_null(window);
        assert_null(reader);
        return status;
    }
    assert_true(quant_reader_is_positional(reader));
    assert_ptr_equal(reader->format, &quant_format_safetensors);
    status = reader->ops->read(reader, elements, 8, count, error);
    reader->ops->close(reader);
    quant_source_close(window);
    return status;
}

static void test_read(void **state)
{
    const struct opened *opened = *state;
    struct quant_error error;
    float x[8];
    unsigned char q[8];
    size_t count;
    assert_int_equal(read_tensor(opened, 0, QUANT_FLOAT32, x, &count, &error), QUANT_OK);
    assert_int_equal(count, 2);
    assert_true(x[0] == 1 && x[1] == -2);
    assert_int_equal(read_tensor(opened, 3, QUANT_FLOAT32, x, &count, &error), QUANT_OK);
    assert_int_equal(count, 1);
    assert_true(x[0] == -1);
    assert_int_equal(read_tensor(opened, 2, QUANT_INT8, q, &count, &error), QUANT_OK);
    assert_int_equal(count, 4);
    assert_memory_equal(q, data + 16, 4);
}

static void test_not_readable(void **state)
{
    const struct opened *opened = *state;
    static const struct {
        size_t i;
        enum quant_dtype deliver;
        const char *message;
    } rows[] = {
        {1, QUANT_FLOAT32,
         "cannot read 'm.safetensors: a': its dtype I64 cannot be read as float32"},
        {2, QUANT_FLOAT32,
         "cannot read 'm.safetensors: q': its dtype I8 cannot be read as float32"},
        {2, QUANT_UINT8, "cannot read 'm.safetensors: q': its dtype I8 cannot be read as uint8"},
        {0, QUANT_INT8,
         "cannot read 'm.safetensors: b.weight': its dtype F32 cannot be read as int8"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_error error;
        float x[8];
        size_t count;
        assert_int_equal(read_tensor(opened, rows[i].i, rows[i].deliver, x, &count, &error),
                         QUANT_UNSUPPORTED);
        assert_string_equal(error.text, rows[i].message);
    }
}

static void test_close_nothing(void **state)
{
    (void)state;
    quant_tensor_file_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_find, open_it, close_it),
        cmocka_unit_test_setup_teardown(test_read, open_it, close_it),
        cmocka_unit_test_setup_teardown(test_not_readable, open_it, close_it),
        cmocka_unit_test(test_close_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
