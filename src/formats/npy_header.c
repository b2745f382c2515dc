/* SPDX-License-Identifier: MIT */
/* Parses the part of Python's syntax that numpy.save has used in headers since its first
 * version. */
#include "formats/npy_header.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"

struct cursor {
    const char *text;
    size_t length;
    size_t at;
    uint64_t offset; /* of the text in the file */
    const struct quant_source *source;
    struct quant_error *error;
};

static enum quant_status fail(const struct cursor *cursor, enum quant_status status,
                              const char *what)
{
    return quant_source_error(cursor->source, cursor->error, status, "%s at byte %llu", what,
                              (unsigned long long)(cursor->offset + cursor->at));
}

static enum quant_status corrupt(const struct cursor *cursor, const char *expected)
{
    char what[128];
    const unsigned char found =
        cursor->at < cursor->length ? (unsigned char)cursor->text[cursor->at] : 0;
    if (cursor->at == cursor->length)
        snprintf(what, sizeof what, "expected %s but the header ends", expected);
    else if (isprint(found))
        snprintf(what, sizeof what, "expected %s but found '%c'", expected, found);
    else
        snprintf(what, sizeof what, "expected %s but found byte 0x%02x", expected, found);
    return fail(cursor, QUANT_CORRUPT, what);
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->length && strchr(" \t\r\n", cursor->text[cursor->at]) &&
           cursor->text[cursor->at] != '\0')
        cursor->at++;
}

