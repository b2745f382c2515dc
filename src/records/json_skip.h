/* SPDX-License-Identifier: MIT */
/* Passes over JSON values that nobody asked for, in bounded memory and as strictly as the others.
 */
#ifndef QUANT_RECORDS_JSON_SKIP_H
#define QUANT_RECORDS_JSON_SKIP_H

#include "records/json_scan.h"

/* Arrays and objects inside one another, at most. */
enum { QUANT_JSON_SKIP_DEPTH = 1024 };

/* Any value after any white space: RFC 8259, and Python's words for numbers that are not finite.
 * Keys may repeat. Errors: QUANT_CORRUPT, QUANT_TRUNCATED, and QUANT_UNSUPPORTED for more than
 * QUANT_JSON_SKIP_DEPTH levels. */
enum quant_status quant_json_skip_value(struct quant_json_scan *scan, struct quant_error *error);

#endif
