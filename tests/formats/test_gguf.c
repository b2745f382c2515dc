/* SPDX-License-Identifier: MIT */
/* GGUF files: what is read of good ones, that no damage to one does harm, and how they are written
 * again. Those in data/bad are in tests/cli/suites/bad.py. */
#include "formats/gguf.h"

#include "../support/files.h"

#include <xxhash.h>

enum { MOST = 16 << 10 };

struct file {
    unsigned char bytes[MOST];
    size_t nbytes;
};

static struct file load(const char *path)
{
    struct file file;
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file.nbytes = fread(file.bytes, 1, MOST, stream);
    assert_true(file.nbytes > 0 && file.nbytes < MOST);
    fclose(stream);
    return file;
}

static enum quant_status open_bytes(const void *bytes, size_t nbytes, struct quant_source **source,
                                    struct quant_tensor_file **file, struct quant_error *error)
{
    *source = quant_source_from_memory(bytes, nbytes, "m.gguf");
    assert_non_null(*source);
    return quant_tensor_file_open(*source, &quant_format_gguf, file, error);
}

/* ---- Reading ---- */

static void test_catalogue(void **state)
{
    (void)state;
    const struct file bytes = load("data/containers/model.gguf");
    struct quant_source *source;
    struct quant_tensor_file *file;
    assert_int_equal(open_bytes(bytes.bytes, bytes.nbytes, &source, &file, NULL), QUANT_OK);
    assert_int_equal(file->n, 8);
    const struct quant_tensor_info *first = &file->tensors[0];
    assert_string_equal(first->name, "token_embd.weight");
    assert_string_equal(first->type->name, "F16");
    assert_int_equal(first->ndim, 2);
    assert_int_equal(first->dims[0], 6);
    assert_int_equal(first->dims[1], 64);
    assert_int_equal(first->nbytes, 768);
    assert_int_equal(file->tensors[1].offset, first->offset + 768);
    uint64_t of_tensors = 0;
    for (size_t i = 0; i < file->n; i++)
        of_tensors += file->tensors[i].nbytes;
    assert_int_equal(file->header_nbytes + of_tensors, bytes.nbytes);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

/* Values that are text, numbers and truth values; not arrays. */
static void test_metadata(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"bert.attention.layer_norm_epsilon", "9.99999996e-13"},
        {"bert.block_count", "2"},
        {"general.architecture", "bert"},
        {"general.file_type", "0"},
        {"general.name", "tiny"},
        {"tokenizer.ggml.add_bos_token", "true"},
        {"tokenizer.ggml.offset", "-5"},
    };
    const struct file bytes = load("data/containers/model.gguf");
    struct quant_source *source;
    struct quant_tensor_file *file;
    assert_int_equal(open_bytes(bytes.bytes, bytes.nbytes, &source, &file, NULL), QUANT_OK);
    assert_int_equal(file->nmetadata, LENGTH(expected));
    for (size_t i = 0; i < file->nmetadata; i++) {
        assert_string_equal(file->metadata[i].key, expected[i][0]);
        assert_string_equal(file->metadata[i].value, expected[i][1]);
    }
    quant_tensor_file_close(file);
    quant_source_close(source);
}

/* Only the zeros after the last tensor may be missing. */
static void test_prefixes(void **state)
{
    (void)state;
    enum { LAST_ZEROS = 20 };
    const struct file whole = load("data/containers/model.gguf");
    for (size_t nbytes = 0; nbytes <= whole.nbytes; nbytes++) {
        unsigned char *bytes = malloc(nbytes + 1);
        struct quant_source *source;
        struct quant_tensor_file *file;
        assert_non_null(bytes);
        memcpy(bytes, whole.bytes, nbytes);
        assert_int_equal(open_bytes(bytes, nbytes, &source, &file, NULL),
                         nbytes >= whole.nbytes - LAST_ZEROS ? QUANT_OK : QUANT_TRUNCATED);
        quant_tensor_file_close(file);
        quant_source_close(source);
        free(bytes);
    }
}

/* Whatever byte of the header is exchanged for whatever other: an error, or tensors that lie in the
 * file one after the other. */
