/* SPDX-License-Identifier: MIT */
/*
 * Headers that the reference implementation has written (safetensors_headers.txt, made by
 * tests/interop/live/safetensors_package.py) are read, and laid out again from their tensors in
 * another order: to the same bytes. Then what cannot be laid out.
 */
#include "test_safetensors.h"

#include "../support/random.h"
#include "formats/safetensors.h"

#define HEADERS "tests/formats/safetensors_headers.txt"

static void shuffle(struct quant_container_tensor *tensors, size_t n, struct random *random)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = random_below(random, (uint32_t)i);
        const struct quant_container_tensor kept = tensors[i - 1];
        tensors[i - 1] = tensors[j];
        tensors[j] = kept;
    }
}

/* Each tensor is where the catalogue has it. */
static void check_extents(const struct quant_container_layout *layout,
                          const struct quant_tensor_file *file)
{
    for (size_t i = 0; i < layout->n; i++) {
        size_t index = SIZE_MAX;
        assert_true(quant_tensor_file_find(file, layout->tensors[i].name, &index));
        assert_int_equal(layout->tensors[i].data.offset, file->tensors[index].offset);
        assert_int_equal(layout->tensors[i].data.nbytes, file->tensors[index].nbytes);
    }
}

static void lay_out_again(const unsigned char *bytes, size_t nbytes, size_t nheader,
                          struct random *random)
{
    struct quant_source *source = open_memory(bytes, nbytes);
    struct quant_tensor_file *file = open_ok(source);
    struct quant_container_tensor *tensors = calloc(file->n + 1, sizeof *tensors);
    struct quant_metadata_pair *metadata = calloc(file->nmetadata + 1, sizeof *metadata);
    struct quant_container_layout layout = {
        .tensors = tensors, .n = file->n, .metadata = metadata, .nmetadata = file->nmetadata};
    struct quant_error error = {.text = ""};
    assert_non_null(tensors);
    assert_non_null(metadata);
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        tensors[i] = (struct quant_container_tensor){
            .name = info->name, .type = info->type, .dims = info->dims, .ndim = info->ndim};
    }
    shuffle(tensors, file->n, random);
    for (size_t i = 0; i < file->nmetadata; i++)
        metadata[i] = file->metadata[file->nmetadata - 1 - i];
    if (quant_safetensors_lay_out(&layout, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    assert_int_equal(layout.header_nbytes, nheader);
    assert_memory_equal(layout.header, bytes, nheader);
    assert_int_equal(layout.nbytes, nbytes);
    check_extents(&layout, file);
    free(layout.header);
    free(metadata);
    free(tensors);
    quant_tensor_file_close(file);
    quant_source_close(source);
}

/* Where the tensors of a header end: the largest number that ends a data_offsets. */
static size_t data_nbytes(const char *header)
{
    static const char key[] = "\"data_offsets\":[";
    size_t most = 0;
    for (const char *p = strstr(header, key); p; p = strstr(p + 1, key)) {
        const size_t end = strtoul(strchr(p + sizeof key - 1, ',') + 1, NULL, 10);
        most = end > most ? end : most;
    }
    return most;
}

static void test_headers_of_the_reference(void **state)
{
    (void)state;
    struct random random = random_begin();
    size_t nbytes = 0;
    size_t n = 0;
    char *text = (char *)file_read(HEADERS, &nbytes);
    for (char *header = text; header < text + nbytes; n++) {
        char *end = memchr(header, '\n', nbytes - (size_t)(header - text));
        assert_non_null(end);
        *end = '\0';
        const size_t length = (size_t)(end - header);
        const size_t size = 8 + length + data_nbytes(header);
        unsigned char *bytes = calloc(size, 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < 8; i++)
            bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
        memcpy(bytes + 8, header, length);
        lay_out_again(bytes, size, 8 + length, &random);
        free(bytes);
        header = end + 1;
    }
    assert_true(n >= 64);
    free(text);
}

/* ---- Refused ---- */

static enum quant_status lay_out(struct quant_container_tensor *tensors, size_t n,
                                 const struct quant_metadata_pair *metadata, size_t nmetadata,
                                 struct quant_error *error)
{
    struct quant_container_layout layout = {.tensors = tensors,
                                            .n = n,
                                            .metadata = metadata,
                                            .nmetadata = nmetadata,
                                            .header = (unsigned char *)error};
    const enum quant_status status = quant_safetensors_lay_out(&layout, error);
    if (status != QUANT_OK)
        assert_null(layout.header);
    free(layout.header);
    return status;
}

static void check_refused(struct quant_container_tensor *tensors, size_t n,
                          const struct quant_metadata_pair *metadata, size_t nmetadata,
                          enum quant_status status, const char *message)
{
    struct quant_error error = {.text = ""};
    assert_int_equal(lay_out(tensors, n, metadata, nmetadata, &error), status);
    assert_string_equal(error.text, message);
}

static void test_names(void **state)
{
    (void)state;
    const struct quant_stored_type *type = quant_safetensors_type_from_name("U8");
    static const uint64_t dims[] = {1};
    struct quant_container_tensor two[] = {{.name = "a", .type = type, .dims = dims, .ndim = 1},
                                           {.name = "b", .type = type, .dims = dims, .ndim = 1}};
    struct quant_error error;
    assert_int_equal(lay_out(two, 2, NULL, 0, &error), QUANT_OK);
    two[1].name = "a";
    check_refused(two, 2, NULL, 0, QUANT_INVALID, "two tensors are called 'a'");
    two[1].type = quant_safetensors_type_from_name("F32");
    check_refused(two, 2, NULL, 0, QUANT_INVALID, "two tensors are called 'a'");
    two[1].name = "__metadata__";
    check_refused(two, 2, NULL, 0, QUANT_INVALID,
                  "no tensor of a safetensors file can be called '__metadata__'");
    two[1].name = "\xff";
    check_refused(two, 2, NULL, 0, QUANT_INVALID,
                  "a safetensors file needs names in UTF-8, unlike '\xff'");
}

static void test_pairs(void **state)
{
    (void)state;
    const struct quant_metadata_pair doubled[] = {{"a", "1"}, {"b", "2"}, {"a", "1"}};
    const struct quant_metadata_pair not_utf8[] = {{"a", "1"}, {"b", "\xc3"}};
    check_refused(NULL, 0, doubled, 3, QUANT_INVALID, "duplicate key in __metadata__: 'a'");
    check_refused(NULL, 0, not_utf8, 2, QUANT_INVALID,
                  "a safetensors file needs metadata in UTF-8, unlike that of 'b'");
}

static void test_sizes(void **state)
{
    (void)state;
    static const uint64_t odd[] = {3, 5};
    static const uint64_t huge[] = {UINT64_C(1) << 40, UINT64_C(1) << 20};
    static const uint64_t half[] = {UINT64_C(1) << 59};
    struct quant_container_tensor tensors[] = {
        {.name = "a", .type = quant_safetensors_type_from_name("F4"), .dims = odd, .ndim = 2},
        {.name = "b", .type = quant_safetensors_type_from_name("F64"), .dims = huge, .ndim = 2},
    };
    check_refused(tensors, 1, NULL, 0, QUANT_INVALID,
                  "elements of 4 or 6 bits do not fill whole bytes in tensor 'a'");
    check_refused(tensors + 1, 1, NULL, 0, QUANT_OUT_OF_RANGE,
                  "no file is large enough for tensor 'b'");
    /* Each alone would do, but not all of them. */
    struct quant_container_tensor many[20];
    char names[20][4];
    for (size_t i = 0; i < LENGTH(many); i++) {
        snprintf(names[i], sizeof names[i], "%02zu", i);
        many[i] = (struct quant_container_tensor){.name = names[i],
                                                  .type = quant_safetensors_type_from_name("U8"),
                                                  .dims = half,
                                                  .ndim = 1};
    }
    struct quant_error error;
    assert_int_equal(lay_out(many, 15, NULL, 0, &error), QUANT_OK);
    check_refused(many, 20, NULL, 0, QUANT_OUT_OF_RANGE, "no file is large enough for tensor '15'");
}

/* The limit of the format counts the spaces at the end. */
static void test_header_limit(void **state)
{
    (void)state;
    enum { AROUND = sizeof "{\"__metadata__\":{\"\":\"\"}}" - 1 };
    const size_t most = QUANT_SAFETENSORS_HEADER_MOST - AROUND;
    char *value = malloc(most + 2);
    const struct quant_metadata_pair pair = {"", value};
    struct quant_error error;
    assert_non_null(value);
    memset(value, 'a', most + 1);
    value[most] = '\0';
    assert_int_equal(lay_out(NULL, 0, &pair, 1, &error), QUANT_OK);
    value[most] = 'a';
    value[most + 1] = '\0';
    check_refused(NULL, 0, &pair, 1, QUANT_UNSUPPORTED,
                  "its header would be 100000008 bytes long; the safetensors format allows "
                  "100000000");
    free(value);
}

static void test_nothing(void **state)
{
    (void)state;
    struct quant_container_layout layout = {.tensors = NULL};
    assert_int_equal(quant_safetensors_lay_out(&layout, NULL), QUANT_OK);
    assert_int_equal(layout.header_nbytes, 16);
    assert_int_equal(layout.nbytes, 16);
    assert_memory_equal(layout.header, "\x08\0\0\0\0\0\0\0{}      ", 16);
    free(layout.header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_of_the_reference),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_header_limit),
        cmocka_unit_test(test_nothing),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
