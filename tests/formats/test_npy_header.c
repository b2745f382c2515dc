/* SPDX-License-Identifier: MIT */
/* The dictionary in a .npy header: reads all that numpy.save has ever written, writes the bytes
 * that it writes today, and reports each mistake with its place. */
#include "../support/files.h"

#include "base/shape.h"
#include "formats/npy_header.h"

enum { OFFSET = 10 };

static enum quant_status parse(const char *text, size_t length, struct quant_npy_header *header,
                               struct quant_error *error)
{
    const struct quant_source source = {.name = "w.npy"};
    char *copy = malloc(length > 0 ? length : 1); /* a copy, to catch reads past its end */
    assert_non_null(copy);
    memcpy(copy, text, length);
    const enum quant_status status =
        quant_npy_header_parse(copy, length, OFFSET, &source, header, error);
    free(copy);
    return status;
}

/* ---- Right ones ---- */

struct good {
    const char *text;
    const char *descr;
    uint64_t descr_offset;
    bool fortran_order;
    const char *shape;
};

static const struct good goods[] = {
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }      \n", "<f4", 20, false, "(7,)"},
    {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }", "<f4", 20, true, "(3, 4)"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "<f4", 20, false, "()"},
    {"{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (7,)}", "<f4", 20, false, "(7,)"},
    {"{'descr':\"<f4\",\"fortran_order\":False,'shape':(7,)}", "<f4", 19, false, "(7,)"},
    {"{'shape': (2, 3), 'fortran_order': True, 'descr': '>f8'}", ">f8", 60, true, "(2, 3)"},
    {"{'fortran_order': False, 'shape': (1,), 'descr': 'f4'}", "f4", 59, false, "(1,)"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }", "<f4", 20, false, "(3, 4)"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (7L,)}", "<f4", 20, false, "(7,)"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4,)}", "<f4", 20, false, "(3, 4)"},
    {" \t{ 'descr' : '<f4' , 'fortran_order'\r\n:False,'shape'\t:\n( 3 , 4 )\n}\n\n", "<f4", 24,
     false, "(3, 4)"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", "<f4", 20, false, "(0,)"},
    {"{'descr': '', 'fortran_order': False, 'shape': (9223372036854775807,)}", "", 20, false,
     "(9223372036854775807,)"},
    {"{'descr': 'a descr that is longer', 'fortran_order': False, 'shape': ()}", "a descr that is",
     20, false, "()"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(goods); i++) {
        const struct good *good = &goods[i];
        struct quant_npy_header header;
        struct quant_error error;
        char shape[QUANT_SHAPE_TEXT];
        check_error(good->text, parse(good->text, strlen(good->text), &header, &error), &error,
                    QUANT_OK, "");
        assert_string_equal(header.descr, good->descr);
        assert_int_equal(header.descr_offset, good->descr_offset);
        assert_int_equal(header.fortran_order, good->fortran_order);
        assert_string_equal(quant_shape_text(&header.shape, shape), good->shape);
    }
}

/* No text without its closing brace is valid. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(goods); i++) {
        const size_t whole = (size_t)(strrchr(goods[i].text, '}') - goods[i].text);
        for (size_t length = 0; length <= whole; length++) {
            struct quant_npy_header header;
            struct quant_error error;
            assert_int_equal(parse(goods[i].text, length, &header, &error), QUANT_CORRUPT);
            assert_non_null(strstr(error.text, "cannot read 'w.npy': "));
        }
    }
}

static void test_dimensions(void **state)
{
    (void)state;
    for (int ndim = 0; ndim <= 66; ndim++) {
        char text[512] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
        for (int i = 0; i < ndim; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%d,", i);
        snprintf(text + strlen(text), sizeof text - strlen(text), ")}");
        struct quant_npy_header header;
        struct quant_error error;
        const enum quant_status status = parse(text, strlen(text), &header, &error);
        check_error(text, status, &error, ndim > 64 ? QUANT_UNSUPPORTED : QUANT_OK,
                    "more than 64 dimensions at byte 243");
        for (int i = 0; status == QUANT_OK && i < ndim; i++)
            assert_int_equal(header.shape.dims[i], i);
        assert_true(status != QUANT_OK || header.shape.ndim == ndim);
    }
}

/* ---- Wrong ones ---- */

#define FRONT "{'descr': '<f4', 'fortran_order': False, "

