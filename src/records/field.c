/* SPDX-License-Identifier: MIT */
/* Each function asks one question of a parsed JSON value and words one complaint. */
#include "records/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void quant_check_fail(struct quant_checker *checker, enum quant_status status, const char *format,
                      ...)
{
    if (checker->status != QUANT_OK)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    checker->status =
        quant_source_error(checker->source, checker->error, status, "%s: %s", checker->what, text);
}

const cJSON *quant_check_field(struct quant_checker *checker, const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        quant_check_fail(checker, QUANT_CORRUPT, "no key '%s'", key);
    return checker->status == QUANT_OK ? item : NULL;
}

double quant_check_number(struct quant_checker *checker, const cJSON *object, const char *key)
{
    const cJSON *item = quant_check_field(checker, object, key);
    if (item && !cJSON_IsNumber(item))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not a number", key);
    return item && cJSON_IsNumber(item) ? item->valuedouble : 0;
}

double quant_check_integer_item(struct quant_checker *checker, const cJSON *item, const char *key,
                                double least, double greatest)
{
    const double value = item && cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (item && !cJSON_IsNumber(item))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not a number", key);
    else if (item && value != floor(value))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not an integer: %.9g", key, value);
    else if (item && !(value >= least && value <= greatest))
        quant_check_fail(checker, QUANT_OUT_OF_RANGE, "'%s' is %.0f, not within %.0f to %.0f", key,
                         value, least, greatest);
    return checker->status == QUANT_OK ? value : 0;
}

double quant_check_integer(struct quant_checker *checker, const cJSON *object, const char *key,
                           double least, double greatest)
{
    return quant_check_integer_item(checker, quant_check_field(checker, object, key), key, least,
                                    greatest);
}

const char *quant_check_string(struct quant_checker *checker, const cJSON *object, const char *key)
{
    const cJSON *item = quant_check_field(checker, object, key);
    if (item && !cJSON_IsString(item))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not a string", key);
    return checker->status == QUANT_OK ? item->valuestring : "";
}

const cJSON *quant_check_object(struct quant_checker *checker, const cJSON *object, const char *key)
{
    const cJSON *item = quant_check_field(checker, object, key);
    if (item && !cJSON_IsObject(item))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not an object", key);
    return item;
}

static uint64_t parse_checksum(struct quant_checker *checker, const char *digits, const char *key)
{
    if (strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16)
        return strtoull(digits, NULL, 16);
    quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not 16 hexadecimal digits", key);
    return 0;
}

uint64_t quant_check_checksum(struct quant_checker *checker, const cJSON *object, const char *key)
{
    return parse_checksum(checker, quant_check_string(checker, object, key), key);
}

uint64_t quant_check_checksum_item(struct quant_checker *checker, const cJSON *item,
                                   const char *key)
{
    return parse_checksum(checker, cJSON_IsString(item) ? item->valuestring : "", key);
}

unsigned quant_check_word(struct quant_checker *checker, const cJSON *object, const char *key,
                          const char *const *words)
{
    const char *found = quant_check_string(checker, object, key);
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], found) == 0)
            return i;
    quant_check_fail(checker, QUANT_UNSUPPORTED, "unknown '%s': '%.64s'", key, found);
    return 0;
}

void quant_check_copy_word(struct quant_checker *checker, const cJSON *object, const char *key,
                           char *word, size_t room)
{
    const char *found = quant_check_string(checker, object, key);
    if (strlen(found) >= room)
        quant_check_fail(checker, QUANT_UNSUPPORTED, "unknown '%s': '%.64s'", key, found);
    else
        memcpy(word, found, strlen(found) + 1);
}

void quant_check_pair(struct quant_checker *checker, const cJSON *object, const char *key,
                      bool *present, double pair[2])
{
    const cJSON *item = quant_check_field(checker, object, key);
    if (!item || cJSON_IsNull(item))
        return;
    const cJSON *first = cJSON_GetArrayItem(item, 0);
    const cJSON *second = cJSON_GetArrayItem(item, 1);
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !cJSON_IsNumber(first) ||
        !cJSON_IsNumber(second)) {
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is neither null nor two numbers", key);
        return;
    }
    *present = true;
    pair[0] = first->valuedouble;
    pair[1] = second->valuedouble;
    if (!(pair[0] <= pair[1]) || !isfinite(pair[0]) || !isfinite(pair[1]))
        quant_check_fail(checker, QUANT_CORRUPT, "'%s' is not a range", key);
}

void quant_check_path(struct quant_checker *checker, const cJSON *object, const char *key,
                      char **path)
{
    const cJSON *item = quant_check_field(checker, object, key);
    if (!item || cJSON_IsNull(item))
        return;
    const char *found = quant_check_string(checker, object, key);
    if (checker->status != QUANT_OK)
        return;
    *path = strdup(found);
    if (!*path)
        checker->status = quant_error_no_memory(checker->error, strlen(found) + 1, "path");
}

void quant_check_keys(struct quant_checker *checker, const cJSON *object)
{
    enum { KEYS_LIMIT = 256 };
    if (cJSON_GetArraySize(object) > KEYS_LIMIT) {
        quant_check_fail(checker, QUANT_CORRUPT, "an object has more than %d keys", KEYS_LIMIT);
        return;
    }
    for (const cJSON *item = object->child; item; item = item->next)
        for (const cJSON *other = item->next; other; other = other->next)
            if (strcmp(item->string, other->string) == 0)
                quant_check_fail(checker, QUANT_CORRUPT, "duplicate key '%.64s'", item->string);
}
