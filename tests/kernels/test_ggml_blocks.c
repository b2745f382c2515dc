/* SPDX-License-Identifier: MIT */
/* The block types of ggml on blocks whose bytes are known: those of the package gguf, and by the
 * formulas. */
#include "kernels/ggml_blocks.h"

#include "../support/unit.h"

#include <math.h>
#include <string.h>

enum { NELEMS = 32, MOST_BYTES = 34 };

static const struct quant_block_type *const types[] = {
    &quant_ggml_q8_0, &quant_ggml_q4_0, &quant_ggml_q4_1, &quant_ggml_q5_0, &quant_ggml_q5_1};

/* ---- Known blocks ---- */

/* Numbers from -7.75 to 8, in no order. Several are halfway between two integers. */
static void make_wave(float x[NELEMS])
{
    for (int i = 0; i < NELEMS; i++)
        x[i] = (float)(i * 37 % 64 - 31) / 4;
}

static const char *const wave[] = {
    "\x08\x2c\x85\x18\xad\x40\xd4\x67\xfc\x91\x24\xb9\x4b\xe0\x73\x08\x9d"
    "\x30\xc4\x57\xec\x7f\x14\xa9\x3c\xd0\x63\xf8\x8d\x20\xb5\x47\xdc\x6f",
    "\x00\xbc\xcf\x37\x9d\x04\x7b\xe2\x48\xbf\x26\x9d\xf3\x6a\xd1\x48\xae"
    "\x15",
    "\x33\x3c\xc0\xc7\x40\xd9\x62\xfb\x95\x2e\xb7\x51\xda\x73\x0c\x95\x3e"
    "\xc8\x51\xea",
    "\x00\xb8\xd5\x4a\xa5\x56\x8f\x5d\x3b\x08\xe6\xb3\x91\x6e\x4c\x19\xf7"
    "\xc4\xa2\x7f\x5d\x2a",
    "\x11\x38\xc0\xc7\x2a\xb5\x5a\xa9\x80\xa2\xd5\xf7\x2a\x4c\x7f\x91\xc4"
    "\xe6\x19\x3b\x6e\x80\xb3\xd5",
};

static void test_known(void **state)
{
    (void)state;
    float x[NELEMS];
    unsigned char block[MOST_BYTES];
    make_wave(x);
    for (size_t i = 0; i < LENGTH(types); i++) {
        types[i]->encode(x, 1, block);
        assert_memory_equal(block, wave[i], types[i]->nbytes);
    }
}

/* What is restored is within half a step, and a little for the rounding of the scale. */
static void test_restored(void **state)
{
    (void)state;
    static const float half_steps[] = {0.033F, 0.57F, 0.53F, 0.29F, 0.26F};
    float x[NELEMS];
    float restored[NELEMS];
    unsigned char block[MOST_BYTES];
    make_wave(x);
    for (size_t i = 0; i < LENGTH(types); i++) {
        types[i]->encode(x, 1, block);
        types[i]->decode(block, 1, restored);
        for (size_t k = 0; k < NELEMS; k++)
            /* By q4_0 and q5_0 the end opposite to the extreme is clipped by a step at most. */
            if (fabsf(restored[k] - x[k]) > half_steps[i] * (x[k] < -7 ? 2 : 1))
                fail_msg("%s: %g becomes %g", types[i]->name, (double)x[k], (double)restored[k]);
    }
}

static void check_scale(const struct quant_block_type *type, float value, unsigned scale,
                        unsigned first)
{
    float x[NELEMS];
    unsigned char block[MOST_BYTES];
    for (size_t i = 0; i < NELEMS; i++)
        x[i] = value;
    type->encode(x, 1, block);
    assert_int_equal(block[0] | block[1] << 8, scale);
    assert_int_equal(block[type->nbytes - 1], first);
}

/* Blocks of one value; the last byte has the last two integers, or one. */
static void test_constants(void **state)
{
    (void)state;
    check_scale(&quant_ggml_q8_0, 0, 0, 0);
    check_scale(&quant_ggml_q8_0, 127, 0x3C00, 127);
    check_scale(&quant_ggml_q8_0, -127, 0x3C00, 0x81);
    check_scale(&quant_ggml_q4_0, 0, 0x8000, 0x88); /* 0 / -8 */
    check_scale(&quant_ggml_q4_0, -0.0F, 0x8000, 0x88);
    check_scale(&quant_ggml_q4_0, -8, 0x3C00, 0);
    check_scale(&quant_ggml_q4_0, 8, 0xBC00, 0);
    check_scale(&quant_ggml_q5_0, 0, 0x8000, 0);
    check_scale(&quant_ggml_q4_1, 5, 0, 0);
    check_scale(&quant_ggml_q5_1, 5, 0, 0);
    check_scale(&quant_ggml_q8_0, 0x1p-140F, 0, 0); /* its inverse is infinite */
    check_scale(&quant_ggml_q4_0, 0x1p-140F, 0x8000, 0);
}

