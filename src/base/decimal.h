/* SPDX-License-Identifier: MIT */
/*
 * Numbers as decimal text, the same in every locale. printf and strtod use the decimal point of the
 * thread's locale; JSON always uses ".".
 */
#ifndef QUANT_BASE_DECIMAL_H
#define QUANT_BASE_DECIMAL_H

#include <stddef.h>

enum { QUANT_DECIMAL_TEXT = 32 };

/* Nine significant digits, trailing zeros kept ("0.0721176490", "3.00000000", "100000000"): enough
 * to read back every float32 to the same bits. value is finite. Returns the length. */
size_t quant_decimal_nine(double value, char text[QUANT_DECIMAL_TEXT]);

/* The same without trailing zeros ("3", "0.072117649"): for elements, where space counts. */
size_t quant_decimal_short(double value, char text[QUANT_DECIMAL_TEXT]);

/* The double nearest to text, which is a JSON number of any length; HUGE_VAL on overflow. */
double quant_decimal_parse(const char *text);

/* Between these two calls the thread's locale is "C", for libraries that format numbers. */
void *quant_locale_enter(void);
void quant_locale_leave(void *token);

#endif
