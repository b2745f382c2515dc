/* SPDX-License-Identifier: MIT */
/*
 * AVX2 for the smallest and the largest of an array of integers, at the speed of memory. AVX-512
 * uses these functions too: the loads are the limit.
 *
 * Signed integers are compared as unsigned ones, with the sign bit flipped, which keeps their
 * order: so int8, uint8 and both halves of the bytes of int4 and uint4 are one loop.
 */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <string.h>

#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"
#include "kernels/scalar.h"

/* Bytes per step: four vectors, in chains of their own. */
enum { CHAINS = 4, VECTOR = 32, STEP_BYTES = CHAINS * VECTOR };

/* How the bits of an element become a number: 16-bit or 8-bit elements, or two in each byte. */
enum form { WORDS, BYTES, NIBBLES };

struct ends {
    __m256i min;
    __m256i max;
};

AVX2 ALWAYS_INLINE struct ends include(struct ends ends, __m256i v, enum form form)
{
    if (form == WORDS)
        return (struct ends){_mm256_min_epu16(ends.min, v), _mm256_max_epu16(ends.max, v)};
    return (struct ends){_mm256_min_epu8(ends.min, v), _mm256_max_epu8(ends.max, v)};
}

AVX2 ALWAYS_INLINE struct ends include_vector(struct ends ends, const unsigned char *at,
                                              __m256i flip, enum form form)
{
    const __m256i low_half = _mm256_set1_epi8(15);
    __m256i v = _mm256_loadu_si256((const __m256i *)at);
    KEEP_IN_REGISTER(v);
    if (form != NIBBLES)
        return include(ends, _mm256_xor_si256(v, flip), form);
    const __m256i low = _mm256_and_si256(v, low_half);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), low_half);
    ends = include(ends, _mm256_xor_si256(low, flip), form);
    return include(ends, _mm256_xor_si256(high, flip), form);
}

/* middle is what flipping the sign bit adds to a number: 0 if it is not flipped. */
AVX2 static void store(struct ends found, enum form form, int32_t middle, int32_t ends[2])
{
    uint8_t bytes[2][VECTOR];
    uint16_t words[2][VECTOR / 2];
    _mm256_storeu_si256((__m256i *)bytes[0], found.min);
    _mm256_storeu_si256((__m256i *)bytes[1], found.max);
    memcpy(words, bytes, sizeof words);
    const size_t lanes = form == WORDS ? VECTOR / 2 : VECTOR;
    for (size_t i = 0; i < lanes; i++) {
        const int32_t min = (form == WORDS ? words[0][i] : bytes[0][i]) - middle;
        const int32_t max = (form == WORDS ? words[1][i] : bytes[1][i]) - middle;
        ends[0] = min < ends[0] ? min : ends[0];
        ends[1] = max > ends[1] ? max : ends[1];
    }
}

/* Returns how many bytes it has done, a multiple of STEP_BYTES. */
AVX2 ALWAYS_INLINE size_t range_of(const unsigned char *q, size_t nbytes, enum form form,
                                   int32_t middle, int32_t ends[2])
{
    const __m256i flip =
        form == WORDS ? _mm256_set1_epi16((short)middle) : _mm256_set1_epi8((char)middle);
    const struct ends nothing = {_mm256_set1_epi8(-1), _mm256_setzero_si256()};
    struct ends chains[CHAINS] = {nothing, nothing, nothing, nothing};
    size_t i = 0;
    for (; nbytes - i >= STEP_BYTES; i += STEP_BYTES)
        for (size_t k = 0; k < CHAINS; k++)
            chains[k] = include_vector(chains[k], q + i + VECTOR * k, flip, form);
    for (size_t k = 0; i > 0 && k < CHAINS; k++)
        store(chains[k], form, middle, ends);
    return i;
}

AVX2 void quant_avx2_integer_range_int8(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, n, BYTES, 128, ends);
    quant_scalar_integer_range_int8((const unsigned char *)q + done, n - done, ends);
}

AVX2 void quant_avx2_integer_range_uint8(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, n, BYTES, 0, ends);
    quant_scalar_integer_range_uint8((const unsigned char *)q + done, n - done, ends);
}

/* The last byte of an odd number of elements has one element: it is left to the scalar code. */
AVX2 void quant_avx2_integer_range_int4(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, n / 2, NIBBLES, 8, ends);
    quant_scalar_integer_range_int4((const unsigned char *)q + done, n - 2 * done, ends);
}

AVX2 void quant_avx2_integer_range_uint4(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, n / 2, NIBBLES, 0, ends);
    quant_scalar_integer_range_uint4((const unsigned char *)q + done, n - 2 * done, ends);
}

AVX2 void quant_avx2_integer_range_int16(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, 2 * n, WORDS, 32768, ends);
    quant_scalar_integer_range_int16((const unsigned char *)q + done, n - done / 2, ends);
}

AVX2 void quant_avx2_integer_range_uint16(const void *q, size_t n, int32_t ends[2])
{
    const size_t done = range_of(q, 2 * n, WORDS, 0, ends);
    quant_scalar_integer_range_uint16((const unsigned char *)q + done, n - done / 2, ends);
}

#endif
