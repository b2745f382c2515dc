/* SPDX-License-Identifier: MIT */
/*
 * Recognizes files that are not tensors, by their first bytes or else by their extension. Raw
 * floats have no header: without this table, any file could be quantized as raw floats.
 *
 * To add a row: signatures.c has one table for content and one for extensions. Raw floats may begin
 * with any bytes, so a row for content must fix at least 32 bits; a shorter magic needs a check of
 * the bytes after it (signature_checks.c). A row says nothing that the bytes do not prove.
 *
 * False positives: a row matches uniformly random bytes with a probability of at most 2^-32, all
 * rows together with less than 2^-26 (1 file in 67 million). Most magics are also implausible as
 * floats: subnormal or beyond 1e20. 64 random bytes are printable text with a probability of
 * (98/256)^64, less than 1e-26.
 */
#ifndef QUANT_FORMATS_SIGNATURES_H
#define QUANT_FORMATS_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>

/* For messages: "it is WHAT; ADVICE". */
struct quant_signature {
    const char *what;
    const char *advice;
};

/* head has the first nbytes of a file: 4096, or all if there are fewer. NULL: not recognized. */
const struct quant_signature *quant_signature_from_content(const unsigned char *head,
                                                           size_t nbytes);

/* extension has no dot; its case does not matter. NULL: not recognized. */
const struct quant_signature *quant_signature_from_extension(const char *extension);

/* Whether there are at least 64 bytes and the first 512 of them are text: ASCII without control
 * characters other than tab, newline, form feed and carriage return, or UTF-8 with such ASCII. */
bool quant_signature_is_text(const unsigned char *head, size_t nbytes);

extern const struct quant_signature quant_signature_text;

#endif
