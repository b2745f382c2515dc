/* SPDX-License-Identifier: MIT */
/* The exact way to a number: slow, and never in doubt. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "records/json_number.h"

enum {
    /* Beyond this power of ten every double is infinite or 0, with 800 digits before it too. */
    FAR_EXPONENT = 5000,
    INTEGER_DIGITS = 18
};

/* Room for all digits that a file can bring to make up for it, and to spare in 64 bits. */
static const int64_t saturated = INT64_MAX / 4;

void quant_json_decimal_digit(struct quant_json_decimal *decimal, char digit, bool after_point)
{
    if (decimal->ndigits == 0 && digit == '0') {
        decimal->exponent -= after_point;
    } else if (decimal->ndigits < QUANT_JSON_DIGITS) {
        decimal->digits[decimal->ndigits++] = digit;
        decimal->exponent -= after_point;
    } else {
        decimal->more |= digit != '0';
        decimal->exponent += !after_point;
    }
}

void quant_json_decimal_exponent_digit(struct quant_json_decimal *decimal, char digit)
{
    if (decimal->written_exponent < saturated / 10)
        decimal->written_exponent = decimal->written_exponent * 10 + (digit - '0');
    else
        decimal->written_exponent = saturated;
}

static int64_t whole_exponent(const struct quant_json_decimal *decimal)
{
    return decimal->exponent +
           (decimal->written_negative ? -decimal->written_exponent : decimal->written_exponent);
}

double quant_json_decimal_double(const struct quant_json_decimal *decimal)
{
    int64_t exponent = whole_exponent(decimal);
    if (decimal->ndigits == 0)
        exponent = 0;
    else if (exponent < -FAR_EXPONENT)
        exponent = -FAR_EXPONENT;
    else if (exponent > FAR_EXPONENT)
        exponent = FAR_EXPONENT;

    char text[QUANT_JSON_DIGITS + 16];
    char *p = text;
    if (decimal->negative)
        *p++ = '-';
    memcpy(p, decimal->digits, (size_t)decimal->ndigits);
    p += decimal->ndigits;
    if (decimal->ndigits == 0)
        *p++ = '0';
    if (decimal->more) { /* the rest is not zero: any digit at its place says so */
        *p++ = '1';
        exponent--;
    }
    snprintf(p, (size_t)(text + sizeof text - p), "e%d", (int)exponent);
    return quant_decimal_parse(text);
}

bool quant_json_decimal_integer(const struct quant_json_decimal *decimal, int64_t *value)
{
    int ndigits = decimal->ndigits;
    int64_t exponent = whole_exponent(decimal);
    *value = 0;
    if (ndigits == 0)
        return true;
    const int64_t point = exponent + ndigits;     /* digits before it; none is a needless zero */
    while (decimal->digits[ndigits - 1] == '0') { /* the first one is not */
        ndigits--;
        exponent++;
    }
    if (exponent < 0 || (decimal->more && point <= QUANT_JSON_DIGITS))
        return false;
    if (point > INTEGER_DIGITS) {
        *value = decimal->negative ? INT64_MIN : INT64_MAX;
        return true;
    }
    for (int i = 0; i < point; i++)
        *value = *value * 10 + (i < ndigits ? decimal->digits[i] - '0' : 0);
    if (decimal->negative)
        *value = -*value;
    return true;
}
