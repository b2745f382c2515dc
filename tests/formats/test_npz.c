/* SPDX-License-Identifier: MIT */
/* Archives of arrays, laid out and read: that they are the same, and that no damage to one does
 * harm. Those in data/bad have a test of their own, and NumPy's are in tests/interop/npz.py. */
#include "../support/files.h"

#include "base/endian.h"
#include "formats/container.h"
#include "formats/npz.h"
#include "formats/zip.h"
#include "io/crc_parts.h"

enum { MOST = 4096 };

struct file {
    unsigned char bytes[MOST];
    size_t nbytes;
};

/* A 2 x 3 array of float32 in Fortran order, and one of int64 without elements; their bytes count
 * up from 0. */
static struct file make_file(void)
{
    static const uint64_t dims[] = {2, 3};
    static const uint64_t none[] = {0};
    struct quant_container_tensor tensors[] = {
        {.name = "a",
         .type = quant_npz_type_of(QUANT_FLOAT32),
         .dims = dims,
         .ndim = 2,
         .order = QUANT_ORDER_FORTRAN},
        {.name = "\xc3\xa9", .type = quant_npz_type_at(7), .dims = none, .ndim = 1},
    };
    struct quant_container_layout layout = {.tensors = tensors, .n = 2};
    struct quant_error error = {.text = ""};
    struct file file = {.nbytes = 0};
    check_ok(quant_npz_lay_out(&layout, &error), &error);
    assert_true(layout.nbytes <= MOST);
    file.nbytes = (size_t)layout.nbytes;
    const unsigned char *header = layout.header;
    for (size_t i = 0; i < layout.npieces; i++) {
        memcpy(file.bytes + layout.pieces[i].offset, header, (size_t)layout.pieces[i].nbytes);
        header += layout.pieces[i].nbytes;
    }
    assert_int_equal(header - layout.header, layout.header_nbytes);
    for (size_t i = 0; i < layout.n; i++) {
        unsigned char *data = file.bytes + tensors[i].data.offset;
        const size_t nbytes = (size_t)tensors[i].data.nbytes;
        for (size_t k = 0; k < nbytes; k++)
            data[k] = (unsigned char)k;
        const uint32_t crc =
            quant_crc_join(layout.seals[i].head_crc, quant_crc(data, nbytes), nbytes);
        for (size_t k = 0; k < 2; k++)
            quant_store_32_little(file.bytes + layout.seals[i].at[k], crc);
    }
    free(layout.header);
    free(layout.pieces);
    free(layout.seals);
    return file;
}

static struct quant_source *open_memory(const void *bytes, size_t nbytes)
{
    struct quant_source *source = quant_source_from_memory(bytes, nbytes, "m.npz");
    assert_non_null(source);
    return source;
}

