/* SPDX-License-Identifier: MIT */
/*
 * Reads the fields of a parsed JSON object without trusting it. After the first error the functions
 * do nothing and return zeros, empty strings and NULL. A reader can ask for all fields in turn and
 * look at the status once, at the end.
 */
#ifndef QUANT_RECORDS_FIELD_H
#define QUANT_RECORDS_FIELD_H

#include <cjson/cJSON.h>
#include <quant/quant.h>

#include "base/source.h"

/* Starts with status QUANT_OK. */
struct quant_fields {
    struct quant_source *source; /* for messages, and to be read */
    const char *what;            /* the start of each message: "not a valid sidecar" */
    struct quant_error *error;
    enum quant_status status;
    const char *tensor; /* whose fields they are, for messages; NULL: the file's */
    uint64_t offset;    /* of the tensor's fields in the source */
};

/* Sets the error unless there is one. */
void quant_fields_fail(struct quant_fields *fields, enum quant_status status, const char *format,
                       ...) QUANT_PRINTF(3, 4);

/* Duplicate keys are an error: cJSON keeps both and finds the first, other readers find the last.
 * Takes n log n time. */
void quant_fields_check_keys(struct quant_fields *fields, const cJSON *object);

/* The same of all objects in a tree. Accepts NULL. */
void quant_fields_check_tree(struct quant_fields *fields, const cJSON *root);

/* The value of a key, or NULL if there is no such key, or object is NULL. */
const cJSON *quant_field_find(const cJSON *object, const char *key);

/* The value of a key that must be there, of any type or of the type in the function's name. */
const cJSON *quant_field_get(struct quant_fields *fields, const cJSON *object, const char *key);
double quant_field_number(struct quant_fields *fields, const cJSON *object, const char *key);
const char *quant_field_string(struct quant_fields *fields, const cJSON *object, const char *key);
const cJSON *quant_field_object(struct quant_fields *fields, const cJSON *object, const char *key);

/* An integer from min to max, which are exact as doubles. The second form takes the value itself,
 * and the key for the message. */
double quant_field_integer(struct quant_fields *fields, const cJSON *object, const char *key,
                           double min, double max);
double quant_field_integer_item(struct quant_fields *fields, const cJSON *item, const char *key,
                                double min, double max);

/* 64 bits in 16 hexadecimal digits, as xxhsum prints them. The second form takes the value itself,
 * and the key for the message. */
uint64_t quant_field_checksum(struct quant_fields *fields, const cJSON *object, const char *key);
uint64_t quant_field_checksum_item(struct quant_fields *fields, const cJSON *item, const char *key);

/* The index of the string in words, which end with NULL. */
unsigned quant_field_word(struct quant_fields *fields, const cJSON *object, const char *key,
                          const char *const *words);

/* Copies the string, which must be shorter than room. */
void quant_field_copy_word(struct quant_fields *fields, const cJSON *object, const char *key,
                           char *word, size_t room);

/* Two finite numbers, the first not greater than the second; or null, which leaves *present as it
 * is. */
void quant_field_pair(struct quant_fields *fields, const cJSON *object, const char *key,
                      bool *present, double pair[2]);

/* A copy of the string for the caller to free; or null, which leaves *path as it is. */
void quant_field_path(struct quant_fields *fields, const cJSON *object, const char *key,
                      char **path);

#endif
