/* SPDX-License-Identifier: MIT */
/*
 * Whether a text in memory is JSON, to the letter of RFC 8259; other than there, strings have no
 * NUL, no halves of surrogate pairs, and levels are limited. It is for texts that cJSON parses,
 * which takes more than that. Nothing is decoded, and it takes much less time than the parsing.
 * (The functions of json_scan.h read a source block by block. What they pass over may have a NUL in
 * a string, \u0000, and more levels; else they refuse the same texts.)
 */
#ifndef QUANT_RECORDS_JSON_CHECK_H
#define QUANT_RECORDS_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Arrays and objects inside one another, at most. */
enum { QUANT_JSON_CHECK_DEPTH = 256 };

/* What is wrong, for a message. */
struct quant_json_fault {
    size_t at;        /* the first byte that is wrong */
    const char *what; /* "a number with a leading zero"; or, with is_expected, "',' or '}'" */
    bool is_expected;
};

/* Checks that nbytes at text are one JSON value with nothing but white space around it, in UTF-8. A
 * NUL follows that is not counted. *longest is set to the bytes of its longest number. */
bool quant_json_check(const char *text, size_t nbytes, size_t *longest,
                      struct quant_json_fault *fault);

/* Prints the fault: "a number with a leading zero", "unexpected 'nul'; expected a value". Quotes
 * are from text. */
enum { QUANT_JSON_FAULT_TEXT = 160 };
const char *quant_json_fault_print(const struct quant_json_fault *fault, const char *text,
                                   size_t nbytes, char printed[QUANT_JSON_FAULT_TEXT]);

#endif
