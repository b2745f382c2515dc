/* SPDX-License-Identifier: MIT */
/* Plain loops over the 32 elements of a block, without branches on their values, so that compilers
 * make vectors of them. */
#include "kernels/ggml_blocks.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/endian.h"
#include "base/float_bits.h"
#include "base/small_float.h"

enum { NELEMS = 32, HALF = NELEMS / 2 };

/* ---- float16 ---- */

/* Beyond the type it is an infinity; a NaN stays one, and -0 stays -0. */
static void put_half(unsigned char *bytes, float x)
{
    const struct quant_small_float *type = &quant_small_float16;
    uint32_t magnitude = isnan(x) ? type->nan : quant_small_float_round(type, x);
    magnitude = magnitude > type->max && !isnan(x) ? type->infinity : magnitude;
    quant_store_16_little(bytes, (uint16_t)(magnitude | (signbit(x) ? type->sign : 0U)));
}

static float get_half(const unsigned char *bytes)
{
    return quant_small_float_decode(&quant_small_float16, quant_load_16(bytes, false));
}

/* ---- Elements to integers ---- */

static float inverse(float d)
{
    return d != 0 ? 1 / d : 0;
}

/* Magnitudes are in the order of their bits, and compilers make vectors of integers' maxima. */
static float find_magnitude(const float *x)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < NELEMS; i++) {
        const uint32_t bits = quant_float_bits(x[i]) & 0x7FFFFFFF;
        largest = bits > largest ? bits : largest;
    }
    return quant_float_of_bits(largest);
}

/* The element of the largest magnitude, of several the first; 0 if all are zeros. */
static float find_extreme(const float *x)
{
    const uint32_t largest = quant_float_bits(find_magnitude(x));
    uint32_t first = NELEMS - 1;
    for (uint32_t i = 0; i < NELEMS; i++) {
        const uint32_t found = (quant_float_bits(x[i]) & 0x7FFFFFFF) == largest ? i : NELEMS - 1;
        first = found < first ? found : first;
    }
    return largest > 0 ? x[first] : 0;
}

static void find_ends(const float *x, float *min, float *max)
{
    *min = *max = x[0];
    for (size_t i = 1; i < NELEMS; i++) {
        *min = x[i] < *min ? x[i] : *min;
        *max = x[i] > *max ? x[i] : *max;
    }
}

/* The loops below compare bits, not floats: that makes no exception, so compilers may do it for
 * lanes whose result is thrown away. What is not finite or too large for an integer of any of these
 * types becomes 0: its conversion is undefined in C. */
enum { BITS_OF_256 = 0x43800000, BITS_OF_HALF = 0x3F000000 };

/* To integers from 0 to most. Negative numbers have the largest bits, and become 0 too. */
static void to_integers(const float *x, float minimum, float factor, float offset, int most,
                        unsigned char *q)
{
    int32_t integers[NELEMS];
    for (size_t i = 0; i < NELEMS; i++) {
        const uint32_t bits = quant_float_bits((x[i] - minimum) * factor + offset);
        const int32_t integer = (int32_t)quant_float_of_bits(bits < BITS_OF_256 ? bits : 0);
        integers[i] = integer < most ? integer : most;
    }
    for (size_t i = 0; i < NELEMS; i++)
        q[i] = (unsigned char)integers[i];
}

/* ---- Integers to bytes ---- */

static void put_nibbles(unsigned char *bytes, const unsigned char *q)
{
    for (size_t i = 0; i < HALF; i++)
        bytes[i] = (unsigned char)((q[i] & 0x0F) | q[i + HALF] << 4);
}

static void put_fifth_bits(unsigned char *bytes, const unsigned char *q)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < NELEMS; i++)
        bits |= (uint32_t)(q[i] >> 4) << i;
    quant_store_32_little(bytes, bits);
}

static void get_nibbles(const unsigned char *bytes, unsigned char *q)
{
    for (size_t i = 0; i < HALF; i++) {
        q[i] = bytes[i] & 0x0F;
        q[i + HALF] = bytes[i] >> 4;
    }
}

static void get_fifth_bits(const unsigned char *bytes, unsigned char *q)
{
    const uint32_t bits = quant_load_32(bytes, false);
    for (unsigned i = 0; i < NELEMS; i++)
        q[i] = (unsigned char)(q[i] | (bits >> i & 1) << 4);
}

