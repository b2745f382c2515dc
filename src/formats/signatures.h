/* SPDX-License-Identifier: MIT */
/*
 * What a file is that is not a tensor quant reads: by its first bytes, or else by its extension.
 * Raw floats have no header, so without this table any file could be quantized as raw floats.
 *
 * To add a row: signatures.c has one table for content and one for extensions. Raw floats may begin
 * with any bytes, so a row for content fixes at least 32 bits; shorter magics need a check of what
 * follows them (signature_checks.c). Each row states nothing that the bytes do not prove.
 *
 * False positives: a row refuses uniformly random bytes with a probability of at most 2^-32. All
 * rows together stay below 2^-26 (1 file in 67 million); most magics are also implausible as
 * floats, being subnormal or beyond 1e20. 64 random bytes are all printable text with a probability
 * of (98/256)^64, less than 1e-26.
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

/* head holds the first nbytes of a file, 4096 of them or all there are. NULL: nothing known. */
const struct quant_signature *quant_signature_from_content(const unsigned char *head,
                                                           size_t nbytes);

/* extension has no dot; its case does not matter. NULL: nothing known. */
const struct quant_signature *quant_signature_from_extension(const char *extension);

/* At least 64 bytes, of which the first 512 are all text: ASCII without control characters other
 * than tab, newline, form feed and carriage return, or UTF-8 with such ASCII. */
bool quant_signature_is_text(const unsigned char *head, size_t nbytes);

extern const struct quant_signature quant_signature_text;

#endif
