/* SPDX-License-Identifier: MIT */
/* Strings of a JSON text in full, decoded to UTF-8, where quant_json_scan_string keeps only what a
 * message needs. */
#ifndef QUANT_RECORDS_JSON_TEXT_H
#define QUANT_RECORDS_JSON_TEXT_H

#include <stddef.h>

#include "records/json_scan.h"

/* All zeros is an empty one; it grows to the longest string that it has held. */
struct quant_json_text {
    char *bytes; /* owned; length of them and a NUL */
    size_t length;
    size_t room;
};

/* Reads a string after any white space, without its quotes, into *text. noun is what messages call
 * it: "key". Errors: QUANT_CORRUPT for text that is not a JSON string in UTF-8, for half of a
 * surrogate pair and for U+0000, which names do not have; QUANT_UNSUPPORTED if it is longer than
 * most bytes; QUANT_NO_MEMORY. */
enum quant_status quant_json_scan_text(struct quant_json_scan *scan, const char *noun, size_t most,
                                       struct quant_json_text *text, struct quant_error *error);

void quant_json_text_release(struct quant_json_text *text);

#endif
