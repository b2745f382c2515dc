/* SPDX-License-Identifier: MIT */
/* One bit a level says whether it is an array or an object; there is no recursion. */
#include "records/json_skip.h"

#include <stdbool.h>
#include <string.h>

struct levels {
    int depth;
    uint64_t objects[QUANT_JSON_SKIP_DEPTH / 64]; /* a bit is set where the level is an object */
};

static bool is_object(const struct levels *levels)
{
    const int top = levels->depth - 1;
    return levels->objects[top / 64] >> (top % 64) & 1;
}

static enum quant_status push(struct levels *levels, bool object,
                              const struct quant_json_scan *scan, struct quant_error *error)
{
    if (levels->depth == QUANT_JSON_SKIP_DEPTH) {
        char place[QUANT_JSON_PLACE];
        return quant_json_scan_error(
            scan, error, QUANT_UNSUPPORTED, "nested more than %d deep %s", QUANT_JSON_SKIP_DEPTH,
            quant_json_scan_place(scan, quant_json_scan_offset(scan), place));
    }
    const uint64_t bit = (uint64_t)1 << (levels->depth % 64);
    uint64_t *word = &levels->objects[levels->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    levels->depth++;
    return QUANT_OK;
}

static enum quant_status skip_key(struct quant_json_scan *scan, struct quant_error *error)
{
    char key[QUANT_JSON_TOKEN];
    const enum quant_status status = quant_json_scan_string(scan, "key", key, error);
    return status == QUANT_OK ? quant_json_scan_expect(scan, ':', error) : status;
}

static enum quant_status skip_literal(struct quant_json_scan *scan, struct quant_error *error)
{
    static const char *const literals[] = {"true", "false", "null"};
    char word[QUANT_JSON_TOKEN];
    const uint64_t offset = quant_json_scan_offset(scan);
    const enum quant_status status = quant_json_scan_word(scan, word, error);
    if (status != QUANT_OK)
        return status;
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++)
        if (strcmp(word, literals[i]) == 0)
            return QUANT_OK;
    return quant_json_scan_wrong_word(scan, word, offset, "a value", error);
}

/* The value that begins with byte, which is no array and no object. */
static enum quant_status skip_scalar(struct quant_json_scan *scan, int byte, bool takes_words,
                                     struct quant_error *error)
{
    char text[QUANT_JSON_TOKEN];
    struct quant_json_decimal decimal;
    double value;
    bool is_word;
    if (byte == '"')
        return quant_json_scan_string(scan, "string", text, error);
    if (byte == 't' || byte == 'f' || byte == 'n')
        return skip_literal(scan, error);
    if (!quant_json_scan_begins_number(byte, takes_words))
        return quant_json_scan_unexpected(scan, "a value", error);
    return takes_words ? quant_json_scan_float(scan, &value, &is_word, text, error)
                       : quant_json_scan_number(scan, &decimal, text, error);
}

/* Into the array or object that byte opens, up to its first value, or past its end. */
static enum quant_status enter(struct levels *levels, struct quant_json_scan *scan, int byte,
                               bool *at_value, struct quant_error *error)
{
    const bool object = byte == '{';
    enum quant_status status = push(levels, object, scan, error);
    if (status != QUANT_OK)
        return status;
    quant_json_scan_skip(scan);
    status = quant_json_scan_token(scan, &byte, error);
    *at_value = byte != (object ? '}' : ']');
    if (status != QUANT_OK)
        return status;
    if (*at_value)
        return object ? skip_key(scan, error) : QUANT_OK;
    quant_json_scan_skip(scan);
    levels->depth--;
    return QUANT_OK;
}

/* From the end of a value to the next one, past all arrays and objects that end before it. */
static enum quant_status leave(struct levels *levels, struct quant_json_scan *scan,
                               struct quant_error *error)
{
    while (levels->depth > 0) {
        const bool object = is_object(levels);
        int byte;
        const enum quant_status status = quant_json_scan_token(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (byte != ',' && byte != (object ? '}' : ']'))
            return quant_json_scan_unexpected(scan, object ? "',' or '}'" : "',' or ']'", error);
        quant_json_scan_skip(scan);
        if (byte == ',')
            return object ? skip_key(scan, error) : QUANT_OK;
        levels->depth--;
    }
    return QUANT_OK;
}

enum quant_status quant_json_skip_value(struct quant_json_scan *scan, bool takes_words,
                                        struct quant_error *error)
{
    struct levels levels = {.depth = 0};
    enum quant_status status;
    do {
        int byte;
        bool at_value = false;
        status = quant_json_scan_token(scan, &byte, error);
        if (status == QUANT_OK)
            status = byte == '{' || byte == '[' ? enter(&levels, scan, byte, &at_value, error)
                                                : skip_scalar(scan, byte, takes_words, error);
        if (status == QUANT_OK && !at_value)
            status = leave(&levels, scan, error);
    } while (status == QUANT_OK && levels.depth > 0);
    return status;
}
