/* SPDX-License-Identifier: MIT */
/*
 * JSON that this program writes for itself: sidecars and calibration files. Both are small objects
 * beside the data, built and parsed by cJSON.
 */
#ifndef QUANT_RECORDS_DOCUMENT_H
#define QUANT_RECORDS_DOCUMENT_H

#include <cjson/cJSON.h>

#include "base/sink.h"
#include "records/field.h"
#include "records/json_check.h"

/* The text of fields->source, at most limit bytes, as one JSON value with nothing but white space
 * around it; the caller deletes it. NULL after an error, which duplicate keys are too. noun is what
 * messages call it: "sidecar". */
cJSON *quant_document_read(struct quant_fields *fields, const char *noun, size_t limit);

/* The same of length bytes in memory, which end with a NUL that is not counted, but duplicate keys
 * are not looked for. The text is checked before cJSON sees it. Long numbers in it are shortened,
 * without a change of their values. NULL without an error in fields: *fault says what is wrong. */
cJSON *quant_document_parse(struct quant_fields *fields, const char *noun, char *text,
                            size_t length, struct quant_json_fault *fault);

/* Sets the error for the fault of this text: "not JSON at byte 12: ...". offset is that of its byte
 * in the source. */
void quant_document_refuse(struct quant_fields *fields, const struct quant_json_fault *fault,
                           const char *text, size_t length, uint64_t offset);

/* Adds the keys; *ok becomes false where memory is out. */
typedef void quant_document_fill(cJSON *root, const void *content, bool *ok);

/* Writes an object, indented by two spaces, the same in any locale. */
enum quant_status quant_document_write(quant_document_fill *fill, const void *content,
                                       const char *noun, struct quant_sink *sink,
                                       struct quant_error *error);

/* The same of an object that has a key, without its end: the caller writes more keys, each after a
 * comma, and the closing brace. */
enum quant_status quant_document_begin(quant_document_fill *fill, const void *content,
                                       const char *noun, struct quant_sink *sink,
                                       struct quant_error *error);

/* ---- For fill. NULL stands for no memory, and is fine as an item ---- */

/* Takes item, also where it fails. */
void quant_document_add(cJSON *object, const char *key, cJSON *item, bool *ok);
bool quant_document_append(cJSON *array, cJSON *item);

cJSON *quant_document_float(double value);      /* nine digits */
cJSON *quant_document_double(double value);     /* as many as read back to the same bits */
cJSON *quant_document_integer(uint64_t value);  /* exact */
cJSON *quant_document_string(const char *text); /* null for NULL */
cJSON *quant_document_checksum(uint64_t value); /* 16 hexadecimal digits */

/* Two ends of a range, as floats where they are; null where it is not present. */
cJSON *quant_document_pair(bool present, const double pair[2]);

#endif