/* ---- The types of four and five bits ---- */

/* Where things are in a block. */
struct place {
    bool has_minimum; /* after d */
    bool has_fifth;   /* after that */
};

static size_t nibbles_at(const struct place *place)
{
    return 2U + (place->has_minimum ? 2U : 0U) + (place->has_fifth ? 4U : 0U);
}

static void put_integers(unsigned char *block, const struct place *place, const unsigned char *q)
{
    if (place->has_fifth)
        put_fifth_bits(block + nibbles_at(place) - 4, q);
    put_nibbles(block + nibbles_at(place), q);
}

static void get_integers(const unsigned char *block, const struct place *place, unsigned char *q)
{
    get_nibbles(block + nibbles_at(place), q);
    if (place->has_fifth)
        get_fifth_bits(block + nibbles_at(place) - 4, q);
}

/* By the extreme, which becomes the integer 0. (x - 0 is x, but of -0.) */
static void encode_symmetric(const float *x, const struct place *place, unsigned char *block)
{
    unsigned char q[NELEMS];
    const int middle = place->has_fifth ? 16 : 8;
    const float d = find_extreme(x) / (float)-middle;
    to_integers(x, 0, inverse(d), (float)middle + 0.5F, 2 * middle - 1, q);
    put_integers(block, place, q);
    put_half(block, d);
}

static void encode_affine(const float *x, const struct place *place, unsigned char *block)
{
    unsigned char q[NELEMS];
    const int most = place->has_fifth ? 31 : 15;
    float min;
    float max;
    find_ends(x, &min, &max);
    const float d = (max - min) / (float)most;
    to_integers(x, min, inverse(d), 0.5F, most, q);
    put_integers(block, place, q);
    put_half(block, d);
    put_half(block + 2, min);
}

static void decode(const unsigned char *block, const struct place *place, float *x)
{
    unsigned char q[NELEMS];
    const float d = get_half(block);
    const float minimum = place->has_minimum ? get_half(block + 2) : 0;
    const int middle = place->has_minimum ? 0 : place->has_fifth ? 16 : 8;
    get_integers(block, place, q);
    for (size_t i = 0; i < NELEMS; i++)
        x[i] = (float)(q[i] - middle) * d;
    for (size_t i = 0; place->has_minimum && i < NELEMS; i++)
        x[i] += minimum;
}

static void mark(const unsigned char *block, const struct place *place, uint64_t *levels)
{
    unsigned char q[NELEMS];
    get_integers(block, place, q);
    for (size_t i = 0; i < NELEMS; i++)
        *levels |= UINT64_C(1) << q[i];
}

/* ---- q8_0 ---- */

/* Half away from zero: the fraction of a number below 256 is exact. */
static void to_signed(const float *x, float factor, unsigned char *q)
{
    int32_t integers[NELEMS];
    for (size_t i = 0; i < NELEMS; i++) {
        const uint32_t bits = quant_float_bits(x[i] * factor);
        const uint32_t magnitude = bits & 0x7FFFFFFF;
        const float y = quant_float_of_bits(magnitude < BITS_OF_256 ? magnitude : 0);
        const int32_t whole = (int32_t)y;
        /* The fraction is below 1: at least a half sets bit 30 of the sum. */
        const uint32_t half =
            (quant_float_bits(y - (float)whole) + (0x40000000U - BITS_OF_HALF)) >> 30;
        const int32_t rounded = whole + (int32_t)half;
        const int32_t sign = -(int32_t)(bits >> 31);
        integers[i] = (rounded ^ sign) - sign;
    }
    for (size_t i = 0; i < NELEMS; i++)
        q[i] = (unsigned char)integers[i];
}

static void q8_0_encode(const float *x, size_t nblocks, unsigned char *blocks)
{
    for (size_t i = 0; i < nblocks; i++, x += NELEMS, blocks += 34) {
        const float d = find_magnitude(x) / 127;
        to_signed(x, inverse(d), blocks + 2);
        put_half(blocks, d);
    }
}

static void q8_0_decode(const unsigned char *blocks, size_t nblocks, float *x)
{
    for (size_t i = 0; i < nblocks; i++, x += NELEMS, blocks += 34) {
        const float d = get_half(blocks);
        for (size_t k = 0; k < NELEMS; k++)
            x[k] = (float)(int8_t)blocks[2 + k] * d;
    }
}