/* Skips white space, then the character if it is next. */
static bool take(struct cursor *cursor, char character)
{
    skip_space(cursor);
    if (cursor->at == cursor->length || cursor->text[cursor->at] != character)
        return false;
    cursor->at++;
    return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
    skip_space(cursor);
    const size_t length = strlen(word);
    if (cursor->length - cursor->at < length ||
        memcmp(cursor->text + cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

/* A string in single or double quotes, without escapes; truncated if it does not fit. */
static enum quant_status parse_string(struct cursor *cursor, char *string, size_t room)
{
    skip_space(cursor);
    const char quote = cursor->at < cursor->length ? cursor->text[cursor->at] : '\0';
    if (quote != '\'' && quote != '"')
        return corrupt(cursor, "a string");
    const char *begin = cursor->text + cursor->at + 1;
    const char *end = memchr(begin, quote, cursor->length - cursor->at - 1);
    if (!end)
        return fail(cursor, QUANT_CORRUPT, "an unterminated string");
    const size_t length = (size_t)(end - begin);
    const size_t kept = length < room - 1 ? length : room - 1;
    memcpy(string, begin, kept);
    string[kept] = '\0';
    cursor->at += length + 2;
    return QUANT_OK;
}

static enum quant_status parse_descr(struct cursor *cursor, struct quant_npy_header *header)
{
    skip_space(cursor);
    header->descr_offset = cursor->offset + cursor->at;
    if (cursor->at < cursor->length && cursor->text[cursor->at] == '[')
        return fail(cursor, QUANT_UNSUPPORTED, "a structured dtype, which is not supported,");
    return parse_string(cursor, header->descr, sizeof header->descr);
}

static enum quant_status parse_fortran_order(struct cursor *cursor, struct quant_npy_header *header)
{
    header->fortran_order = take_word(cursor, "True");
    if (!header->fortran_order && !take_word(cursor, "False"))
        return corrupt(cursor, "True or False");
    return QUANT_OK;
}

static enum quant_status parse_dimension(struct cursor *cursor, uint64_t *dimension)
{
    skip_space(cursor);
    if (cursor->at < cursor->length && cursor->text[cursor->at] == '-')
        return fail(cursor, QUANT_CORRUPT, "a negative dimension");
    const size_t begin = cursor->at;
    *dimension = 0;
    while (cursor->at < cursor->length && isdigit((unsigned char)cursor->text[cursor->at])) {
        const unsigned digit = (unsigned)(cursor->text[cursor->at] - '0');
        if (*dimension > ((uint64_t)INT64_MAX - digit) / 10)
            return fail(cursor, QUANT_OUT_OF_RANGE, "a dimension beyond 63 bits");
        *dimension = *dimension * 10 + digit;
        cursor->at++;
    }
    if (cursor->at == begin)
        return corrupt(cursor, "a dimension");
    if (*dimension != 0 && cursor->text[begin] == '0') { /* Python accepts 00, but not 04 */
        cursor->at = begin;
        return fail(cursor, QUANT_CORRUPT, "a dimension with a leading zero");
    }
    if (cursor->at < cursor->length && cursor->text[cursor->at] == 'L')
        cursor->at++; /* Python 2 wrote long integers with an L */
    return QUANT_OK;
}

/* A tuple with one element needs a comma: (7,). */
static enum quant_status parse_shape(struct cursor *cursor, struct quant_npy_header *header)
{
    if (!take(cursor, '('))
        return corrupt(cursor, "a tuple");
    bool comma = true;
    while (!take(cursor, ')')) {
        if (!comma)
            return corrupt(cursor, "a comma");
        if (header->shape.ndim == QUANT_MAX_DIMS)
            return fail(cursor, QUANT_UNSUPPORTED, "more than 64 dimensions");
        const enum quant_status status =
            parse_dimension(cursor, &header->shape.dims[header->shape.ndim]);
        if (status != QUANT_OK)
            return status;
        header->shape.ndim++;
        comma = take(cursor, ',');
    }
    if (header->shape.ndim == 1 && !comma)
        return fail(cursor, QUANT_CORRUPT, "one dimension without the comma that makes it a tuple");
    return QUANT_OK;
}

/* The three keys and the parsers of their values. */
static const struct {
    const char *name;
    enum quant_status (*parse)(struct cursor *cursor, struct quant_npy_header *header);
} keys[] = {
    {"descr", parse_descr},
    {"fortran_order", parse_fortran_order},
    {"shape", parse_shape},
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static enum quant_status parse_entry(struct cursor *cursor, bool seen[KEYS],
                                     struct quant_npy_header *header)
{
    char name[16];
    struct cursor before = *cursor;
    const enum quant_status status = parse_string(cursor, name, sizeof name);
    if (status != QUANT_OK)
        return status;
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) != 0)
            continue;
        if (seen[i])
            return fail(&before, QUANT_CORRUPT, "a duplicate key");
        seen[i] = true;
        if (!take(cursor, ':'))
            return corrupt(cursor, "a colon");
        return keys[i].parse(cursor, header);
    }
    return fail(&before, QUANT_CORRUPT, "an unknown key");
}

enum quant_status quant_npy_header_parse(const char *text, size_t length, uint64_t offset,
                                         const struct quant_source *source,
                                         struct quant_npy_header *header, struct quant_error *error)
{
    struct cursor cursor = {text, length, 0, offset, source, error};
    bool seen[KEYS] = {false};
    memset(header, 0, sizeof *header);
    if (!take(&cursor, '{'))
        return corrupt(&cursor, "a dictionary");
    bool comma = true;
    while (!take(&cursor, '}')) {
        if (!comma)
            return corrupt(&cursor, "a comma or a closing brace");
        const enum quant_status status = parse_entry(&cursor, seen, header);
        if (status != QUANT_OK)
            return status;
        comma = take(&cursor, ',');
    }
    skip_space(&cursor);
    if (cursor.at < length)
        return corrupt(&cursor, "nothing more");
    for (size_t i = 0; i < KEYS; i++)
        if (!seen[i])
            return quant_source_error(source, error, QUANT_CORRUPT, "the header has no key '%s'",
                                      keys[i].name);
    return QUANT_OK;
}

bool quant_npy_is_big(const char *descr)
{
    return *descr == '>';
}

/* ---- Writing ---- */

/* NumPy leaves room for the first axis to grow in place: to 21 digits, enough for 2^64 bits. */
enum { GROWTH_DIGITS = 21, ALIGNMENT = 64, MAGIC_AND_LENGTH = 10 };

static size_t append_shape(const struct quant_shape *shape, char *text, size_t room)
{
    size_t length = (size_t)snprintf(text, room, "(");
    for (int i = 0; i < shape->ndim; i++)
        length += (size_t)snprintf(text + length, room - length, "%s%llu", i == 0 ? "" : ", ",
                                   (unsigned long long)shape->dims[i]);
    length += (size_t)snprintf(text + length, room - length, shape->ndim == 1 ? ",)" : ")");
    return length;
}

static int digits_to_grow(const struct quant_npy_header *header)
{
    const struct quant_shape *shape = &header->shape;
    if (shape->ndim == 0)
        return 0;
    const uint64_t growing = shape->dims[header->fortran_order ? shape->ndim - 1 : 0];
    return GROWTH_DIGITS - snprintf(NULL, 0, "%llu", (unsigned long long)growing);
}

/* 64 dimensions of at most 19 digits need far less than the 65,535 bytes of version 1.0. */
_Static_assert(QUANT_MAX_DIMS * 21 + 128 + GROWTH_DIGITS + ALIGNMENT < QUANT_NPY_PREAMBLE,
               "the longest preamble must fit");

size_t quant_npy_preamble(const struct quant_npy_header *header,
                          unsigned char bytes[QUANT_NPY_PREAMBLE])
{
    char shape[QUANT_NPY_PREAMBLE - 256];
    append_shape(&header->shape, shape, sizeof shape);
    char *text = (char *)bytes + MAGIC_AND_LENGTH;
    const size_t room = QUANT_NPY_PREAMBLE - MAGIC_AND_LENGTH;
    size_t length = (size_t)snprintf(
        text, room, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }%*s", header->descr,
        header->fortran_order ? "True" : "False", shape, digits_to_grow(header), "");
    /* At least the newline; NumPy adds another 64 bytes to a header that fits exactly. */
    const size_t padding = ALIGNMENT - (MAGIC_AND_LENGTH + length + 1) % ALIGNMENT;
    memset(text + length, ' ', padding);
    text[length + padding] = '\n';
    length += padding + 1;
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    quant_store_16_little(bytes + 8, (uint16_t)length);
    return MAGIC_AND_LENGTH + length;
}
