/* SPDX-License-Identifier: MIT */
/*
 * As strict as the reference implementation: numbers are digits alone, no key occurs twice.
 * Stricter in two places, where it passes over what it does not know: keys other than these three
 * are refused, since a copy would lose them, and so are shapes that no array can have.
 */
#include "formats/safetensors_entry.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "formats/safetensors.h"

enum { NAME_SHOWN = 200, SHAPE_TEXT = 160 };

enum quant_status quant_safetensors_tensor_error(const struct quant_safetensors_parser *parser,
                                                 const char *name, enum quant_status status,
                                                 const char *format, ...)
{
    struct quant_error *error = parser->error;
    char shown[NAME_SHOWN + sizeof "..."];
    size_t length = strlen(name);
    if (!error)
        return status;
    if (length > NAME_SHOWN) {
        for (length = NAME_SHOWN; (name[length] & 0xc0) == 0x80; length--)
            continue; /* not within a character */
        snprintf(shown, sizeof shown, "%.*s...", (int)length, name);
        name = shown;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->status = status;
    quant_error_prefix(error, "tensor", name);
    quant_error_prefix(error, "cannot read", parser->scan->source->name);
    return status;
}

enum quant_status quant_safetensors_next_key(struct quant_safetensors_parser *parser, bool is_first,
                                             bool *found)
{
    struct quant_json_scan *scan = parser->scan;
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, parser->error);
    *found = false;
    if (status != QUANT_OK)
        return status;
    if (byte == '}') {
        quant_json_scan_skip(scan);
        return QUANT_OK;
    }
    if (is_first && byte != '"')
        return quant_json_scan_unexpected(scan, "'\"' or '}'", parser->error);
    if (!is_first && byte != ',')
        return quant_json_scan_unexpected(scan, "',' or '}'", parser->error);
    if (!is_first)
        quant_json_scan_skip(scan);
    status = quant_json_scan_text(scan, "key", &parser->key, parser->error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ':', parser->error);
    *found = status == QUANT_OK;
    return status;
}

/* ---- Numbers ---- */

static bool parse_digits(const char *token, uint64_t *value)
{
    *value = 0;
    for (; *token >= '0' && *token <= '9'; token++)
        if (!quant_checked_mul(*value, 10, value) ||
            !quant_checked_add(*value, (uint64_t)(*token - '0'), value))
            return false;
    return *token == '\0';
}

/* A header is mostly these: up to 18 digits, all in the block, before a comma or a bracket. false,
 * with nothing passed over: it is for read_integer. */
static bool read_plain(struct quant_json_scan *scan, uint64_t *value)
{
    const char *at = scan->next;
    uint64_t sum = 0;
    while (at < scan->end && *at >= '0' && *at <= '9' && at - scan->next < 18)
        sum = 10 * sum + (uint64_t)(*at++ - '0');
    const bool is_plain = at > scan->next && at < scan->end && (*at == ',' || *at == ']') &&
                          (*scan->next != '0' || at - scan->next == 1);
    if (!is_plain)
        return false;
    *value = sum;
    scan->next = at;
    return true;
}

/* An integer from 0 on, written as one: 8.0 and 8e0 are not. noun is what messages call it. */
static enum quant_status read_integer(struct quant_safetensors_parser *parser, const char *noun,
                                      uint64_t *value)
{
    struct quant_json_scan *scan = parser->scan;
    struct quant_json_decimal decimal;
    char token[QUANT_JSON_TOKEN];
    char place[QUANT_JSON_PLACE];
    int byte;
    if (read_plain(scan, value))
        return QUANT_OK;
    enum quant_status status = quant_json_scan_token(scan, &byte, parser->error);
    if (status != QUANT_OK)
        return status;
    if (!quant_json_scan_begins_number(byte, false))
        return quant_json_scan_unexpected(scan, "an integer", parser->error);
    const uint64_t offset = quant_json_scan_offset(scan);
    status = quant_json_scan_number(scan, &decimal, token, parser->error);
    if (status != QUANT_OK || parse_digits(token, value))
        return status;
    return quant_source_error(scan->source, parser->error, QUANT_CORRUPT,
                              "%s %s %s is not an integer from 0 to 2^64 - 1", noun, token,
                              quant_json_scan_place(scan, offset, place));
}

