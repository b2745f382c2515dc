/* SPDX-License-Identifier: MIT */
/* Files that are refused because they are not tensors; and raw floats, which must not be. */
#include "../support/random.h"
#include "../support/unit.h"

#include <math.h>
#include <string.h>

#include "formats/signatures.h"

#define ROW(bytes, word) (bytes), sizeof(bytes) - 1, word

/* The first bytes, as the programs write them. */
static const struct {
    const char *bytes;
    size_t nbytes;
    const char *word; /* appears in the description */
} known[] = {
    {ROW("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer")},
    {ROW("PK\3\4\x14\0", "ZIP archive")},
    {ROW("PK\5\6\0\0\0\0", "empty ZIP")},
    {ROW("tjgg\3\0\0\0", "GGML")},
    {ROW("\x89HDF\r\n\x1a\n\0\0", "HDF5")},
    {ROW("\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", "pickle")},       /* torch.save */
    {ROW("\x80\4\x95\xa0\0\0\0\0\0\0\0\x8c\x15numpy", "pickle")},       /* an array */
    {ROW("\x80\5\x95\xa0\0\0\0\0\0\0\0}\x94", "pickle")},               /* a dictionary */
    {ROW("\x80\2}q\0X\1\0\0\0wq\1", "pickle")},                         /* the same, older */
    {ROW("\x80\3cnumpy.core.multiarray\n_reconstruct\nq\0", "pickle")}, /* an array, older */
    {ROW("\x80\2ccollections\nOrderedDict\nq\0)Rq\1", "pickle")},       /* a state dictionary */
    {ROW("\x08\x08\x12\x07pytorch\x1a\x05"
         "2.3.1:\x90",
         "ONNX")},                                                      /* torch.onnx.export */
    {ROW("\x08\x0a:\x4f\x0a\x10\x0a\x01x\x12\x01y\"\x04Relu", "ONNX")}, /* onnx.helper */
    {ROW("\x1c\0\0\0TFL3\x14\0", "TensorFlow Lite")},
    {ROW("MATLAB 5.0 MAT-file, Platform: posix", "MATLAB")},
    {ROW("\x1f\x8b\x08\x08\x10\x20\x30\x40\0\3w.npy", "gzip")},
    {ROW("\x28\xb5\x2f\xfd\x04\x58", "zstd")},
    {ROW("\xfd"
         "7zXZ\0\0\4",
         "xz")},
    {ROW("\x5d\0\0\x80\0\xff\xff\xff\xff", "lzma")},
    {ROW("cnumpy.core.multiarray\n_reconstruct\np0\n", "pickle")}, /* protocols 0 and 1 */
    {ROW("(dp0\nVw\np1\n", "pickle")},
    {ROW("BZh91AY&SY\x20", "bzip2")},
    {ROW("BZh11AY&SY\x20", "bzip2")},
    {ROW("\x04\x22\x4d\x18\x64\x40\xa7", "lz4")},
    {ROW("7z\xbc\xaf\x27\x1c\0\4", "7z")},
    {ROW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG")},
    {ROW("\xff\xd8\xff\xe0\0\x10JFIF", "JPEG")},
    {ROW("GIF89a\1\0", "GIF")},
    {ROW("II*\0\x08\0\0\0", "TIFF")},
    {ROW("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "BMP")},
    {ROW("RIFF\x24\0\0\0WAVEfmt ", "WAV")},
    {ROW("RIFF\x24\0\0\0WEBPVP8 ", "WebP")},
    {ROW("%PDF-1.7\n", "PDF")},
    {ROW("\x7f"
         "ELF\2\1\1",
         "ELF")},
    {ROW("PAR1\x15\4", "Parquet")},
    {ROW("ARROW1\0\0\xff\xff", "Arrow")},
    {ROW("SQLite format 3\0\x10", "SQLite")},
    {ROW("CDF\1\0\0\0\0", "NetCDF")},
    {ROW("<!DOCTYPE html>\n<html>", "HTML")},
    {ROW("\n  <HTML lang=\"en\">", "HTML")},
    {ROW("\xef\xbb\xbf<?xml version=\"1.0\"?>", "XML")},
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(known); i++) {
        unsigned char head[4096] = {0};
        memcpy(head, known[i].bytes, known[i].nbytes);
        const struct quant_signature *whole = quant_signature_from_content(head, sizeof head);
        const struct quant_signature *alone = quant_signature_from_content(head, known[i].nbytes);
        if (!whole || !strstr(whole->what, known[i].word) || alone != whole)
            fail_msg("%zu: %s, %s", i, known[i].word, whole ? whole->what : "nothing");
        assert_true(strlen(whole->advice) > 0);
    }
}

static void test_far_inside(void **state)
{
    (void)state;
    unsigned char head[4096] = {0};
    for (size_t offset = 512; offset < sizeof head; offset *= 2) {
        memset(head, 0, sizeof head);
        memcpy(head + offset, "\x89HDF\r\n\x1a\n", 8);
        assert_non_null(quant_signature_from_content(head, sizeof head));
        assert_null(quant_signature_from_content(head, offset + 7));
    }
    memset(head, 0, sizeof head);
    memcpy(head, "w.npy", 5);
    memcpy(head + 257, "ustar", 5);
    assert_non_null(strstr(quant_signature_from_content(head, sizeof head)->what, "tar"));
}

/* No row reads past the end: sanitizers watch the end of a copy. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(known); i++)
        for (size_t n = 0; n <= known[i].nbytes; n++) {
            unsigned char *head = test_malloc(n + 1);
            memcpy(head, known[i].bytes, n);
            quant_signature_from_content(head, n);
            test_free(head);
        }
    assert_null(quant_signature_from_content((const unsigned char *)"", 0));
}

static void check_is_floats(const void *bytes, size_t nbytes)
{
    assert_null(quant_signature_from_content(bytes, nbytes));
    assert_false(quant_signature_is_text(bytes, nbytes));
}

/* Random bits, which are floats of all magnitudes, and floats that look like weights. */
static void test_floats(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (int i = 0; i < 200000; i++) {
        uint64_t bits[64];
        for (size_t k = 0; k < LENGTH(bits); k++)
            bits[k] = random_64(&random);
        check_is_floats(bits, sizeof bits);
    }
    static const float constants[] = {0, 1, -1, 0.5F, 2, 3, 13, 100, 1e-3F, 1e30F, INFINITY, NAN};
    for (size_t i = 0; i < LENGTH(constants); i++) {
        float x[1024];
        for (size_t k = 0; k < LENGTH(x); k++)
            x[k] = constants[i] * (float)(k % 3 == 0 ? 1 : k % 7);
        check_is_floats(x, sizeof x);
    }
}

/* Formats with a short magic, with one of the other bytes changed: these are floats. */
static void test_nearly(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t nbytes;
    } rows[] = {
        {"PK\1\2\0\0\0\0", 8},
        {"\x80\2\0\0\0\0\0\0\0\0\0\0", 12},
        {"\x80\6}q\0\0\0\0", 8},
        {"\x80\4\x95\0\0\0\0\0\1\0\0\0", 12},
        {"\x80\2cab\ncd\n", 9},
        {"\x08\x08\x12\x07pyt\xffrch\x1a\0", 12},
        {"\x08\x20\x12\x07pytorch\x1a", 12},
        {"\x08\x08\x12\x07pytorch\0", 12},
        {"\x1f\x8b\x08\xff\0\0\0\0\0\3\0\0", 12},
        {"\x1f\x8b\x08\0\0\0\0\0\7\3\0\0", 12},
        {"GGUF\0\x10\x10\0", 8},
        {"BM\x46\0\0\0\0\1\0\0\x36\0\0\0\x28\0\0\0", 18},
        {"\x40\0\0\0\0\0\1\0{\"w\":", 12},
        {"\x40\0\0\0\0\0\0\0{\1w\":", 12},
        {"RIFF\0\0\0\0wave", 12},
    };
    for (size_t i = 0; i < LENGTH(rows); i++)
        if (quant_signature_from_content((const unsigned char *)rows[i].bytes, rows[i].nbytes))
            fail_msg("%zu", i);
}

static void test_text(void **state)
{
    (void)state;
    unsigned char head[4096];
    memset(head, 'x', sizeof head);
    assert_true(quant_signature_is_text(head, sizeof head));
    assert_true(quant_signature_is_text(head, 64));
    assert_false(quant_signature_is_text(head, 63));
    head[512] = 0; /* after the bytes that are examined */
    assert_true(quant_signature_is_text(head, sizeof head));
    head[511] = 0;
    assert_false(quant_signature_is_text(head, sizeof head));
    assert_true(quant_signature_is_text(head, 511));
    memcpy(head, "a\tb\r\nc\f", 7);
    assert_true(quant_signature_is_text(head, 64));
    for (int byte = 0; byte < 256; byte++) {
        head[10] = (unsigned char)byte;
        const bool is_text = (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\n' ||
                             byte == '\f' || byte == '\r';
        assert_int_equal(quant_signature_is_text(head, 64), is_text);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const letters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < LENGTH(letters); i++) {
        const size_t length = strlen(letters[i]);
        unsigned char head[4096];
        memset(head, 'x', sizeof head);
        for (size_t at = 500; at <= 512; at++) { /* across the limit too */
            memset(head + 490, 'x', 30);
            memcpy(head + at, letters[i], length);
            assert_true(quant_signature_is_text(head, sizeof head));
        }
        memset(head, 'x', 64);
        head[20] = (unsigned char)letters[i][0]; /* without the bytes that must follow */
        assert_false(quant_signature_is_text(head, 64));
    }
}

static void test_extensions(void **state)
{
    (void)state;
    static const char *const foreign[] = {"GZ", "pt", "onnx", "h5", "gz", "csv"};
    for (size_t i = 0; i < LENGTH(foreign); i++)
        assert_non_null(quant_signature_from_extension(foreign[i]));
    static const char *const others[] = {"",    "npy", "json", "bin", "raw",
                                         "dat", "f16", "xyz",  "np"};
    for (size_t i = 0; i < LENGTH(others); i++)
        assert_null(quant_signature_from_extension(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),  cmocka_unit_test(test_far_inside),
        cmocka_unit_test(test_cut),    cmocka_unit_test(test_floats),
        cmocka_unit_test(test_nearly), cmocka_unit_test(test_text),
        cmocka_unit_test(test_utf8),   cmocka_unit_test(test_extensions),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
