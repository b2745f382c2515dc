/* SPDX-License-Identifier: MIT */
/* Strings of a JSON text in full, decoded to UTF-8. (quant_json_scan_string keeps only what a
 * message needs.) */
#ifndef QUANT_RECORDS_JSON_TEXT_H
#define QUANT_RECORDS_JSON_TEXT_H

#include <stddef.h>

#include "records/json_scan.h"

/* All zeros is an empty one. It grows to the longest string that it has held, so a long one is only
 * paid for by a source that has it. */
struct quant_json_text {
    char *bytes; /* owned; length of them, then a NUL. NULL before the first string */
    size_t length;
    size_t room;
};

/* Reads a string after any white space, without its quotes, into *text. noun is what messages call
 * it: "key". Errors: QUANT_CORRUPT for what is not a JSON string in UTF-8, and for half of a
 * surrogate pair; QUANT_UNSUPPORTED for U+0000, which a C string cannot hold; QUANT_TRUNCATED;
 * QUANT_NO_MEMORY. */
enum quant_status quant_json_scan_text(struct quant_json_scan *scan, const char *noun,
                                       struct quant_json_text *text, struct quant_error *error);

/* Frees the bytes; *text is all zeros again. */
void quant_json_text_release(struct quant_json_text *text);

#endif