static void test_catalogue(void **state)
{
    (void)state;
    const struct file made = make_file();
    struct quant_source *source = open_memory(made.bytes, made.nbytes);
    struct quant_tensor_file *file = NULL;
    struct quant_error error = {.text = ""};
    check_ok(quant_tensor_file_open(source, &quant_format_npz, &file, &error), &error);
    assert_int_equal(file->n, 2);
    assert_int_equal(file->nmetadata, 0);
    const struct quant_tensor_info *a = &file->tensors[0];
    const struct quant_tensor_info *e = &file->tensors[1];
    assert_string_equal(a->name, "a");
    assert_string_equal(a->type->name, "<f4");
    assert_int_equal(a->ndim, 2);
    assert_int_equal(a->dims[1], 3);
    assert_int_equal(a->order, QUANT_ORDER_FORTRAN);
    assert_int_equal(a->byte_order, QUANT_LITTLE);
    assert_int_equal(a->nbytes, 24);
    assert_int_equal(made.bytes[a->offset + 23], 23);
    assert_string_equal(e->name, "\xc3\xa9");
    assert_string_equal(e->type->name, "<i8");
    assert_int_equal(e->nbytes, 0);
    assert_int_equal(file->header_nbytes, made.nbytes - 24);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

/* The framing as NumPy writes it. */
static void test_bytes(void **state)
{
    (void)state;
    static const unsigned char local[] = {
        'P', 'K', 3,   4,   45,  0,   0,   0,   0,   0,   0,    0,   33,  0,   /* the CRC */ 0,
        0,   0,   0,   255, 255, 255, 255, 255, 255, 255, 255,  5,   0,   20,  0,
        'a', '.', 'n', 'p', 'y', 1,   0,   16,  0,   152, 0,    0,   0,   0,   0,
        0,   0,   152, 0,   0,   0,   0,   0,   0,   0,   0x93, 'N', 'U', 'M', 'P',
        'Y', 1,   0};
    static const unsigned char central[] = {
        'P', 'K', 1, 2,   45, 3, 45,  0,   0, 0, 0, 0, 0,   0,   33,  0,   /* the CRC */ 0,
        0,   0,   0, 152, 0,  0, 0,   152, 0, 0, 0, 5, 0,   0,   0,   0,   0,
        0,   0,   0, 0,   0,  0, 128, 1,   0, 0, 0, 0, 'a', '.', 'n', 'p', 'y'};
    struct file made = make_file();
    const unsigned char *end = made.bytes + made.nbytes - QUANT_ZIP_END_NBYTES;
    unsigned char *directory = made.bytes + quant_load_32(end + 16, false);
    assert_int_equal(quant_load_32(made.bytes + 14, false), quant_load_32(directory + 16, false));
    memset(made.bytes + 14, 0, 4);
    memset(directory + 16, 0, 4);
    assert_memory_equal(made.bytes, local, sizeof local);
    assert_memory_equal(directory, central, sizeof central);
    assert_int_equal(quant_load_16(end + 10, false), 2);
    assert_int_equal(directory - made.bytes + quant_load_32(end + 12, false), end - made.bytes);
}

/* ---- Damage ---- */

/* Opens it and reads all of its tensors: what opens lies within the file. */
static enum quant_status read_all(const unsigned char *bytes, size_t nbytes)
{
    struct quant_source *source = open_memory(bytes, nbytes);
    struct quant_tensor_file *file = NULL;
    struct quant_error error;
    enum quant_status status = quant_tensor_file_open(source, &quant_format_npz, &file, &error);
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        unsigned char *read = malloc((size_t)info->nbytes + 1);
        assert_true(info->offset + info->nbytes <= file->source->size);
        assert_non_null(read);
        status = quant_source_read_exactly(file->source, info->offset, read, (size_t)info->nbytes,
                                           &error);
        free(read);
    }
    if (status == QUANT_OK)
        status = quant_npz_finish(file, &error);
    quant_tensor_file_close(file);
    quant_source_close(source);
    return status;
}

static void test_prefixes(void **state)
{
    (void)state;
    const struct file made = make_file();
    assert_int_equal(read_all(made.bytes, made.nbytes), QUANT_OK);
    for (size_t nbytes = 0; nbytes < made.nbytes; nbytes++) {
        unsigned char *bytes = malloc(nbytes + 1);
        assert_non_null(bytes);
        memcpy(bytes, made.bytes, nbytes);
        assert_int_not_equal(read_all(bytes, nbytes), QUANT_OK);
        free(bytes);
    }
}

/* Only dates, versions, access and extra fields that say nothing may be anything. */
static void test_one_byte_changed(void **state)
{
    (void)state;
    struct file made = make_file();
    size_t naccepted = 0;
    for (size_t i = 0; i < made.nbytes; i++)
        for (unsigned byte = 0; byte < 256; byte += IS_SLOW_BUILD ? 7 : 1) {
            const unsigned char before = made.bytes[i];
            made.bytes[i] = (unsigned char)byte;
            if (byte != before)
                naccepted += read_all(made.bytes, made.nbytes) == QUANT_OK;
            made.bytes[i] = before;
        }
    /* Two members have 5 such bytes in a local header and 15 in the directory; versions up to 6.3.
     */
    assert_true(naccepted < (size_t)2 * 22 * 256);
}

/* ---- The CRC ---- */

struct piece {
    uint64_t offset;
    size_t nbytes;
};

/* Reads pieces of a member's elements. */
static enum quant_status read_pieces(const struct file *made, const struct piece *pieces, size_t n,
                                     enum quant_status *finished)
{
    struct quant_source *source = open_memory(made->bytes, made->nbytes);
    struct quant_tensor_file *file = NULL;
    struct quant_error error = {.text = ""};
    unsigned char bytes[64];
    check_ok(quant_tensor_file_open(source, &quant_format_npz, &file, &error), &error);
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = quant_source_read_exactly(file->source, file->tensors[0].offset + pieces[i].offset,
                                           bytes, pieces[i].nbytes, &error);
    *finished = quant_npz_finish(file, &error);
    quant_tensor_file_close(file);
    quant_source_close(source);
    return status;
}

