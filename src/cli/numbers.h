/* SPDX-License-Identifier: MIT */
/*
 * Numbers on the command line. The whole text must be one decimal number. Other text that strtod
 * takes ("inf", "nan", hexadecimal, leading spaces) is refused: in a script it is an accident. All
 * functions return false and leave the result unchanged if the text is something else.
 */
#ifndef QUANT_CLI_NUMBERS_H
#define QUANT_CLI_NUMBERS_H

#include <quant/file.h>
#include <stdbool.h>
#include <stdint.h>

/* A decimal such as -5, 0.25, .5 or 1e-9 whose double is finite. */
bool number_double(const char *text, double *value);

/* An integer with or without a sign. */
bool number_int32(const char *text, int32_t *value);

/* An integer of up to 63 bits that is not negative. */
bool number_count(const char *text, uint64_t *value);

/* A number of threads; 0 becomes the number of processors. */
bool number_threads(const char *text, unsigned *threads);
#define NUMBER_THREADS_EXPECTED "a number from 0 (all processors) to 2147483647"

/* "LO,HI": two decimals, in any order. */
bool number_pair(const char *text, double *first, double *second);

/* "768,3072": one to QUANT_MAX_DIMS dimensions whose product fits 63 bits. */
bool number_shape(const char *text, struct quant_shape *shape);

#endif