static void test_one_byte_changed(void **state)
{
    (void)state;
    struct file whole = load("data/containers/blocks.gguf");
    for (size_t i = 0; i < 320; i++)
        for (unsigned byte = 0; byte < 256; byte += IS_SLOW_BUILD ? 5 : 1) {
            const unsigned char before = whole.bytes[i];
            struct quant_source *source;
            struct quant_tensor_file *file;
            whole.bytes[i] = (unsigned char)byte;
            uint64_t end = 0;
            if (open_bytes(whole.bytes, whole.nbytes, &source, &file, NULL) == QUANT_OK)
                for (size_t j = 0; j < file->n; j++) {
                    assert_true(file->tensors[j].offset >= end);
                    end = file->tensors[j].offset + file->tensors[j].nbytes;
                    assert_true(end <= whole.nbytes);
                }
            quant_tensor_file_close(file);
            quant_source_close(source);
            whole.bytes[i] = before;
        }
}

/* ---- Types ---- */

static void test_types(void **state)
{
    (void)state;
    size_t n = 0;
    for (; quant_gguf_type_at(n); n++) {
        const struct quant_stored_type *type = quant_gguf_type_at(n);
        const struct quant_gguf_type *own = (const struct quant_gguf_type *)type;
        assert_ptr_equal(quant_gguf_type_from_number(own->number), own);
        assert_true(type->block ? type->block->nelems % 32 == 0 : type->bits % 8 == 0);
        if (type->block)
            assert_int_equal(quant_stored_elements(type, 3 * (uint64_t)type->block->nbytes),
                             3 * type->block->nelems);
    }
    assert_int_equal(n, 34);
    assert_null(quant_gguf_type_of(QUANT_INT8));
    assert_string_equal(quant_gguf_type_of(QUANT_BFLOAT16)->name, "BF16");
    assert_string_equal(quant_gguf_type_of(QUANT_Q5_1)->name, "Q5_1");
}

static void test_count_bytes(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        uint64_t dims[4];
        uint32_t ndim;
        enum quant_status status;
        uint64_t nbytes;
    } rows[] = {
        {0, {3, 5}, 2, QUANT_OK, 60},
        {0, {0}, 0, QUANT_OK, 4},
        {0, {3, 0, 5}, 3, QUANT_OK, 0},
        {0, {3, 0}, 2, QUANT_OK, 0},
        {8, {3, 64}, 2, QUANT_OK, 204},
        {8, {64, 3}, 2, QUANT_CORRUPT, 0},
        {8, {0}, 0, QUANT_CORRUPT, 0},
        {12, {2, 256}, 2, QUANT_OK, 288},
        {24, {UINT64_C(1) << 32, UINT64_C(1) << 31}, 2, QUANT_OUT_OF_RANGE, 0},
        {24, {INT64_MAX}, 1, QUANT_OK, INT64_MAX},
        {2, {UINT64_C(1) << 62, 2, 32}, 3, QUANT_OUT_OF_RANGE, 0},
        {0, {UINT64_MAX}, 1, QUANT_OUT_OF_RANGE, 0},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        uint64_t nbytes = 0;
        const struct quant_gguf_type *type = quant_gguf_type_from_number(rows[i].number);
        if (quant_gguf_count_bytes(&type->stored, rows[i].dims, rows[i].ndim, &nbytes) !=
            rows[i].status)
            fail_msg("%zu", i);
        if (rows[i].status == QUANT_OK)
            assert_int_equal(nbytes, rows[i].nbytes);
    }
}

/* ---- Writing ---- */

static struct quant_container_layout layout_of(const struct quant_tensor_file *file)
{
    struct quant_container_layout layout = {.origin = file, .n = file->n};
    layout.tensors = calloc(file->n, sizeof *layout.tensors);
    assert_non_null(layout.tensors);
    for (size_t i = 0; i < file->n; i++)
        layout.tensors[i] = (struct quant_container_tensor){.name = file->tensors[i].name,
                                                            .type = file->tensors[i].type,
                                                            .dims = file->tensors[i].dims,
                                                            .ndim = file->tensors[i].ndim};
    return layout;
}

static void release(struct quant_container_layout *layout)
{
    free(layout->tensors);
    free(layout->header);
    free(layout->pieces);
}

