/* SPDX-License-Identifier: MIT */
/* Passes over JSON values that are not needed, in bounded memory, and checks them as others are. */
#ifndef QUANT_RECORDS_JSON_SKIP_H
#define QUANT_RECORDS_JSON_SKIP_H

#include "records/json_scan.h"

/* Arrays and objects inside one another, at most. */
enum { QUANT_JSON_SKIP_DEPTH = 1024 };

/* Any value after any white space: RFC 8259, and with takes_words Python's words for numbers that
 * are not finite. Keys may repeat. Errors: QUANT_CORRUPT, QUANT_TRUNCATED, and QUANT_UNSUPPORTED
 * for more than QUANT_JSON_SKIP_DEPTH levels. */
enum quant_status quant_json_skip_value(struct quant_json_scan *scan, bool takes_words,
                                        struct quant_error *error);

#endif
