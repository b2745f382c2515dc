/* SPDX-License-Identifier: MIT */
/*
 * From decimal digits to the nearest double.
 *
 * There is a fast way and an exact way. The fast one reads a number that is whole in memory. It
 * gives up, without an error, on anything unusual: bad syntax, the end of the memory, a value that
 * it cannot round for certain. The exact one takes those, digit by digit and of any length, and
 * needs no more memory for a million digits than for one.
 */
#ifndef QUANT_RECORDS_JSON_NUMBER_H
#define QUANT_RECORDS_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes after the end of the memory that the two fast functions may look at; they hold NUL. */
enum { QUANT_JSON_PADDING = 8 };

/*
 * The JSON number that begins at text, as the nearest double. The memory goes on to a NUL byte at
 * least, with QUANT_JSON_PADDING - 1 more after it. Returns the first byte after the number, or
 * NULL where it is left to the exact way: also where the number ends at a NUL, which may be the end
 * of the memory rather than that of the number. An infinite *value is beyond float64.
 */
const char *quant_json_fast_double(const char *text, double *value);

/* The same for a number that is written as an integer of at most 18 digits. */
const char *quant_json_fast_integer(const char *text, int64_t *value);

/* No double needs more to be rounded: the longest one that lies half way between two others has 767
 * significant digits, and of what follows only whether it is zero matters. */
enum { QUANT_JSON_DIGITS = 800 };

/* A decimal number in the making: digits * 10^exponent, cut after QUANT_JSON_DIGITS significant
 * digits. All zeros is the number 0. */
struct quant_json_decimal {
    bool negative;
    bool more; /* a digit that was cut off was not zero */
    int ndigits;
    int64_t exponent;         /* of the digits, from their number and the point's place alone */
    int64_t written_exponent; /* the digits after the e, saturated far beyond any double */
    bool written_negative;
    char digits[QUANT_JSON_DIGITS];
};

/* Appends a digit before or after the point, or to the exponent; digit is '0' to '9'. */
void quant_json_decimal_digit(struct quant_json_decimal *decimal, char digit, bool after_point);
void quant_json_decimal_exponent_digit(struct quant_json_decimal *decimal, char digit);

/* The nearest double, infinite beyond. */
double quant_json_decimal_double(const struct quant_json_decimal *decimal);

/* Whether it is an integer exactly; *value is that integer, or INT64_MIN or INT64_MAX where it has
 * more than 18 digits. */
bool quant_json_decimal_integer(const struct quant_json_decimal *decimal, int64_t *value);

#endif