/* A file whose tensors are in order, written again with nothing quantized, is the same. */
static void test_same_again(void **state)
{
    (void)state;
    const struct file bytes = load("data/containers/aligned.gguf");
    unsigned char made[MOST] = {0};
    struct quant_source *source;
    struct quant_tensor_file *file;
    assert_int_equal(open_bytes(bytes.bytes, bytes.nbytes, &source, &file, NULL), QUANT_OK);
    struct quant_container_layout layout = layout_of(file);
    assert_int_equal(quant_gguf_lay_out(&layout, NULL), QUANT_OK);
    assert_int_equal(layout.nbytes, bytes.nbytes);
    const unsigned char *header = layout.header;
    for (size_t i = 0; i < layout.npieces; i++) {
        memcpy(made + layout.pieces[i].offset, header, (size_t)layout.pieces[i].nbytes);
        header += layout.pieces[i].nbytes;
    }
    assert_int_equal(header - layout.header, layout.header_nbytes);
    for (size_t i = 0; i < layout.n; i++)
        memcpy(made + layout.tensors[i].data.offset, bytes.bytes + file->tensors[i].offset,
               (size_t)file->tensors[i].nbytes);
    assert_memory_equal(made, bytes.bytes, bytes.nbytes);
    uint64_t digest = 0;
    assert_int_equal(quant_gguf_digest_header(file, &digest, NULL), QUANT_OK);
    assert_int_equal(digest, XXH3_64bits(layout.header, layout.header_nbytes));
    release(&layout);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

/* Tensors of no layer first, then by the layer's number, by name. */
static void test_order(void **state)
{
    (void)state;
    static const char *const names[] = {"blk.10.a", "z", "blk.2.b", "blk.2.a", "blk.x", "a"};
    static const unsigned rank[] = {5, 2, 4, 3, 1, 0};
    const uint64_t dims[] = {8};
    const struct file bytes = load("data/containers/none.gguf");
    struct quant_container_tensor tensors[6];
    struct quant_source *source;
    struct quant_tensor_file *file;
    assert_int_equal(open_bytes(bytes.bytes, bytes.nbytes, &source, &file, NULL), QUANT_OK);
    for (size_t i = 0; i < 6; i++)
        tensors[i] = (struct quant_container_tensor){
            .name = names[i], .type = quant_gguf_type_of(QUANT_FLOAT32), .dims = dims, .ndim = 1};
    struct quant_container_layout layout = {.origin = file, .tensors = tensors, .n = 6};
    assert_int_equal(quant_gguf_lay_out(&layout, NULL), QUANT_OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(tensors[i].data.offset, layout.pieces[0].nbytes + 32 * (uint64_t)rank[i]);
    assert_int_equal(layout.npieces, 1);
    free(layout.header);
    free(layout.pieces);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

static void test_layout_errors(void **state)
{
    (void)state;
    const struct file bytes = load("data/containers/model.gguf");
    const uint64_t five[] = {1, 1, 1, 1, 1};
    struct quant_source *source;
    struct quant_tensor_file *file;
    struct quant_error error;
    assert_int_equal(open_bytes(bytes.bytes, bytes.nbytes, &source, &file, NULL), QUANT_OK);
    struct quant_container_layout layout = layout_of(file);
    layout.origin = NULL;
    assert_int_equal(quant_gguf_lay_out(&layout, &error), QUANT_UNSUPPORTED);
    layout.origin = file;
    layout.tensors[3].type = quant_gguf_type_of(QUANT_Q8_0); /* 33 elements */
    assert_int_equal(quant_gguf_lay_out(&layout, &error), QUANT_INVALID);
    layout.tensors[3].type = quant_gguf_type_of(QUANT_FLOAT32);
    layout.tensors[3].dims = five;
    layout.tensors[3].ndim = 5;
    assert_int_equal(quant_gguf_lay_out(&layout, &error), QUANT_UNSUPPORTED);
    layout.tensors[3].ndim = 1;
    layout.tensors[3].name = layout.tensors[0].name;
    assert_int_equal(quant_gguf_lay_out(&layout, &error), QUANT_INVALID);
    assert_null(layout.header);
    assert_null(layout.pieces);
    release(&layout);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue),     cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_one_byte_changed),
        cmocka_unit_test(test_types),         cmocka_unit_test(test_count_bytes),
        cmocka_unit_test(test_same_again),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_layout_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
