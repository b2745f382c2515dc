/* SPDX-License-Identifier: MIT */
/* Each function checks one thing about a parsed JSON value, and has one message. */
#include "records/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void quant_fields_fail(struct quant_fields *fields, enum quant_status status, const char *format,
                       ...)
{
    if (fields->status != QUANT_OK)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (fields->tensor)
        fields->status = quant_source_error(
            fields->source, fields->error, status, "%s: tensor '%.64s' at byte %llu: %s",
            fields->what, fields->tensor, (unsigned long long)fields->offset, text);
    else
        fields->status =
            quant_source_error(fields->source, fields->error, status, "%s: %s", fields->what, text);
}

/* cJSON's own function calls strcmp for every key: this one takes half the time. */
const cJSON *quant_field_find(const cJSON *object, const char *key)
{
    const cJSON *item = object ? object->child : NULL;
    while (item && !(item->string && item->string[0] == key[0] && strcmp(item->string, key) == 0))
        item = item->next;
    return item;
}

const cJSON *quant_field_get(struct quant_fields *fields, const cJSON *object, const char *key)
{
    const cJSON *item = quant_field_find(object, key);
    if (!item)
        quant_fields_fail(fields, QUANT_CORRUPT, "no key '%s'", key);
    return fields->status == QUANT_OK ? item : NULL;
}

double quant_field_number(struct quant_fields *fields, const cJSON *object, const char *key)
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (item && !cJSON_IsNumber(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not a number", key);
    return item && cJSON_IsNumber(item) ? item->valuedouble : 0;
}

double quant_field_integer_item(struct quant_fields *fields, const cJSON *item, const char *key,
                                double min, double max)
{
    const double value = item && cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (item && !cJSON_IsNumber(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not a number", key);
    else if (item && value != floor(value))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not an integer: %.9g", key, value);
    else if (item && !(value >= min && value <= max))
        quant_fields_fail(fields, QUANT_OUT_OF_RANGE, "'%s' is %.0f, not within %.0f to %.0f", key,
                          value, min, max);
    return fields->status == QUANT_OK ? value : 0;
}

double quant_field_integer(struct quant_fields *fields, const cJSON *object, const char *key,
                           double min, double max)
{
    return quant_field_integer_item(fields, quant_field_get(fields, object, key), key, min, max);
}

const char *quant_field_string(struct quant_fields *fields, const cJSON *object, const char *key)
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (item && !cJSON_IsString(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not a string", key);
    return fields->status == QUANT_OK ? item->valuestring : "";
}

const cJSON *quant_field_object(struct quant_fields *fields, const cJSON *object, const char *key)
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (item && !cJSON_IsObject(item))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not an object", key);
    return item;
}

static uint64_t parse_checksum(struct quant_fields *fields, const char *digits, const char *key)
{
    if (strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16)
        return strtoull(digits, NULL, 16);
    quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not 16 hexadecimal digits", key);
    return 0;
}

uint64_t quant_field_checksum(struct quant_fields *fields, const cJSON *object, const char *key)
{
    return parse_checksum(fields, quant_field_string(fields, object, key), key);
}

uint64_t quant_field_checksum_item(struct quant_fields *fields, const cJSON *item, const char *key)
{
    return parse_checksum(fields, cJSON_IsString(item) ? item->valuestring : "", key);
}

unsigned quant_field_word(struct quant_fields *fields, const cJSON *object, const char *key,
                          const char *const *words)
{
    const char *found = quant_field_string(fields, object, key);
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], found) == 0)
            return i;
    quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown '%s': '%.64s'", key, found);
    return 0;
}

void quant_field_copy_word(struct quant_fields *fields, const cJSON *object, const char *key,
                           char *word, size_t room)
{
    const char *found = quant_field_string(fields, object, key);
    if (strlen(found) >= room)
        quant_fields_fail(fields, QUANT_UNSUPPORTED, "unknown '%s': '%.64s'", key, found);
    else
        memcpy(word, found, strlen(found) + 1);
}

void quant_field_pair(struct quant_fields *fields, const cJSON *object, const char *key,
                      bool *present, double pair[2])
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (!item || cJSON_IsNull(item))
        return;
    const cJSON *first = cJSON_GetArrayItem(item, 0);
    const cJSON *second = cJSON_GetArrayItem(item, 1);
    if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 || !cJSON_IsNumber(first) ||
        !cJSON_IsNumber(second)) {
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is neither null nor two numbers", key);
        return;
    }
    *present = true;
    pair[0] = first->valuedouble;
    pair[1] = second->valuedouble;
    if (!(pair[0] <= pair[1]) || !isfinite(pair[0]) || !isfinite(pair[1]))
        quant_fields_fail(fields, QUANT_CORRUPT, "'%s' is not a range", key);
}

void quant_field_path(struct quant_fields *fields, const cJSON *object, const char *key,
                      char **path)
{
    const cJSON *item = quant_field_get(fields, object, key);
    if (!item || cJSON_IsNull(item))
        return;
    const char *found = quant_field_string(fields, object, key);
    if (fields->status != QUANT_OK)
        return;
    *path = strdup(found);
    if (!*path)
        fields->status = quant_error_no_memory(fields->error, strlen(found) + 1, "path");
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void fail_duplicate(struct quant_fields *fields, const char *key)
{
    quant_fields_fail(fields, QUANT_CORRUPT, "duplicate key '%.64s'", key);
}

static void sort_keys(struct quant_fields *fields, const cJSON *object, size_t nkeys)
{
    const char **keys = malloc(nkeys * sizeof *keys);
    if (!keys) {
        fields->status = quant_error_no_memory(fields->error, nkeys * sizeof *keys, "keys");
        return;
    }
    size_t n = 0;
    for (const cJSON *item = object->child; item; item = item->next)
        keys[n++] = item->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            fail_duplicate(fields, keys[i]);
    free(keys);
}

/* Up to 32 keys, which is all that a sidecar has, comparing each with each takes less time than
 * sorting, and no memory. */
void quant_fields_check_keys(struct quant_fields *fields, const cJSON *object)
{
    enum { SMALL = 32 };
    if (fields->status != QUANT_OK)
        return;
    const size_t nkeys = (size_t)cJSON_GetArraySize(object);
    if (nkeys > SMALL) {
        sort_keys(fields, object, nkeys);
        return;
    }
    for (const cJSON *item = object->child; item; item = item->next)
        for (const cJSON *other = item->next; other; other = other->next)
            if (strcmp(item->string, other->string) == 0)
                fail_duplicate(fields, item->string);
}

/* The recursion is no deeper than the text, which was checked for that. */
void quant_fields_check_tree(struct quant_fields *fields, const cJSON *root)
{
    if (cJSON_IsObject(root))
        quant_fields_check_keys(fields, root);
    for (const cJSON *item = root ? root->child : NULL; item; item = item->next)
        if (item->child)
            quant_fields_check_tree(fields, item);
}
