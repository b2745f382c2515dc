/* SPDX-License-Identifier: MIT */
/*
 * Formatting does not depend on the locale: digits come from integer arithmetic, or are picked out
 * of the text that printf wrote, and the layout is done here. Parsing cannot avoid the locale, so
 * it switches to the "C" locale.
 */
#include "base/decimal.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/powers_of_five.h"
#include "base/wide_product.h"

enum { DIGITS = 9, MIN_FIXED_EXPONENT = -4 };

static const uint32_t digits_end = 1000000000; /* 10^DIGITS */

/* d.dddddddd * 10^exponent: the first digit is before the decimal point. */
struct digits {
    uint32_t number; /* the digits as one integer; the first is not 0, unless the value is 0 */
    int exponent;
};

/*
 * The nearest integer to m * 2^e * 10^k, for m >= 2^63. m is multiplied by the first 64 bits of the
 * power of five. In the upper half of the product, the first 30 to 34 bits are the integer and the
 * other s bits are the fraction:
 *
 *     m * 10^k * 2^e = m * 5^k * 2^(k + e) = upper half * 2^-s,  s = -(e + 1 + floor(log2(10^k)))
 *
 * The power is truncated after its last bit, so the upper half is too small by less than 1. Returns
 * false if this leaves the rounding undecided: close to half way.
 */
static bool scale(uint64_t m, int e, int k, uint64_t *integer)
{
    const uint64_t power = quant_powers_of_five[k - QUANT_POWER_OF_FIVE_MIN][0];
    const uint64_t upper = quant_wide_product(m, power).high;
    const int s = -(e + 1 + ((217706 * k) >> 16)); /* 217706 / 2^16 is log2(10) */
    const uint64_t half = (uint64_t)1 << (s - 1);
    const uint64_t fraction = upper & (2 * half - 1);
    *integer = (upper >> s) + (fraction >= half);
    return fraction + 1 < half || fraction > half;
}

/* Nine digits, ten times as fast as printf. Returns false if the last digit is undecided. */
static bool fast_digits(double value, struct digits *result)
{
    enum { MIN_EXPONENT = -290, MAX_EXPONENT = 300 }; /* within the table, no subnormals */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t m = (uint64_t)1 << 63 | bits << 11;
    const int e = (int)(bits >> 52 & 0x7ff) - 1023 - 63; /* |value| is m * 2^e */
    int exponent = ((e + 63) * 78913) >> 18;             /* 78913 / 2^18 is log10(2) */
    if (exponent < MIN_EXPONENT || exponent > MAX_EXPONENT)
        return false;
    /* This is floor(log10(2^n)) for the power of two below value: correct or too small by 1. */
    uint64_t number;
    bool decided = scale(m, e, DIGITS - 1 - exponent, &number);
    if (number >= digits_end) {
        exponent++;
        decided = scale(m, e, DIGITS - 1 - exponent, &number);
    }
    if (number >= digits_end) { /* 999999999.5 and more */
        exponent++;
        number = digits_end / 10;
    }
    result->number = (uint32_t)number;
    result->exponent = exponent;
    return decided;
}

/* printf rounds exactly: to nearest, ties to even. */
static void exact_digits(double value, struct digits *result)
{
    char text[QUANT_DECIMAL_TEXT];
    snprintf(text, sizeof text, "%.*e", DIGITS - 1, fabs(value));
    const char *p = text;
    result->number = 0;
    for (; *p != 'e' && *p != '\0'; p++)
        if (*p >= '0' && *p <= '9')
            result->number = result->number * 10 + (uint32_t)(*p - '0');
    result->exponent = *p == 'e' ? (int)strtol(p + 1, NULL, 10) : 0;
}

static char *put_exponent(char *p, int exponent)
{
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    exponent = abs(exponent);
    if (exponent >= 100)
        *p++ = (char)('0' + exponent / 100);
    *p++ = (char)('0' + exponent / 10 % 10);
    *p++ = (char)('0' + exponent % 10);
    return p;
}

/* The layout of printf's %g: fixed from 10^-4 to below 10^9, else with an exponent of two or three
 * digits. A decimal point is always followed by a digit. */
static size_t lay_out(double value, bool trailing_zeros, char text[QUANT_DECIMAL_TEXT])
{
    struct digits digits;
    if (!fast_digits(value, &digits))
        exact_digits(value, &digits);

    char digit[DIGITS];
    for (int i = DIGITS; i-- > 0; digits.number /= 10)
        digit[i] = (char)('0' + digits.number % 10);
    int ndigits = DIGITS;
    while (!trailing_zeros && ndigits > 1 && digit[ndigits - 1] == '0')
        ndigits--;

    char *p = text;
    if (signbit(value))
        *p++ = '-';
    const bool fixed = digits.exponent >= MIN_FIXED_EXPONENT && digits.exponent < DIGITS;
    const int point = fixed ? digits.exponent + 1 : 1; /* digits before it */
    if (point <= 0) {
        memcpy(p, "0.0000", 6);
        p += 2 - point;
    }
    for (int i = 0; i < ndigits || i < point; i++) {
        if (i == point && i > 0)
            *p++ = '.';
        *p++ = i < ndigits ? digit[i] : '0';
    }
    if (!fixed)
        p = put_exponent(p, digits.exponent);
    *p = '\0';
    return (size_t)(p - text);
}

size_t quant_decimal_nine(double value, char text[QUANT_DECIMAL_TEXT])
{
    return lay_out(value, true, text);
}

size_t quant_decimal_short(double value, char text[QUANT_DECIMAL_TEXT])
{
    return lay_out(value, false, text);
}

double quant_decimal_parse(const char *text)
{
    void *token = quant_locale_enter();
    const double value = strtod(text, NULL);
    quant_locale_leave(token);
    return value;
}

/* The token is the previous locale. glibc and musl return "C" without allocating. If newlocale
 * fails nevertheless, neither of these functions changes anything. */
void *quant_locale_enter(void)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return (void *)uselocale(c);
}

void quant_locale_leave(void *token)
{
    const locale_t before = (locale_t)token;
    const locale_t c = uselocale(before);
    if (c != before && c != LC_GLOBAL_LOCALE)
        freelocale(c);
}
