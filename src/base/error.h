/* SPDX-License-Identifier: MIT */
/* Functions that fill in the caller's struct quant_error. */
#ifndef QUANT_BASE_ERROR_H
#define QUANT_BASE_ERROR_H

#include <quant/quant.h>

/* Writes the text, truncated to fit, unless error is NULL. Returns status: a function that fails
 * can end in `return quant_error_set(...)`. Does not change errno. */
enum quant_status quant_error_set(struct quant_error *error, enum quant_status status,
                                  const char *format, ...) QUANT_PRINTF(3, 4);

/* The same, followed by ": " and the system's text for an errno number. The status is
 * QUANT_NO_MEMORY for ENOMEM, else QUANT_IO. */
enum quant_status quant_error_system(struct quant_error *error, int number, const char *format, ...)
    QUANT_PRINTF(3, 4);

/* Puts "PREFIX 'NAME': " before the text. */
void quant_error_prefix(struct quant_error *error, const char *prefix, const char *name);

/* Appends text. */
void quant_error_append(struct quant_error *error, const char *text);

/* "no memory for N bytes of WHAT" */
enum quant_status quant_error_no_memory(struct quant_error *error, size_t nbytes, const char *what);

/* Whether a status is about the work and not about a file: nothing else is to be begun. */
static inline bool quant_is_fatal(enum quant_status status)
{
    return status == QUANT_CANCELLED || status == QUANT_NO_MEMORY;
}

/* For a look at a file that may be anything: what is wrong with the file is no error. */
static inline enum quant_status quant_fatal_only(enum quant_status status)
{
    return quant_is_fatal(status) ? status : QUANT_OK;
}

#endif