static void test_crc_in_pieces(void **state)
{
    (void)state;
    static const struct piece all[] = {{16, 8}, {0, 4}, {0, 4}, {8, 8}, {4, 4}, {3, 9}};
    static const struct piece part[] = {{16, 8}, {2, 4}};
    struct file made = make_file();
    enum quant_status finished;
    assert_int_equal(read_pieces(&made, all, LENGTH(all), &finished), QUANT_OK);
    assert_int_equal(finished, QUANT_OK);
    assert_int_equal(read_pieces(&made, part, LENGTH(part), &finished), QUANT_OK);
    assert_int_equal(finished, QUANT_OK);
    struct quant_source *source = open_memory(made.bytes, made.nbytes);
    struct quant_tensor_file *file = NULL;
    struct quant_error error;
    check_ok(quant_tensor_file_open(source, &quant_format_npz, &file, &error), &error);
    made.bytes[file->tensors[0].offset + 9] ^= 1;
    quant_tensor_file_close(file);
    quant_source_close(source);
    assert_int_equal(read_pieces(&made, all, LENGTH(all), &finished), QUANT_CORRUPT);
    assert_int_equal(read_pieces(&made, part, LENGTH(part), &finished), QUANT_OK);
    assert_int_equal(finished, QUANT_CORRUPT);
    assert_int_equal(read_pieces(&made, NULL, 0, &finished), QUANT_OK);
    assert_int_equal(finished, QUANT_OK); /* not one byte of it was used */
}

/* ---- Types ---- */

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        unsigned bits;
        enum quant_dtype dtype;
        enum quant_byte_order byte_order;
    } rows[] = {
        {"<f4", 32, QUANT_FLOAT32, QUANT_LITTLE},
        {">f4", 32, QUANT_FLOAT32, QUANT_BIG},
        {"f4", 32, QUANT_FLOAT32, QUANT_LITTLE},
        {"=f4", 32, QUANT_FLOAT32, QUANT_LITTLE},
        {">f2", 16, QUANT_FLOAT16, QUANT_BIG},
        {"|i1", 8, QUANT_INT8, QUANT_BYTE_ORDER_NONE},
        {"|b1", 8, QUANT_DTYPE_NONE, QUANT_BYTE_ORDER_NONE},
        {"<V2", 16, QUANT_DTYPE_NONE, QUANT_BYTE_ORDER_NONE},
        {"|V300", 2400, QUANT_DTYPE_NONE, QUANT_BYTE_ORDER_NONE},
        {"<U3", 96, QUANT_DTYPE_NONE, QUANT_LITTLE},
        {"|S5", 40, QUANT_DTYPE_NONE, QUANT_BYTE_ORDER_NONE},
        {"<M8[ns]", 64, QUANT_DTYPE_NONE, QUANT_LITTLE},
        {"<m8[25us]", 64, QUANT_DTYPE_NONE, QUANT_LITTLE},
        {"<f16", 128, QUANT_DTYPE_NONE, QUANT_LITTLE},
        {"<c32", 256, QUANT_DTYPE_NONE, QUANT_LITTLE},
    };
    static const char *const refused[] = {"",     "|O",   "O8",         "<f3",  "<i",  "<q4",
                                          "<f4x", "<M8[", "<U99999999", "<U-1", "<S'", "<f4 "};
    struct quant_arena arena = {.blocks = NULL};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_stored_type *type;
        enum quant_byte_order byte_order;
        const char *wrong;
        assert_int_equal(quant_npz_read_type(&arena, rows[i].descr, &type, &byte_order, &wrong),
                         QUANT_OK);
        assert_string_equal(type->name, rows[i].descr);
        assert_int_equal(type->bits, rows[i].bits);
        assert_int_equal(type->dtype, rows[i].dtype);
        assert_int_equal(byte_order, rows[i].byte_order);
    }
    for (size_t i = 0; i < LENGTH(refused); i++) {
        const struct quant_stored_type *type;
        enum quant_byte_order byte_order;
        const char *wrong;
        assert_int_equal(quant_npz_read_type(&arena, refused[i], &type, &byte_order, &wrong),
                         QUANT_UNSUPPORTED);
        assert_non_null(wrong);
    }
    quant_arena_release(&arena);
}

