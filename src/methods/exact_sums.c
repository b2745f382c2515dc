/* SPDX-License-Identifier: MIT */
/*
 * An element is m * 2^(e - 150), where m is an integer of at most 24 bits and e the exponent field,
 * or 1 for subnormal numbers. In a block, m and m^2 of the elements with the same exponent are
 * added up in 64 bits, which is two additions for each element. Then the sum of each exponent is
 * added to the digits at its place.
 */
#include "methods/exact_sums.h"

#include <math.h>
#include <string.h>

#include "base/float_bits.h"

enum {
    DIGIT_BITS = 16,
    DIGIT = 1 << DIGIT_BITS,
    KEYS = 1 << 9, /* sign and exponent field */
    SIGN = 1 << 8,
    NONFINITE = SIGN - 1, /* an exponent field */
    TABLES = 2,           /* neighbors often share an exponent: no waiting for each other */
    SMALL = 48,           /* with fewer elements the tables cost more than they save */
    WIDE = 52,            /* digits of n Q and S^2 */
    WIDE_ELEMENTS = WIDE / 2,
    ELEMENTS_EXPONENT = -149,
    SQUARES_EXPONENT = -298
};

struct magnitudes {
    uint64_t sum;     /* of m */
    uint64_t squares; /* of m^2: 2^12 elements fill 60 bits */
};

static uint32_t significand_of(uint32_t bits)
{
    const uint32_t is_normal = (bits >> 23 & NONFINITE) > 0;
    return (bits & 0x7FFFFF) | is_normal << 23;
}

/* The number of digits up to the last that is not 0. It is small unless magnitudes differ a lot. */
static size_t length(const int64_t *digits, size_t n)
{
    while (n > 0 && digits[n - 1] == 0)
        n--;
    return n;
}

/* Carries what is too large for a digit to the next one. Digits are rounded towards 0, so a small
 * number of either sign has few digits. */
static void carry(int64_t *digits, size_t n)
{
    const size_t end = length(digits, n);
    for (size_t i = 0; i + 1 < n && (i < end || digits[i] != 0); i++) {
        if (digits[i] == 0)
            continue;
        digits[i + 1] += digits[i] / DIGIT;
        digits[i] %= DIGIT;
    }
}

/* Adds the sums of one sign and exponent. */
static void add_key(struct quant_exact_sums *sums, uint32_t key, const struct magnitudes *of)
{
    const uint32_t exponent = key & NONFINITE;
    const uint32_t shift = exponent - (exponent > 0);
    const int64_t value = (int64_t)(of->sum << shift % DIGIT_BITS);
    sums->elements[shift / DIGIT_BITS] += key & SIGN ? -value : value;
    int64_t *squares = sums->squares + 2 * shift / DIGIT_BITS;
    squares[0] += (int64_t)((of->squares & UINT32_MAX) << 2 * shift % DIGIT_BITS);
    squares[2] += (int64_t)((of->squares >> 32) << 2 * shift % DIGIT_BITS);
}

static void add_small(struct quant_exact_sums *sums, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = quant_float_bits(x[i]);
        const uint64_t m = significand_of(bits);
        if ((bits >> 23 & NONFINITE) != NONFINITE)
            add_key(sums, bits >> 23, &(struct magnitudes){m, m * m});
    }
}

static void count(struct magnitudes *of, uint32_t bits)
{
    const uint64_t m = significand_of(bits);
    of[bits >> 23].sum += m;
    of[bits >> 23].squares += m * m;
}

static void add_large(struct quant_exact_sums *sums, const float *x, size_t n)
{
    struct magnitudes tables[TABLES][KEYS];
    memset(tables, 0, sizeof tables);
    for (size_t i = 0; i + 1 < n; i += TABLES) {
        count(tables[0], quant_float_bits(x[i]));
        count(tables[1], quant_float_bits(x[i + 1]));
    }
    if (n % TABLES > 0)
        count(tables[0], quant_float_bits(x[n - 1]));
    for (uint32_t key = 0; key < KEYS; key++) {
        const struct magnitudes of = {tables[0][key].sum + tables[1][key].sum,
                                      tables[0][key].squares + tables[1][key].squares};
        if (of.sum > 0 && (key & NONFINITE) != NONFINITE)
            add_key(sums, key, &of);
    }
}

