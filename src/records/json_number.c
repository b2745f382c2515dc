/* SPDX-License-Identifier: MIT */
/*
 * The fast way to a number: the first 19 digits as an integer, eight at a time where eight
 * are in a row, and then the algorithm of Daniel Lemire, "Number Parsing at a Gigabyte per Second",
 * Software: Practice and Experience 51 (8), 2021. Names and section numbers below are that paper's.
 */
#include "records/json_number.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

#include "base/endian.h"
#include "base/powers_of_five.h"
#include "base/wide_product.h"

enum {
    SIGNIFICAND_DIGITS = 19,  /* all that surely fit 64 bits */
    INTEGER_DIGITS = 18,      /* all that surely fit 63 bits */
    EXPONENT_DIGITS = 6,      /* more than any double needs, fewer than overflow an int */
    EXACT_POWER = 22,         /* 10^22 is the last power of ten that a double holds exactly */
    FRACTION_BITS = 52,       /* of a double, without the leading one */
    EXPONENT_BIAS = 1023,     /* of a double */
    EXPONENT_INFINITE = 0x7ff /* biased */
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Whether eight bytes are eight digits: the high half of each is 3, and stays 3 when 6 is added. */
static inline bool are_eight_digits(uint64_t bytes)
{
    const uint64_t high_halves = 0xf0f0f0f0f0f0f0f0;
    return ((bytes & high_halves) | (((bytes + 0x0606060606060606) & high_halves) >> 4)) ==
           0x3333333333333333;
}

/*
 * The value of eight digits, the first one in the lowest byte. Neighbours are joined to pairs, then
 * one multiplication weighs and adds all four pairs in the upper half of its product:
 *
 *     bytes    h   g   f   e   d   c   b   a     a, the first digit, in byte 0
 *     pairs       gh      ef      cd      ab     ab in byte 0, cd in byte 2 ...
 *     result   ab * 10^6 + cd * 10^4 + ef * 10^2 + gh
 */
static inline uint64_t eight_digits(uint64_t bytes)
{
    const uint64_t pair_mask = 0x000000ff000000ff;
    const uint64_t weigh_first = 100 + ((uint64_t)1000000 << 32);
    const uint64_t weigh_second = 1 + ((uint64_t)10000 << 32);
    bytes -= 0x3030303030303030;
    const uint64_t pairs = bytes * 10 + (bytes >> 8);
    return ((pairs & pair_mask) * weigh_first + ((pairs >> 16) & pair_mask) * weigh_second) >> 32;
}

/* Goes on past all digits. The significand wraps around where they are too many. */
static inline const char *read_digits(const char *p, uint64_t *significand)
{
    uint64_t w = *significand;
    for (uint64_t bytes; bytes = quant_load_64(p, false), are_eight_digits(bytes); p += 8)
        w = w * 100000000 + eight_digits(bytes);
    for (; is_digit(*p); p++)
        w = w * 10 + (uint64_t)(*p - '0');
    *significand = w;
    return p;
}

static inline uint64_t double_bits(uint64_t biased_exponent, uint64_t fraction)
{
    return biased_exponent << FRACTION_BITS | fraction;
}

/* Shifts m, which holds one bit more than the significand of a double, into a subnormal. */
static uint64_t subnormal_bits(uint64_t m, int biased_exponent)
{
    const int shift = 1 - biased_exponent;
    if (shift >= 64)
        return 0;
    m >>= shift;
    /* Half way between two is impossible: it takes a power of ten near 1 (section 9.1). */
    m = (m + (m & 1)) >> 1;
    return m; /* rounded up to 2^52, these are the bits of the smallest normal number */
}

/*
 * The double nearest to w * 10^q as its bits without the sign: algorithm 1 of the paper. false
 * where the 128-bit product leaves open which one it is.
 */
static bool nearest_double(uint64_t w, int64_t q, uint64_t *bits)
{
    if (w == 0 || q < QUANT_POWER_OF_FIVE_MIN) {
        *bits = 0;
        return true;
    }
    if (q > QUANT_POWER_OF_FIVE_MAX) {
        *bits = double_bits(EXPONENT_INFINITE, 0);
        return true;
    }
    const int leading_zeros = __builtin_clzll(w);
    w <<= leading_zeros;
    const uint64_t *power = quant_powers_of_five[q - QUANT_POWER_OF_FIVE_MIN];
    const struct quant_wide_product product = quant_wide_product(w, power[0]);
    uint64_t high = product.high;
    uint64_t low = product.low;
    /* The bits below the significand and its rounding bit: all ones could still carry. */
    const uint64_t below = UINT64_MAX >> (FRACTION_BITS + 3);
    if ((high & below) == below) {
        const uint64_t carry = quant_wide_product(w, power[1]).high;
        low += carry;
        high += low < carry;
        /* Outside of [-27, 55] the power of five was cut off and a carry may be missing. */
        if (low == UINT64_MAX && (q < -27 || q > 55))
            return false;
    }
    const int upper = (int)(high >> 63);
    const int shift = upper + 64 - FRACTION_BITS - 3;
    uint64_t m = high >> shift;
    /* 217706 / 2^16 is log2(10), close enough for its floor over the whole table (section 5). */
    const int exponent = (int)((217706 * q) >> 16) + 63 + upper - leading_zeros + EXPONENT_BIAS;
    if (exponent <= 0) {
        *bits = subnormal_bits(m, exponent);
        return true;
    }
    /* Exactly half way, which takes an exact product: to even, by not rounding up (section 6). */
    if (low <= 1 && q >= -4 && q <= 23 && (m & 3) == 1 && m << shift == high)
        m &= ~(uint64_t)1;
    m = (m + (m & 1)) >> 1;
    /* The leading one of m, two where it was rounded up to 2^53, is added to the exponent. */
    *bits = exponent < EXPONENT_INFINITE ? double_bits((uint64_t)exponent - 1, 0) + m
                                         : double_bits(EXPONENT_INFINITE, 0);
    return true;
}

static bool to_double(uint64_t w, int64_t q, bool negative, double *value)
{
#if FLT_EVAL_METHOD == 0
    static const double exact_powers[EXACT_POWER + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    /* Two exact numbers and one operation: one rounding, the right one. */
    if (q >= -EXACT_POWER && q <= EXACT_POWER && w <= (uint64_t)1 << (FRACTION_BITS + 1)) {
        const double exact = (double)w;
        const double result = q < 0 ? exact / exact_powers[-q] : exact * exact_powers[q];
        *value = negative ? -result : result;
        return true;
    }
#endif
    uint64_t bits;
    if (!nearest_double(w, q, &bits))
        return false;
    bits |= (uint64_t)negative << 63;
    memcpy(value, &bits, sizeof bits);
    return true;
}

/* Where the digits of one number lie. */
struct extent {
    const char *first;
    const char *point;    /* NULL: none */
    const char *end;      /* of the digits */
    int written_exponent; /* after the e */
};

/* More than 19 digits: whether the first 19 that count and the same plus one, between which the
 * number lies, have the same nearest double. */
static bool long_to_double(const struct extent *number, bool negative, double *value)
{
    uint64_t w = 0;
    int ndigits = 0;
    const char *p = number->first;
    for (; p < number->end && ndigits < SIGNIFICAND_DIGITS; p++) {
        if (*p == '.')
            continue;
        w = w * 10 + (uint64_t)(*p - '0');
        ndigits += w != 0;
    }
    const char *point = number->point ? number->point : number->end;
    ptrdiff_t q = number->written_exponent;
    if (p <= point)
        q += point - p;
    else
        q -= p - point - 1;
    double above;
    if (!to_double(w, q, negative, value))
        return false;
    return p == number->end || (to_double(w + 1, q, negative, &above) && *value == above);
}

/* The exponent from the byte after the e on; NULL if it has no digit, or too many. */
static const char *read_exponent(const char *p, int *exponent)
{
    const bool negative = *p == '-';
    p += negative || *p == '+';
    const char *first = p;
    int value = 0;
    for (; is_digit(*p) && p - first < EXPONENT_DIGITS; p++)
        value = value * 10 + (*p - '0');
    *exponent = negative ? -value : value;
    return p == first || is_digit(*p) ? NULL : p;
}

const char *quant_json_fast_double(const char *text, double *value)
{
    const bool negative = *text == '-';
    struct extent number = {.first = text + negative};
    uint64_t w = (uint64_t)(*number.first - '0');
    if (!is_digit(*number.first))
        return NULL;
    const char *p = number.first + 1;
    if (w != 0)
        for (; is_digit(*p); p++) /* seldom more than a few */
            w = w * 10 + (uint64_t)(*p - '0');
    else if (is_digit(*p))
        return NULL;
    ptrdiff_t ndigits = p - number.first;
    ptrdiff_t q = 0;
    if (*p == '.') {
        number.point = p;
        p = read_digits(p + 1, &w);
        q = number.point + 1 - p;
        if (q == 0)
            return NULL;
        ndigits -= q;
    }
    number.end = p;
    if (*p == 'e' || *p == 'E') {
        p = read_exponent(p + 1, &number.written_exponent);
        if (!p)
            return NULL;
        q += number.written_exponent;
    }
    if (*p == '\0')
        return NULL;
    const bool decided = ndigits <= SIGNIFICAND_DIGITS ? to_double(w, q, negative, value)
                                                       : long_to_double(&number, negative, value);
    return decided ? p : NULL;
}

const char *quant_json_fast_integer(const char *text, int64_t *value)
{
    const bool negative = *text == '-';
    const char *first = text + negative;
    const char *p = first;
    int64_t n = 0;
    for (; is_digit(*p) && p - first < INTEGER_DIGITS; p++)
        n = n * 10 + (*p - '0');
    if (p == first || (*first == '0' && p - first > 1))
        return NULL;
    if (is_digit(*p) || *p == '.' || *p == 'e' || *p == 'E' || *p == '\0')
        return NULL;
    *value = negative ? -n : n;
    return p;
}
