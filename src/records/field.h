/* SPDX-License-Identifier: MIT */
/*
 * Asking a parsed JSON object for its fields without trusting it. After the first complaint the
 * functions do nothing and return zeros, empty strings and NULL, so that a reader can ask for one
 * field after the other and look at the status at the end.
 */
#ifndef QUANT_RECORDS_FIELD_H
#define QUANT_RECORDS_FIELD_H

#include <cjson/cJSON.h>
#include <quant/quant.h>

#include "base/source.h"

/* Begin with status QUANT_OK. */
struct quant_checker {
    struct quant_source *source; /* for messages, and to be read */
    const char *what;            /* "not a valid sidecar": begins each complaint */
    struct quant_error *error;
    enum quant_status status;
};

void quant_check_fail(struct quant_checker *checker, enum quant_status status, const char *format,
                      ...) QUANT_PRINTF(3, 4);

/* That no key is doubled: cJSON keeps both and finds the first, other readers find the last. */
void quant_check_keys(struct quant_checker *checker, const cJSON *object);

/* The value of a key that must be there, of any type or of the type in the function's name. */
const cJSON *quant_check_field(struct quant_checker *checker, const cJSON *object, const char *key);
double quant_check_number(struct quant_checker *checker, const cJSON *object, const char *key);
const char *quant_check_string(struct quant_checker *checker, const cJSON *object, const char *key);
const cJSON *quant_check_object(struct quant_checker *checker, const cJSON *object,
                                const char *key);

/* An integer from least to greatest, all of them exact as doubles; and the same of an item in hand,
 * key being for the message. */
double quant_check_integer(struct quant_checker *checker, const cJSON *object, const char *key,
                           double least, double greatest);
double quant_check_integer_item(struct quant_checker *checker, const cJSON *item, const char *key,
                                double least, double greatest);

/* 64 bits in 16 hexadecimal digits, as xxhsum prints them; and the same of an item in hand. */
uint64_t quant_check_checksum(struct quant_checker *checker, const cJSON *object, const char *key);
uint64_t quant_check_checksum_item(struct quant_checker *checker, const cJSON *item,
                                   const char *key);

/* The index of the string among words, which NULL ends. */
unsigned quant_check_word(struct quant_checker *checker, const cJSON *object, const char *key,
                          const char *const *words);

/* The string, which must be shorter than room. */
void quant_check_copy_word(struct quant_checker *checker, const cJSON *object, const char *key,
                           char *word, size_t room);

/* Two finite numbers that do not fall, or null: then *present stays as it is. */
void quant_check_pair(struct quant_checker *checker, const cJSON *object, const char *key,
                      bool *present, double pair[2]);

/* A copy of the string for the caller to free, or null: then *path stays as it is. */
void quant_check_path(struct quant_checker *checker, const cJSON *object, const char *key,
                      char **path);

#endif
