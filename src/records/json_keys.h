/* SPDX-License-Identifier: MIT */
/*
 * Where the values of the keys of a text are, for those who cut it into pieces: one pass that
 * checks no more than it has to.
 */
#ifndef QUANT_RECORDS_JSON_KEYS_H
#define QUANT_RECORDS_JSON_KEYS_H

#include "records/json_scan.h"

/* A key, and the offsets in the source where its value begins and ends. Duplicate keys come as
 * often as they occur. Returns whether the text is of the kind that is looked for. */
typedef bool quant_json_key_fn(void *context, const char *key, uint64_t begin, uint64_t end);

/* Passes over the text from its first byte to the end of its object. Unless a key has been found
 * to be one of the kind that is looked for, whatever is wrong with the text is not an error: it is
 * left to those who read it whole, and so is a text that is not an object. noun is what messages
 * call it: "sidecar". */
enum quant_status quant_json_keys_find(struct quant_json_scan *scan, const char *noun,
                                       quant_json_key_fn *found, void *context,
                                       struct quant_error *error);

/* The error of a text that ends inside an object. */
enum quant_status quant_json_keys_cut_short(const struct quant_json_scan *scan, const char *noun,
                                            struct quant_error *error);

#endif