static const struct bad {
    const char *text;
    enum quant_status status;
    const char *message;
} bads[] = {
    {"", QUANT_CORRUPT, "expected a dictionary but the header ends at byte 10"},
    {"   ", QUANT_CORRUPT, "expected a dictionary but the header ends at byte 13"},
    {"[]", QUANT_CORRUPT, "expected a dictionary but found '[' at byte 10"},
    {"\x01", QUANT_CORRUPT, "expected a dictionary but found byte 0x01 at byte 10"},
    {"\xc3\xa4", QUANT_CORRUPT, "expected a dictionary but found byte 0xc3 at byte 10"},
    {"{}", QUANT_CORRUPT, "the header has no key 'descr'"},
    {"{,}", QUANT_CORRUPT, "expected a string but found ',' at byte 11"},
    {"{descr: '<f4'}", QUANT_CORRUPT, "expected a string but found 'd' at byte 11"},
    {"{'descr", QUANT_CORRUPT, "an unterminated string at byte 11"},
    {"{'descr\"", QUANT_CORRUPT, "an unterminated string at byte 11"},
    {"{'descr'", QUANT_CORRUPT, "expected a colon but the header ends at byte 18"},
    {"{'descr' '<f4'}", QUANT_CORRUPT, "expected a colon but found ''' at byte 19"},
    {"{'descr': 4}", QUANT_CORRUPT, "expected a string but found '4' at byte 20"},
    {"{'descr': u'<f4'}", QUANT_CORRUPT, "expected a string but found 'u' at byte 20"},
    {"{'descr': '<f4", QUANT_CORRUPT, "an unterminated string at byte 20"},
    {"{'descr': [('a', '<f4')]}", QUANT_UNSUPPORTED, "a structured dtype, which is not supported"},
    {"{'descr': '<f4' 'shape': ()}", QUANT_CORRUPT, "expected a comma or a closing brace"},
    {"{'descr': '<f4', 'descr': '<f4'}", QUANT_CORRUPT, "a duplicate key at byte 27"},
    {"{'colour': 1}", QUANT_CORRUPT, "an unknown key at byte 11"},
    {"{'fortran_order_is_long': True}", QUANT_CORRUPT, "an unknown key at byte 11"},
    {"{'': 1}", QUANT_CORRUPT, "an unknown key at byte 11"},
    {"{'fortran_order': 1}", QUANT_CORRUPT, "expected True or False but found '1' at byte 28"},
    {"{'fortran_order': true}", QUANT_CORRUPT, "expected True or False but found 't'"},
    {"{'fortran_order': Tru", QUANT_CORRUPT, "expected True or False but found 'T'"},
    {"{'fortran_order': Falsehood}", QUANT_CORRUPT, "expected a comma or a closing brace"},
    {"{'shape': 7}", QUANT_CORRUPT, "expected a tuple but found '7' at byte 20"},
    {"{'shape': [7]}", QUANT_CORRUPT, "expected a tuple but found '['"},
    {"{'shape': (7)}", QUANT_CORRUPT, "one dimension without the comma that makes it a tuple"},
    {"{'shape': (,)}", QUANT_CORRUPT, "expected a dimension but found ',' at byte 21"},
    {"{'shape': (3,,4)}", QUANT_CORRUPT, "expected a dimension but found ','"},
    {"{'shape': (3 4)}", QUANT_CORRUPT, "expected a comma but found '4'"},
    {"{'shape': (7.0,)}", QUANT_CORRUPT, "expected a comma but found '.'"},
    {"{'shape': (-7,)}", QUANT_CORRUPT, "a negative dimension at byte 21"},
    {"{'shape': (07,)}", QUANT_CORRUPT, "a dimension with a leading zero at byte 21"},
    {"{'shape': (7, 04)}", QUANT_CORRUPT, "a dimension with a leading zero at byte 24"},
    {"{'shape': (+7,)}", QUANT_CORRUPT, "expected a dimension but found '+'"},
    {"{'shape': (L,)}", QUANT_CORRUPT, "expected a dimension but found 'L'"},
    {"{'shape': (7LL,)}", QUANT_CORRUPT, "expected a comma but found 'L'"},
    {"{'shape': (7", QUANT_CORRUPT, "expected a comma but the header ends"},
    {"{'shape': (9223372036854775808,)}", QUANT_OUT_OF_RANGE, "a dimension beyond 63 bits"},
    {"{'shape': (18446744073709551623,)}", QUANT_OUT_OF_RANGE, "a dimension beyond 63 bits"},
    {FRONT "}", QUANT_CORRUPT, "the header has no key 'shape'"},
    {"{'descr': '<f4', 'shape': ()}", QUANT_CORRUPT, "the header has no key 'fortran_order'"},
    {FRONT "'shape': ()} x", QUANT_CORRUPT, "expected nothing more but found 'x' at byte 64"},
    {FRONT "'shape': ()}}", QUANT_CORRUPT, "expected nothing more but found '}'"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(bads); i++) {
        struct quant_npy_header header;
        struct quant_error error = {QUANT_OK, ""};
        const enum quant_status status = parse(bads[i].text, strlen(bads[i].text), &header, &error);
        check_error(bads[i].text, status, &error, bads[i].status, bads[i].message);
        assert_ptr_equal(strstr(error.text, "cannot read 'w.npy': "), error.text);
        assert_int_equal(quant_npy_header_parse(bads[i].text, strlen(bads[i].text), OFFSET,
                                                &(struct quant_source){.name = "w.npy"}, &header,
                                                NULL),
                         status);
    }
}

