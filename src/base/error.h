/* SPDX-License-Identifier: MIT */
/* Filling in the caller's struct quant_error. */
#ifndef QUANT_BASE_ERROR_H
#define QUANT_BASE_ERROR_H

#include <quant/quant.h>

/* Writes the text, cut to its room, where error is not NULL; returns status, so that a failing
 * function ends in `return quant_error_set(...)`. Leaves errno as it was. */
enum quant_status quant_error_set(struct quant_error *error, enum quant_status status,
                                  const char *format, ...) QUANT_PRINTF(3, 4);

/* The same with ": " and the words for the system's error number behind it: QUANT_IO, or
 * QUANT_NO_MEMORY where that is what it says. */
enum quant_status quant_error_system(struct quant_error *error, int number, const char *format, ...)
    QUANT_PRINTF(3, 4);

/* Puts "`prefix` 'name': " before the text that is there. */
void quant_error_prefix(struct quant_error *error, const char *prefix, const char *name);

/* Adds text at the end. */
void quant_error_append(struct quant_error *error, const char *text);

/* "no memory for N bytes of WHAT" */
enum quant_status quant_error_no_memory(struct quant_error *error, size_t nbytes, const char *what);

#endif