/* In the words of safetensors, and back. */
static void test_types_of_formats(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"BOOL", "|b1"},   {"I8", "|i1"},  {"U8", "|u1"},    {"I16", "<i2"}, {"U16", "<u2"},
        {"I32", "<i4"},    {"U32", "<u4"}, {"I64", "<i8"},   {"U64", "<u8"}, {"F16", "<f2"},
        {"F32", "<f4"},    {"F64", "<f8"}, {"C64", "<c8"},   {"BF16", NULL}, {"F8_E4M3", NULL},
        {"F8_E5M2", NULL}, {"F4", NULL},   {"F8_E8M0", NULL}};
    const struct quant_container *npz = quant_format_npz.container;
    const struct quant_container *safetensors = quant_format_safetensors.container;
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        const struct quant_stored_type *type = NULL;
        for (size_t k = 0; !type; k++)
            if (strcmp(safetensors->type_at(k)->name, pairs[i][0]) == 0)
                type = safetensors->type_at(k);
        const struct quant_stored_type *found = quant_container_type_like(npz, type);
        assert_true((found != NULL) == (pairs[i][1] != NULL));
        if (!found)
            continue;
        assert_string_equal(found->name, pairs[i][1]);
        assert_ptr_equal(quant_container_type_like(safetensors, found), type);
    }
}

/* ---- Layout ---- */

static void test_refused_names(void **state)
{
    (void)state;
    static const uint64_t one[] = {1};
    char *name = malloc(UINT16_MAX);
    assert_non_null(name);
    memset(name, 'a', UINT16_MAX - 1);
    name[UINT16_MAX - 1] = '\0';
    const struct quant_stored_type *type = quant_npz_type_of(QUANT_FLOAT32);
    struct quant_container_tensor tensors[] = {{.name = "a", .type = type, .dims = one, .ndim = 1},
                                               {.name = "a", .type = type, .dims = one, .ndim = 1}};
    struct quant_container_layout layout = {.tensors = tensors, .n = 2};
    struct quant_error error;
    check_error("twice", quant_npz_lay_out(&layout, &error), &error, QUANT_INVALID,
                "two tensors are called 'a'");
    tensors[1].name = "\xff";
    check_error("UTF-8", quant_npz_lay_out(&layout, &error), &error, QUANT_INVALID,
                "needs names in UTF-8");
    tensors[1].name = name;
    check_error("long", quant_npz_lay_out(&layout, &error), &error, QUANT_INVALID,
                "no room for a name as long as");
    assert_null(layout.header);
    assert_null(layout.pieces);
    free(name);
}

/* Sizes above 2^31 - 1 go to a field of zip64, and so does what follows them. */
static void test_zip64(void **state)
{
    (void)state;
    static const uint64_t many[] = {UINT64_C(5) << 30};
    static const uint64_t one[] = {1};
    struct quant_container_tensor tensors[] = {
        {.name = "a", .type = quant_npz_type_of(QUANT_INT8), .dims = many, .ndim = 1},
        {.name = "b", .type = quant_npz_type_of(QUANT_INT8), .dims = one, .ndim = 1}};
    struct quant_container_layout layout = {.tensors = tensors, .n = 2};
    struct quant_error error = {.text = ""};
    check_ok(quant_npz_lay_out(&layout, &error), &error);
    const unsigned char *directory =
        layout.header + layout.pieces[0].nbytes + layout.pieces[1].nbytes;
    const unsigned char *extra = directory + 46 + 5;
    assert_int_equal(quant_load_32(directory + 20, false), UINT32_MAX);
    assert_int_equal(quant_load_32(directory + 24, false), UINT32_MAX);
    assert_int_equal(quant_load_16(directory + 30, false), 20);
    assert_int_equal(quant_load_32(directory + 42, false), 0);
    assert_int_equal(quant_load_64(extra + 4, false), many[0] + 128);
    const unsigned char *second = extra + 20;
    assert_int_equal(quant_load_32(second + 24, false), 129);
    assert_int_equal(quant_load_16(second + 30, false), 12);
    assert_int_equal(quant_load_32(second + 42, false), UINT32_MAX);
    assert_int_equal(quant_load_64(second + 46 + 5 + 4, false), layout.pieces[1].offset);
    const unsigned char *end = layout.header + layout.header_nbytes - QUANT_ZIP_END_NBYTES;
    assert_int_equal(quant_load_32(end - 20, false), QUANT_ZIP_LOCATOR);
    assert_int_equal(quant_load_32(end - 76, false), QUANT_ZIP_END_64);
    assert_int_equal(quant_load_64(end - 76 + 48, false), layout.pieces[2].offset);
    free(layout.header);
    free(layout.pieces);
    free(layout.seals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_one_byte_changed),
        cmocka_unit_test(test_crc_in_pieces),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_types_of_formats),
        cmocka_unit_test(test_refused_names),
        cmocka_unit_test(test_zip64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