/* An array of integers. *n is most + 1 if there are more than that; the rest is then not read. */
static enum quant_status read_integers(struct quant_safetensors_parser *parser, const char *noun,
                                       uint64_t *values, uint32_t most, uint32_t *n)
{
    struct quant_json_scan *scan = parser->scan;
    int byte = 0;
    enum quant_status status = quant_json_scan_expect(scan, '[', parser->error);
    *n = 0;
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, parser->error);
    if (status == QUANT_OK && byte == ']')
        quant_json_scan_skip(scan);
    while (status == QUANT_OK && byte != ']') {
        if (*n == most) {
            ++*n;
            return QUANT_OK;
        }
        status = read_integer(parser, noun, &values[(*n)++]);
        if (status == QUANT_OK)
            status = quant_json_scan_token(scan, &byte, parser->error);
        if (status != QUANT_OK)
            return status;
        if (byte != ',' && byte != ']')
            return quant_json_scan_unexpected(scan, "',' or ']'", parser->error);
        quant_json_scan_skip(scan);
    }
    return status;
}

/* ---- The three fields ---- */

static enum quant_status unknown_type(const struct quant_safetensors_parser *parser,
                                      const char *name)
{
    char known[256];
    size_t length = 0;
    known[0] = '\0';
    for (size_t i = 0; quant_safetensors_type_at(i) && length < sizeof known; i++)
        length += (size_t)snprintf(known + length, sizeof known - length, " %s",
                                   quant_safetensors_type_at(i)->name);
    return quant_safetensors_tensor_error(parser, name, QUANT_UNSUPPORTED,
                                          "unknown dtype '%.40s'; expected one of%s",
                                          parser->text.bytes, known);
}

static enum quant_status read_dtype(struct quant_safetensors_parser *parser,
                                    struct quant_tensor_info *info)
{
    const enum quant_status status =
        quant_json_scan_text(parser->scan, "dtype", &parser->text, parser->error);
    if (status != QUANT_OK)
        return status;
    info->type = quant_safetensors_type_from_name(parser->text.bytes);
    return info->type ? QUANT_OK : unknown_type(parser, info->name);
}

static enum quant_status read_shape(struct quant_safetensors_parser *parser,
                                    struct quant_tensor_info *info)
{
    uint64_t values[QUANT_MAX_DIMS];
    const enum quant_status status =
        read_integers(parser, "dimension", values, QUANT_MAX_DIMS, &info->ndim);
    if (status != QUANT_OK || info->ndim == 0)
        return status;
    if (info->ndim > QUANT_MAX_DIMS)
        return quant_safetensors_tensor_error(parser, info->name, QUANT_UNSUPPORTED,
                                              "it has more than %d dimensions", QUANT_MAX_DIMS);
    uint64_t *dims = quant_arena_take(parser->arena, info->ndim * sizeof *dims);
    if (!dims)
        return quant_error_no_memory(parser->error, info->ndim * sizeof *dims, "shape");
    memcpy(dims, values, info->ndim * sizeof *dims);
    info->dims = dims;
    return QUANT_OK;
}

static enum quant_status read_offsets(struct quant_safetensors_parser *parser,
                                      struct quant_tensor_info *info)
{
    uint64_t ends[2] = {0, 0};
    uint32_t n = 0;
    const enum quant_status status = read_integers(parser, "offset", ends, 2, &n);
    if (status != QUANT_OK)
        return status;
    if (n != 2)
        return quant_safetensors_tensor_error(parser, info->name, QUANT_CORRUPT,
                                              "data_offsets is not an array of two integers");
    if (ends[0] > ends[1])
        return quant_safetensors_tensor_error(
            parser, info->name, QUANT_CORRUPT, "data_offsets [%llu, %llu] end before they begin",
            (unsigned long long)ends[0], (unsigned long long)ends[1]);
    info->offset = ends[0];
    info->nbytes = ends[1] - ends[0];
    return QUANT_OK;
}