static void test_nul_after(void **state)
{
    (void)state;
    static const char text[] = FRONT "'shape': ()}\0";
    struct quant_npy_header header;
    struct quant_error error;
    const enum quant_status status = parse(text, sizeof text - 1, &header, &error);
    check_error("NUL", status, &error, QUANT_CORRUPT, "expected nothing more but found byte 0x00");
}

/* ---- Writing ---- */

/* The output of format.write_array_header_1_0 in NumPy 1.24.2: the two bytes of the length, the
 * dictionary, and the number of spaces between it and the newline. */
static const struct {
    const char *descr;
    bool fortran_order;
    struct quant_shape shape;
    const char *length;
    const char *text;
    int spaces;
} written[] = {
    {"|i1", false, {0, {0}}, "\x76", "{'descr': '|i1', 'fortran_order': False, 'shape': (), }", 62},
    {"|i1",
     false,
     {1, {7}},
     "\x76",
     "{'descr': '|i1', 'fortran_order': False, 'shape': (7,), }",
     60},
    {"<f4",
     false,
     {1, {7}},
     "\x76",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }",
     60},
    {"|u1",
     true,
     {2, {2, 3}},
     "\x76",
     "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }",
     59},
    {"<f4",
     true,
     {3, {1000, 768, 3}},
     "\x76",
     "{'descr': '<f4', 'fortran_order': True, 'shape': (1000, 768, 3), }",
     51},
    {"|i1",
     false,
     {1, {0}},
     "\x76",
     "{'descr': '|i1', 'fortran_order': False, 'shape': (0,), }",
     60},
    {"|i1",
     false,
     {3, {3, 0, 2}},
     "\x76",
     "{'descr': '|i1', 'fortran_order': False, 'shape': (3, 0, 2), }",
     55},
    {"|u1",
     false,
     {1, {18446744073709551}},
     "\x76",
     "{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551,), }",
     44},
    {"<f4",
     false,
     {1, {9223372036854775807}},
     "\x76",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,), }",
     42},
    {"<f4",
     false,
     {2, {768, 3072}},
     "\x76",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (768, 3072), }",
     53},
    {"|i1",
     false,
     {32, {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
           10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}},
     "\xf6",
     "{'descr': '|i1', 'fortran_order': False, 'shape': (10, 10, 10, 10, 10, 10, 10, 10, "
     "10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, "
     "10, 10, 10, 10), }",
     64},
    /* A header that fits exactly gets another 64 spaces: 80 = 64 + 16 for growth. */
    {"|i1",
     true,
     {7, {10000, 10000, 10000, 10000, 10000, 10000, 10000}},
     "\xb6",
     "{'descr': '|i1', 'fortran_order': True, 'shape': "
     "(10000, 10000, 10000, 10000, 10000, 10000, 10000), }",
     80},
    {"<f4",
     true,
     {7, {10000, 10000, 10000, 10000, 10000, 10000, 10000}},
     "\xb6",
     "{'descr': '<f4', 'fortran_order': True, 'shape': "
     "(10000, 10000, 10000, 10000, 10000, 10000, 10000), }",
     80},
};

static void test_preamble(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(written); i++) {
        struct quant_npy_header header = {.fortran_order = written[i].fortran_order,
                                          .shape = written[i].shape};
        snprintf(header.descr, sizeof header.descr, "%s", written[i].descr);
        char expected[512] = "\x93NUMPY\x01";
        expected[8] = written[i].length[0];
        const int nbytes = 10 + snprintf(expected + 10, sizeof expected - 10, "%s%*s\n",
                                         written[i].text, written[i].spaces, "");
        unsigned char bytes[QUANT_NPY_PREAMBLE];
        assert_int_equal(quant_npy_preamble(&header, bytes), nbytes);
        assert_memory_equal(bytes, expected, (size_t)nbytes);
        assert_int_equal(nbytes % 64, 0);
    }
}

/* The longest possible header fits, and can be read. */
static void test_longest(void **state)
{
    (void)state;
    struct quant_npy_header header = {.descr = "<f4", .shape = {.ndim = 64}};
    for (int i = 0; i < 64; i++)
        header.shape.dims[i] = INT64_MAX;
    unsigned char bytes[QUANT_NPY_PREAMBLE];
    const size_t nbytes = quant_npy_preamble(&header, bytes);
    assert_true(nbytes <= QUANT_NPY_PREAMBLE);
    assert_int_equal(nbytes % 64, 0);
    assert_int_equal(bytes[8] + 256 * bytes[9], nbytes - 10);
    struct quant_npy_header back;
    struct quant_error error;
    check_ok(parse((char *)bytes + 10, nbytes - 10, &back, &error), &error);
    assert_true(quant_shape_equal(&back.shape, &header.shape));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_dimensions), cmocka_unit_test(test_bad),
        cmocka_unit_test(test_nul_after),  cmocka_unit_test(test_preamble),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