/* ---- Scales that no block can hold ---- */

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        float end;
        bool fits;
    } rows[][LENGTH(types)] = {
        {{65519 * 127.0F, true},
         {65519 * 8.0F, true},
         {65519, true},
         {65519 * 16.0F, true},
         {65519, true}},
        {{65520 * 127.0F, false},
         {65520 * 8.0F, false},
         {65520, false},
         {65520 * 16.0F, false},
         {65520, false}},
        {{3e38F, false}, {3e38F, false}, {3e38F, false}, {3e38F, false}, {3e38F, false}},
    };
    for (size_t row = 0; row < LENGTH(rows); row++)
        for (size_t i = 0; i < LENGTH(types); i++) {
            float x[3 * NELEMS] = {0};
            unsigned char blocks[3 * MOST_BYTES];
            for (size_t k = 0; k < NELEMS; k++)
                x[NELEMS + k] = -rows[row][i].end;
            types[i]->encode(x, 3, blocks);
            assert_int_equal(quant_ggml_find_infinite(types[i], blocks, 3),
                             rows[row][i].fits ? 3 : 1);
        }
}

/* ---- Several blocks ---- */

static void test_several(void **state)
{
    (void)state;
    enum { N = 5 };
    float x[N * NELEMS];
    float restored[N * NELEMS];
    float one[NELEMS];
    unsigned char blocks[N * MOST_BYTES];
    unsigned char block[MOST_BYTES];
    for (int i = 0; i < N * NELEMS; i++)
        x[i] = (float)(i * 7919 % 1009 - 500) / 64;
    for (size_t i = 0; i < LENGTH(types); i++) {
        types[i]->encode(x, N, blocks);
        types[i]->decode(blocks, N, restored);
        for (size_t k = 0; k < N; k++) {
            types[i]->encode(x + k * NELEMS, 1, block);
            assert_memory_equal(block, blocks + k * types[i]->nbytes, types[i]->nbytes);
            types[i]->decode(block, 1, one);
            assert_memory_equal(one, restored + k * NELEMS, sizeof one);
        }
    }
}

static unsigned count(const uint64_t *levels, size_t n)
{
    unsigned found = 0;
    for (size_t i = 0; i < n; i++)
        found += (unsigned)__builtin_popcountll(levels[i]);
    return found;
}

static void test_levels(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(types); i++) {
        uint64_t levels[4] = {0};
        float x[NELEMS] = {0};
        unsigned char block[MOST_BYTES];
        types[i]->encode(x, 1, block);
        types[i]->mark_levels(block, 1, levels);
        assert_int_equal(count(levels, 4), 1);
        x[0] = 1;
        x[1] = -1;
        types[i]->encode(x, 1, block);
        memset(levels, 0, sizeof levels);
        types[i]->mark_levels(block, 1, levels);
        assert_int_equal(count(levels, 4), 3);
        assert_true(types[i]->levels == 256 || levels[0] >> types[i]->levels == 0);
    }
}

/* The last block of an array may lack elements. */
static void test_arrays(void **state)
{
    (void)state;
    float x[2 * NELEMS] = {0};
    float restored[2 * NELEMS];
    unsigned char whole[2 * MOST_BYTES];
    unsigned char blocks[2 * MOST_BYTES];
    for (int i = 0; i < NELEMS + 3; i++)
        x[i] = (float)(i - 20) / 4;
    for (size_t i = 0; i < LENGTH(types); i++) {
        types[i]->encode(x, 2, whole);
        quant_ggml_quantize(types[i], x, NELEMS + 3, blocks);
        assert_memory_equal(blocks, whole, 2 * (size_t)types[i]->nbytes);
        for (size_t k = 0; k < (size_t)2 * NELEMS; k++)
            restored[k] = 1234;
        quant_ggml_dequantize(types[i], blocks, NELEMS + 3, restored);
        assert_true(fabsf(restored[NELEMS + 2] - x[NELEMS + 2]) < 0.4F);
        assert_true(restored[NELEMS + 3] == 1234);
    }
}

static void test_dtypes(void **state)
{
    (void)state;
    static const enum quant_dtype dtypes[] = {QUANT_Q8_0, QUANT_Q4_0, QUANT_Q4_1, QUANT_Q5_0,
                                              QUANT_Q5_1};
    for (size_t i = 0; i < LENGTH(types); i++) {
        const struct quant_dtype_info *info = quant_dtype_info(dtypes[i]);
        assert_ptr_equal(quant_ggml_block(dtypes[i]), types[i]);
        assert_string_equal(info->name, types[i]->name);
        assert_int_equal(info->block_nelems, types[i]->nelems);
        assert_int_equal(info->block_nbytes, types[i]->nbytes);
    }
    assert_null(quant_ggml_block(QUANT_INT8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),     cmocka_unit_test(test_restored),
        cmocka_unit_test(test_constants), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_several),   cmocka_unit_test(test_levels),
        cmocka_unit_test(test_arrays),    cmocka_unit_test(test_dtypes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