static void q8_0_mark(const unsigned char *blocks, size_t nblocks, uint64_t *levels)
{
    for (size_t i = 0; i < nblocks; i++)
        for (size_t k = 0; k < NELEMS; k++) {
            const unsigned level = blocks[34 * i + 2 + k] ^ 0x80U;
            levels[level / 64] |= UINT64_C(1) << level % 64;
        }
}

const struct quant_block_type quant_ggml_q8_0 = {"q8_0",      NELEMS,      34,       256,
                                                 q8_0_encode, q8_0_decode, q8_0_mark};

/* ---- The four others, which differ in their places ---- */

#define TYPE(word, size, count, function, ...)                                                     \
    static const struct place word##_place = {__VA_ARGS__};                                        \
    static void word##_encode(const float *x, size_t nblocks, unsigned char *blocks)               \
    {                                                                                              \
        for (size_t i = 0; i < nblocks; i++)                                                       \
            function(x + NELEMS * i, &word##_place, blocks + (size_t)(size)*i);                    \
    }                                                                                              \
    static void word##_decode(const unsigned char *blocks, size_t nblocks, float *x)               \
    {                                                                                              \
        for (size_t i = 0; i < nblocks; i++)                                                       \
            decode(blocks + (size_t)(size)*i, &word##_place, x + NELEMS * i);                      \
    }                                                                                              \
    static void word##_mark(const unsigned char *blocks, size_t nblocks, uint64_t *levels)         \
    {                                                                                              \
        for (size_t i = 0; i < nblocks; i++)                                                       \
            mark(blocks + (size_t)(size)*i, &word##_place, levels);                                \
    }                                                                                              \
    const struct quant_block_type quant_ggml_##word = {                                            \
        #word, NELEMS, size, count, word##_encode, word##_decode, word##_mark};

TYPE(q4_0, 18, 16, encode_symmetric, .has_minimum = false, .has_fifth = false)
TYPE(q4_1, 20, 16, encode_affine, .has_minimum = true, .has_fifth = false)
TYPE(q5_0, 22, 32, encode_symmetric, .has_minimum = false, .has_fifth = true)
TYPE(q5_1, 24, 32, encode_affine, .has_minimum = true, .has_fifth = true)

const struct quant_block_type *quant_ggml_block(enum quant_dtype dtype)
{
    switch (dtype) {
    case QUANT_Q8_0:
        return &quant_ggml_q8_0;
    case QUANT_Q4_0:
        return &quant_ggml_q4_0;
    case QUANT_Q4_1:
        return &quant_ggml_q4_1;
    case QUANT_Q5_0:
        return &quant_ggml_q5_0;
    case QUANT_Q5_1:
        return &quant_ggml_q5_1;
    default:
        return NULL;
    }
}

/* ---- Arrays ---- */

void quant_ggml_quantize(const struct quant_block_type *type, const float *x, size_t n, void *q)
{
    const size_t nwhole = n / NELEMS;
    type->encode(x, nwhole, q);
    if (n % NELEMS == 0)
        return;
    float last[NELEMS] = {0};
    memcpy(last, x + NELEMS * nwhole, n % NELEMS * sizeof *x);
    type->encode(last, 1, (unsigned char *)q + type->nbytes * nwhole);
}

void quant_ggml_dequantize(const struct quant_block_type *type, const void *q, size_t n, float *x)
{
    const size_t nwhole = n / NELEMS;
    type->decode(q, nwhole, x);
    if (n % NELEMS == 0)
        return;
    float last[NELEMS];
    type->decode((const unsigned char *)q + type->nbytes * nwhole, 1, last);
    memcpy(x + NELEMS * nwhole, last, n % NELEMS * sizeof *x);
}

static bool is_infinite(const unsigned char *half)
{
    return (quant_load_16(half, false) & 0x7C00) == 0x7C00;
}

size_t quant_ggml_find_infinite(const struct quant_block_type *type, const void *q, size_t nblocks)
{
    const unsigned char *blocks = q;
    const bool has_minimum = type == &quant_ggml_q4_1 || type == &quant_ggml_q5_1;
    for (size_t i = 0; i < nblocks; i++, blocks += type->nbytes)
        if (is_infinite(blocks) || (has_minimum && is_infinite(blocks + 2)))
            return i;
    return nblocks;
}