static const struct {
    const char *key;
    enum quant_status (*read)(struct quant_safetensors_parser *parser,
                              struct quant_tensor_info *info);
} fields[] = {
    {"dtype", read_dtype},
    {"shape", read_shape},
    {"data_offsets", read_offsets},
};

enum { NFIELDS = sizeof fields / sizeof fields[0] };

static enum quant_status read_field(struct quant_safetensors_parser *parser,
                                    struct quant_tensor_info *info, bool seen[NFIELDS])
{
    const char *key = parser->key.bytes;
    for (size_t i = 0; i < NFIELDS; i++) {
        if (strcmp(key, fields[i].key) != 0)
            continue;
        if (seen[i])
            return quant_safetensors_tensor_error(parser, info->name, QUANT_CORRUPT,
                                                  "duplicate key '%s'", key);
        seen[i] = true;
        return fields[i].read(parser, info);
    }
    return quant_safetensors_tensor_error(
        parser, info->name, QUANT_UNSUPPORTED,
        "unknown key '%.40s'; expected dtype, shape and data_offsets", key);
}

/* ---- What they must say together ---- */

/* "[2, 3]", as the header has it; long shapes end in "...". */
static const char *shape_text(const struct quant_tensor_info *info, char text[SHAPE_TEXT])
{
    enum { ROOM_FOR_REST = sizeof ", ...]" };
    size_t length = (size_t)snprintf(text, SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < info->ndim; i++) {
        char word[32];
        const int width = snprintf(word, sizeof word, "%s%llu", i == 0 ? "" : ", ",
                                   (unsigned long long)info->dims[i]);
        if (length + (size_t)width + ROOM_FOR_REST > SHAPE_TEXT) {
            length += (size_t)snprintf(text + length, SHAPE_TEXT - length, ", ...");
            break;
        }
        memcpy(text + length, word, (size_t)width);
        length += (size_t)width;
    }
    snprintf(text + length, SHAPE_TEXT - length, "]");
    return text;
}

static enum quant_status check_size(const struct quant_safetensors_parser *parser,
                                    const struct quant_tensor_info *info)
{
    char text[SHAPE_TEXT];
    uint64_t nbytes = 0;
    const enum quant_status status =
        quant_safetensors_count_bytes(info->type, info->dims, info->ndim, &nbytes);
    if (status == QUANT_OK && nbytes == info->nbytes)
        return QUANT_OK;
    shape_text(info, text);
    if (status == QUANT_OUT_OF_RANGE)
        return quant_safetensors_tensor_error(parser, info->name, status,
                                              "shape %s of %s is larger than any file", text,
                                              info->type->name);
    if (status != QUANT_OK)
        return quant_safetensors_tensor_error(
            parser, info->name, status, "shape %s of %s, %u bits each, does not fill whole bytes",
            text, info->type->name, info->type->bits);
    return quant_safetensors_tensor_error(
        parser, info->name, QUANT_CORRUPT,
        "data_offsets [%llu, %llu] do not match shape %s of %s (%llu bytes)",
        (unsigned long long)info->offset, (unsigned long long)(info->offset + info->nbytes), text,
        info->type->name, (unsigned long long)nbytes);
}

enum quant_status quant_safetensors_read_entry(struct quant_safetensors_parser *parser,
                                               struct quant_tensor_info *info)
{
    bool seen[NFIELDS] = {false};
    bool found = true;
    *info = (struct quant_tensor_info){
        .name = quant_arena_join(parser->arena, parser->key.bytes, ""),
        .byte_order = QUANT_LITTLE,
        .order = QUANT_ORDER_C,
        .positional = true,
    };
    if (!info->name)
        return quant_error_no_memory(parser->error, parser->key.length + 1, "tensor name");
    enum quant_status status = quant_json_scan_expect(parser->scan, '{', parser->error);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = quant_safetensors_next_key(parser, is_first, &found);
        if (status == QUANT_OK && found)
            status = read_field(parser, info, seen);
    }
    for (size_t i = 0; status == QUANT_OK && i < NFIELDS; i++)
        if (!seen[i])
            status = quant_safetensors_tensor_error(parser, info->name, QUANT_CORRUPT,
                                                    "it has no '%s'", fields[i].key);
    return status == QUANT_OK ? check_size(parser, info) : status;
}
