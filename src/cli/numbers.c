/* SPDX-License-Identifier: MIT */
/* Strict readers of decimal text. LC_NUMERIC stays "C" in this program, so strtod wants a point. */
#include "cli/numbers.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t count_digits(const char *text)
{
    size_t n = 0;
    while (isdigit((unsigned char)text[n]))
        n++;
    return n;
}

static bool is_sign(char c)
{
    return c == '-' || c == '+';
}

/* The length of the decimal number at the start of text; 0 if there is not one. */
static size_t decimal_length(const char *text)
{
    const char *at = text + (is_sign(*text) ? 1 : 0);
    const size_t whole = count_digits(at);
    at += whole;
    size_t fraction = 0;
    if (*at == '.') {
        fraction = count_digits(at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0)
        return 0;
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (is_sign(at[1]) ? 1 : 0);
        if (count_digits(exponent) > 0)
            at = exponent + count_digits(exponent);
    }
    return (size_t)(at - text);
}

/* Reads the number at the start of text; *end points after it. */
static bool leading_double(const char *text, double *value, const char **end)
{
    const size_t length = decimal_length(text);
    if (length == 0)
        return false;
    *end = text + length;
    *value = strtod(text, NULL);
    return isfinite(*value);
}

bool number_double(const char *text, double *value)
{
    double found;
    const char *end;
    if (!leading_double(text, &found, &end) || *end != '\0')
        return false;
    *value = found;
    return true;
}

bool number_pair(const char *text, double *first, double *second)
{
    double found;
    const char *end;
    if (!leading_double(text, &found, &end) || *end != ',')
        return false;
    if (!number_double(end + 1, second))
        return false;
    *first = found;
    return true;
}

bool number_int32(const char *text, int32_t *value)
{
    const char *digits = text + (is_sign(*text) ? 1 : 0);
    const size_t ndigits = count_digits(digits);
    if (ndigits == 0 || digits[ndigits] != '\0')
        return false;
    const long long found = strtoll(text, NULL, 10); /* LLONG_MAX if it does not fit */
    if (found < INT32_MIN || found > INT32_MAX)
        return false;
    *value = (int32_t)found;
    return true;
}

/* Reads the count at the start of text; *end points after it. */
static bool leading_count(const char *text, uint64_t *value, const char **end)
{
    const size_t ndigits = count_digits(text);
    uint64_t found = 0;
    for (size_t i = 0; i < ndigits; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (found > (INT64_MAX - digit) / 10)
            return false;
        found = found * 10 + digit;
    }
    *value = found;
    *end = text + ndigits;
    return ndigits > 0;
}

bool number_count(const char *text, uint64_t *value)
{
    uint64_t found;
    const char *end;
    if (!leading_count(text + (*text == '+' ? 1 : 0), &found, &end) || *end != '\0')
        return false;
    *value = found;
    return true;
}

bool number_threads(const char *text, unsigned *threads)
{
    uint64_t found;
    if (!number_count(text, &found) || found > INT32_MAX)
        return false;
    *threads = found > 0 ? (unsigned)found : quant_processors();
    return true;
}

bool number_shape(const char *text, struct quant_shape *shape)
{
    struct quant_shape found = {.ndim = 0};
    uint64_t product = 1; /* of the dimensions that are not 0 */
    for (const char *end = text;; text = end + 1) {
        uint64_t dimension;
        if (found.ndim == QUANT_MAX_DIMS || !leading_count(text, &dimension, &end))
            return false;
        found.dims[found.ndim++] = dimension;
        if (dimension > 0 && product > INT64_MAX / dimension)
            return false;
        product *= dimension > 0 ? dimension : 1;
        if (*end == '\0')
            break;
        if (*end != ',')
            return false;
    }
    *shape = found;
    return true;
}