void quant_exact_sums_add(struct quant_exact_sums *sums, const float *x, size_t n)
{
    if (n < SMALL)
        add_small(sums, x, n);
    else
        add_large(sums, x, n);
    carry(sums->elements, QUANT_EXACT_ELEMENTS);
    carry(sums->squares, QUANT_EXACT_SQUARES);
}

/* ---- The end ---- */

/* The digits first to end - 1 are not all 0; the others are. */
struct span {
    size_t first;
    size_t end;
};

static struct span span_of(const int64_t *digits, size_t n)
{
    struct span span = {0, length(digits, n)};
    while (span.first < span.end && digits[span.first] == 0)
        span.first++;
    return span;
}

/* product += sign * a * b. The digits of a and b are less than 2^16. */
static void add_product(int64_t product[WIDE], int64_t sign, const int64_t *a, size_t na,
                        const int64_t *b, size_t nb)
{
    const struct span of_a = span_of(a, na);
    const struct span of_b = span_of(b, nb);
    for (size_t i = of_a.first; i < of_a.end; i++)
        for (size_t k = of_b.first; k < of_b.end; k++)
            product[i + k] += sign * a[i] * b[k];
}

/* Makes all digits 0 or more. Returns whether the number was negative; its sign is changed then. */
static bool make_positive(int64_t *digits, size_t n)
{
    carry(digits, n);
    const size_t end = length(digits, n);
    const bool is_negative = end > 0 && digits[end - 1] < 0;
    for (size_t i = 0; i < end && is_negative; i++)
        digits[i] = -digits[i];
    for (size_t i = 0; i + 1 < end; i++)
        if (digits[i] < 0) {
            digits[i] += DIGIT;
            digits[i + 1]--;
        }
    return is_negative;
}

/* Takes the first 64 bits, from the first one that is set, and sets the last of them if any bit
 * after them is set: converted to double, this rounds as the whole number does. */
static double round_positive(const int64_t *digits, size_t n, int exponent)
{
    const size_t end = length(digits, n);
    if (end == 0)
        return 0;
    uint64_t head = 0;
    int shift = 0;
    for (size_t i = 1; i <= 4; i++)
        head = head << DIGIT_BITS | (i <= end ? (uint64_t)digits[end - i] : 0);
    for (; head >> 63 == 0; shift++)
        head <<= 1;
    const uint64_t next = (end > 4 ? (uint64_t)digits[end - 5] : 0) << shift;
    head |= next >> DIGIT_BITS;
    bool is_more = next % DIGIT > 0;
    for (size_t i = 0; i + 5 < end; i++)
        is_more |= digits[i] > 0;
    return ldexp((double)(head | is_more), exponent + DIGIT_BITS * ((int)end - 4) - shift);
}

bool quant_exact_sums_moments(const struct quant_exact_sums *sums, uint64_t n, double *mean,
                              double *deviation)
{
    int64_t elements[WIDE_ELEMENTS] = {0};
    int64_t squares[WIDE] = {0};
    int64_t variance[WIDE] = {0};
    int64_t count_digits[4];
    memcpy(elements, sums->elements, sizeof sums->elements);
    memcpy(squares, sums->squares, sizeof sums->squares);
    carry(elements, WIDE_ELEMENTS);
    carry(squares, WIDE);
    for (int i = 0; i < 4; i++)
        count_digits[i] = (int64_t)(n >> DIGIT_BITS * i & (DIGIT - 1));
    add_product(variance, 1, squares, QUANT_EXACT_SQUARES + 4, count_digits, 4);
    add_product(variance, -1, elements, WIDE_ELEMENTS, elements, WIDE_ELEMENTS);
    if (make_positive(variance, WIDE))
        return false;
    const double sign = make_positive(elements, WIDE_ELEMENTS) ? -1 : 1;
    *mean = sign * round_positive(elements, WIDE_ELEMENTS, ELEMENTS_EXPONENT) / (double)n;
    *deviation = sqrt(round_positive(variance, WIDE, SQUARES_EXPONENT)) / (double)n;
    return true;
}
