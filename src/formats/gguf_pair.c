/* SPDX-License-Identifier: MIT */
/* A key and its value. What a value means is known of a few; the others are passed over, and are
 * copied as they are when the file is written again. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/decimal.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/utf8.h"
#include "formats/gguf_cursor.h"

/* Bytes of a value; 0: it says its length itself. */
static const unsigned char sizes[QUANT_GGUF_NVALUES] = {
    [QUANT_GGUF_UINT8] = 1,   [QUANT_GGUF_INT8] = 1,    [QUANT_GGUF_UINT16] = 2,
    [QUANT_GGUF_INT16] = 2,   [QUANT_GGUF_UINT32] = 4,  [QUANT_GGUF_INT32] = 4,
    [QUANT_GGUF_FLOAT32] = 4, [QUANT_GGUF_BOOL] = 1,    [QUANT_GGUF_UINT64] = 8,
    [QUANT_GGUF_INT64] = 8,   [QUANT_GGUF_FLOAT64] = 8,
};

static enum quant_status unknown_type(const struct quant_gguf_cursor *cursor,
                                      const struct quant_gguf_pair *pair, uint32_t type)
{
    return quant_gguf_error(cursor, QUANT_UNSUPPORTED,
                            "the value of '%.200s' has the unknown type %" PRIu32, pair->key, type);
}

/* ---- Single values ---- */

static int64_t sign_extended(uint64_t value, unsigned nbytes)
{
    const unsigned unused = 64 - 8 * nbytes;
    return (int64_t)(value << unused) >> unused;
}

/* Numbers that are not finite have no text. */
static void print_float(char text[QUANT_DECIMAL_TEXT], const struct quant_gguf_pair *pair,
                        const unsigned char *bytes)
{
    double value = 0;
    float narrow = 0;
    const uint32_t low = quant_load_32(bytes, false);
    memcpy(&value, &pair->number, sizeof value);
    memcpy(&narrow, &low, sizeof narrow);
    if (pair->type == QUANT_GGUF_FLOAT32)
        value = (double)narrow;
    if (isfinite(value))
        quant_decimal_short(value, text);
}

static enum quant_status take_number(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                     struct quant_gguf_pair *pair)
{
    unsigned char bytes[8] = {0};
    char text[QUANT_DECIMAL_TEXT] = "";
    const unsigned nbytes = sizes[pair->type];
    const enum quant_status status = quant_gguf_take(cursor, bytes, nbytes);
    if (status != QUANT_OK)
        return status;
    pair->number = quant_load_64(bytes, false);
    switch (pair->type) {
    case QUANT_GGUF_BOOL:
        if (pair->number > 1)
            return quant_gguf_error(cursor, QUANT_CORRUPT,
                                    "the truth value of '%.200s' is %" PRIu64 ", not 0 or 1",
                                    pair->key, pair->number);
        snprintf(text, sizeof text, "%s", pair->number ? "true" : "false");
        break;
    case QUANT_GGUF_FLOAT32:
    case QUANT_GGUF_FLOAT64:
        print_float(text, pair, bytes);
        break;
    case QUANT_GGUF_INT8:
    case QUANT_GGUF_INT16:
    case QUANT_GGUF_INT32:
    case QUANT_GGUF_INT64:
        snprintf(text, sizeof text, "%" PRId64, sign_extended(pair->number, nbytes));
        break;
    default:
        snprintf(text, sizeof text, "%" PRIu64, pair->number);
    }
    pair->text = *text ? quant_arena_join(arena, text, "") : NULL;
    return *text && !pair->text ? quant_error_no_memory(cursor->error, sizeof text, "catalogue")
                                : QUANT_OK;
}

static enum quant_status take_string(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                     struct quant_gguf_pair *pair)
{
    char *text;
    size_t length;
    const enum quant_status status =
        quant_gguf_take_text(cursor, arena, UINT64_MAX, &text, &length);
    if (status == QUANT_OK && strlen(text) == length && quant_is_utf8(text))
        pair->text = text;
    return status;
}

/* ---- Arrays ---- */

static enum quant_status skip_string(struct quant_gguf_cursor *cursor)
{
    uint64_t nbytes;
    const enum quant_status status = quant_gguf_take_64(cursor, &nbytes);
    return status == QUANT_OK ? quant_gguf_skip(cursor, nbytes) : status;
}

static enum quant_status skip_array(struct quant_gguf_cursor *cursor,
                                    const struct quant_gguf_pair *pair)
{
    uint32_t type;
    uint64_t count = 0;
    uint64_t nbytes = 0;
    enum quant_status status = quant_gguf_take_32(cursor, &type);
    if (status == QUANT_OK)
        status = quant_gguf_take_64(cursor, &count);
    if (status != QUANT_OK)
        return status;
    if (type == QUANT_GGUF_ARRAY)
        return quant_gguf_error(cursor, QUANT_UNSUPPORTED,
                                "the value of '%.200s' is an array of arrays", pair->key);
    if (type >= QUANT_GGUF_NVALUES)
        return unknown_type(cursor, pair, type);
    const uint64_t least = type == QUANT_GGUF_STRING ? 8 : sizes[type];
    if (!quant_checked_mul(count, least, &nbytes) || nbytes > quant_gguf_left(cursor))
        return quant_gguf_error(cursor, QUANT_TRUNCATED,
                                "the array of '%.200s' has %" PRIu64
                                " elements, more than fit in the file",
                                pair->key, count);
    if (type != QUANT_GGUF_STRING)
        return quant_gguf_skip(cursor, nbytes);
    for (uint64_t i = 0; status == QUANT_OK && i < count; i++)
        status = skip_string(cursor);
    return status;
}

/* ---- The pair ---- */

static enum quant_status check_key(const struct quant_gguf_cursor *cursor, const char *key,
                                   size_t length, uint64_t at)
{
    if (length > 0 && strlen(key) == length && quant_is_utf8(key))
        return QUANT_OK;
    return quant_gguf_error(cursor, QUANT_CORRUPT, "the key at byte %" PRIu64 " is %s", at,
                            length == 0 ? "empty" : "not UTF-8 text");
}

enum quant_status quant_gguf_take_pair(struct quant_gguf_cursor *cursor, struct quant_arena *arena,
                                       struct quant_gguf_pair *pair)
{
    char *key;
    size_t length = 0;
    const uint64_t begin = cursor->offset;
    *pair = (struct quant_gguf_pair){.bytes = {.offset = begin}};
    cursor->what = "a key";
    enum quant_status status = quant_gguf_take_text(cursor, arena, QUANT_GGUF_TEXT, &key, &length);
    if (status == QUANT_OK)
        status = check_key(cursor, key, length, begin);
    pair->key = key;
    cursor->what = "a value";
    if (status == QUANT_OK)
        status = quant_gguf_take_32(cursor, &pair->type);
    if (status != QUANT_OK)
        return status;
    if (pair->type >= QUANT_GGUF_NVALUES)
        return unknown_type(cursor, pair, pair->type);
    if (pair->type == QUANT_GGUF_ARRAY)
        status = skip_array(cursor, pair);
    else if (pair->type == QUANT_GGUF_STRING)
        status = take_string(cursor, arena, pair);
    else
        status = take_number(cursor, arena, pair);
    pair->bytes.nbytes = cursor->offset - begin;
    return status;
}
