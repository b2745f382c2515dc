/* SPDX-License-Identifier: MIT */
/*
 * The header as the reference implementation writes it: __metadata__ first, then the tensors in
 * descending order of their type, and by name among those of one; no white space, but spaces at the
 * end up to a multiple of 8 bytes, so that the data is aligned. The reference writes the keys of
 * __metadata__ in an order that changes from run to run (that of its hash map); here it is by key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "formats/safetensors.h"

enum { ALIGNMENT = 8 };

/* A text that grows. Once memory has run out, nothing more is added. */
struct text {
    char *bytes; /* owned */
    size_t length;
    size_t room;
    bool no_memory;
};

/* ---- Printing ---- */

static void put(struct text *text, const char *bytes, size_t length)
{
    enum { FIRST_ROOM = 1024 };
    if (text->no_memory)
        return;
    if (length > text->room - text->length) {
        const size_t room = 2 * text->room + length + FIRST_ROOM;
        char *larger = realloc(text->bytes, room);
        text->no_memory = !larger;
        if (!larger)
            return;
        text->bytes = larger;
        text->room = room;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_word(struct text *text, const char *word)
{
    put(text, word, strlen(word));
}

static void put_integer(struct text *text, uint64_t value)
{
    char digits[20]; /* of 2^64 */
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put(text, digits + at, sizeof digits - at);
}

/* The short form where JSON has one. */
static void put_escape(struct text *text, unsigned char byte)
{
    static const char meanings[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *meaning = strchr(meanings, byte);
    char escape[8];
    if (meaning)
        snprintf(escape, sizeof escape, "\\%c", letters[meaning - meanings]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", byte);
    put_word(text, escape);
}

/* Everything but control characters, quotes and backslashes is written as it is. */
static void put_string(struct text *text, const char *string)
{
    put_word(text, "\"");
    while (*string) {
        size_t plain = 0;
        while ((unsigned char)string[plain] >= 0x20 && string[plain] != '"' &&
               string[plain] != '\\')
            plain++;
        put(text, string, plain);
        string += plain;
        if (*string)
            put_escape(text, (unsigned char)*string++);
    }
    put_word(text, "\"");
}

static void put_metadata(struct text *text, const struct quant_metadata_pair *pairs, size_t n)
{
    put_word(text, "\"" QUANT_SAFETENSORS_METADATA "\":{");
    for (size_t i = 0; i < n; i++) {
        put_word(text, i > 0 ? "," : "");
        put_string(text, pairs[i].key);
        put_word(text, ":");
        put_string(text, pairs[i].value);
    }
    put_word(text, "}");
}

/* Its extent is still counted from the end of the header. */
static void put_tensor(struct text *text, const struct quant_container_tensor *tensor)
{
    put_string(text, tensor->name);
    put_word(text, ":{\"dtype\":\"");
    put_word(text, tensor->type->name);
    put_word(text, "\",\"shape\":[");
    for (uint32_t i = 0; i < tensor->ndim; i++) {
        put_word(text, i > 0 ? "," : "");
        put_integer(text, tensor->dims[i]);
    }
    put_word(text, "],\"data_offsets\":[");
    put_integer(text, tensor->data.offset);
    put_word(text, ",");
    put_integer(text, tensor->data.offset + tensor->data.nbytes);
    put_word(text, "]}");
}

/* ---- Order and places ---- */

struct layout {
    struct quant_container_tensor **tensors; /* owned; n of them, sorted by name, then by type */
    struct quant_metadata_pair *metadata;    /* owned */
    size_t n;
    size_t nmetadata;
    uint64_t data_nbytes; /* of all tensors */
    struct quant_error *error;
};

static int compare_names(const void *a, const void *b)
{
    const struct quant_container_tensor *one = *(struct quant_container_tensor *const *)a;
    const struct quant_container_tensor *other = *(struct quant_container_tensor *const *)b;
    return strcmp(one->name, other->name);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct quant_metadata_pair *)a)->key,
                  ((const struct quant_metadata_pair *)b)->key);
}

static enum quant_status refuse(const struct layout *layout, const char *what, const char *name)
{
    return quant_error_set(layout->error, QUANT_INVALID, "%s '%.200s'", what, name);
}

static enum quant_status check_names(struct layout *layout)
{
    quant_sort(layout->tensors, layout->n, sizeof(void *), compare_names);
    for (size_t i = 0; i < layout->n; i++) {
        const char *name = layout->tensors[i]->name;
        if (i > 0 && strcmp(layout->tensors[i - 1]->name, name) == 0)
            return refuse(layout, "two tensors are called", name);
        if (strcmp(name, QUANT_SAFETENSORS_METADATA) == 0)
            return refuse(layout, "no tensor of a safetensors file can be called", name);
        if (!quant_is_utf8(name))
            return refuse(layout, "a safetensors file needs names in UTF-8, unlike", name);
    }
    return QUANT_OK;
}

static enum quant_status check_metadata(struct layout *layout)
{
    qsort(layout->metadata, layout->nmetadata, sizeof *layout->metadata, compare_keys);
    for (size_t i = 0; i < layout->nmetadata; i++) {
        const struct quant_metadata_pair *pair = &layout->metadata[i];
        if (i > 0 && strcmp(layout->metadata[i - 1].key, pair->key) == 0)
            return refuse(layout, "duplicate key in " QUANT_SAFETENSORS_METADATA ":", pair->key);
        if (!quant_is_utf8(pair->key) || !quant_is_utf8(pair->value))
            return refuse(layout, "a safetensors file needs metadata in UTF-8, unlike that of",
                          pair->key);
    }
    return QUANT_OK;
}

/* Types are rows of one table, in ascending order. */
static size_t count_types(void)
{
    size_t n = 0;
    while (quant_safetensors_type_at(n))
        n++;
    return n;
}

static size_t type_of(const struct quant_container_tensor *tensor)
{
    return (size_t)(tensor->type - quant_safetensors_type_at(0));
}

/* By descending type. What is in order by name stays so within each type. */
static enum quant_status sort_by_type(struct layout *layout)
{
    const size_t ntypes = count_types();
    size_t *next = calloc(ntypes + 1, sizeof *next); /* place of the next tensor of each type */
    struct quant_container_tensor **sorted = calloc(layout->n + 1, sizeof(void *));
    if (!next || !sorted) {
        free(next);
        free(sorted);
        return quant_error_no_memory(layout->error, layout->n * sizeof(void *), "layout");
    }
    for (size_t i = 0; i < layout->n; i++)
        next[type_of(layout->tensors[i])]++;
    for (size_t type = ntypes, end = 0; type-- > 0;) {
        const size_t n = next[type];
        next[type] = end;
        end += n;
    }
    for (size_t i = 0; i < layout->n; i++)
        sorted[next[type_of(layout->tensors[i])]++] = layout->tensors[i];
    free(next);
    free(layout->tensors);
    layout->tensors = sorted;
    return QUANT_OK;
}

/* One after the other, counted from the end of the header. */
static enum quant_status place_tensors(struct layout *layout)
{
    for (size_t i = 0; i < layout->n; i++) {
        struct quant_container_tensor *tensor = layout->tensors[i];
        tensor->data.offset = layout->data_nbytes;
        const enum quant_status status = quant_safetensors_count_bytes(
            tensor->type, tensor->dims, tensor->ndim, &tensor->data.nbytes);
        if (status == QUANT_CORRUPT)
            return refuse(layout, "elements of 4 or 6 bits do not fill whole bytes in tensor",
                          tensor->name);
        if (status != QUANT_OK ||
            !quant_checked_add(layout->data_nbytes, tensor->data.nbytes, &layout->data_nbytes) ||
            layout->data_nbytes >
                (uint64_t)INT64_MAX - QUANT_SAFETENSORS_HEADER_MOST - QUANT_SAFETENSORS_LENGTH)
            return quant_error_set(layout->error, QUANT_OUT_OF_RANGE,
                                   "no file is large enough for tensor '%.200s'", tensor->name);
    }
    return QUANT_OK;
}

/* ---- All of it ---- */

static void put_header(struct text *text, const struct layout *layout)
{
    const char length[QUANT_SAFETENSORS_LENGTH] = {0};
    put(text, length, sizeof length); /* to be set at the end */
    put_word(text, "{");
    if (layout->nmetadata > 0)
        put_metadata(text, layout->metadata, layout->nmetadata);
    for (size_t i = 0; i < layout->n; i++) {
        put_word(text, i > 0 || layout->nmetadata > 0 ? "," : "");
        put_tensor(text, layout->tensors[i]);
    }
    put_word(text, "}");
    static const char spaces[ALIGNMENT] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    put(text, spaces, (ALIGNMENT - text->length % ALIGNMENT) % ALIGNMENT);
}

static enum quant_status make_header(struct layout *layout, struct quant_container_layout *result)
{
    struct text text = {.bytes = NULL};
    put_header(&text, layout);
    const size_t length = text.length - QUANT_SAFETENSORS_LENGTH;
    enum quant_status status = QUANT_OK;
    if (text.no_memory)
        status = quant_error_no_memory(layout->error, 2 * text.room, "header");
    else if (length > QUANT_SAFETENSORS_HEADER_MOST)
        status =
            quant_error_set(layout->error, QUANT_UNSUPPORTED,
                            "its header would be %zu bytes long; the safetensors format allows "
                            "%d",
                            length, QUANT_SAFETENSORS_HEADER_MOST);
    if (status != QUANT_OK) {
        free(text.bytes);
        return status;
    }
    quant_store_32_little(text.bytes, (uint32_t)length); /* the upper half stays 0 */
    result->header = (unsigned char *)text.bytes;
    result->header_nbytes = text.length;
    result->nbytes = text.length + layout->data_nbytes;
    return QUANT_OK;
}

static enum quant_status lay_out(struct layout *layout, struct quant_container_layout *result)
{
    enum quant_status status = check_names(layout);
    if (status == QUANT_OK)
        status = check_metadata(layout);
    if (status == QUANT_OK)
        status = sort_by_type(layout);
    if (status == QUANT_OK)
        status = place_tensors(layout);
    if (status == QUANT_OK)
        status = make_header(layout, result);
    for (size_t i = 0; status == QUANT_OK && i < layout->n; i++)
        layout->tensors[i]->data.offset += result->header_nbytes;
    return status;
}

enum quant_status quant_safetensors_lay_out(struct quant_container_layout *result,
                                            struct quant_error *error)
{
    struct layout layout = {.n = result->n, .nmetadata = result->nmetadata, .error = error};
    enum quant_status status;
    layout.tensors = calloc(layout.n + 1, sizeof(void *));
    layout.metadata = calloc(layout.nmetadata + 1, sizeof *layout.metadata);
    result->header = NULL;
    if (layout.tensors && layout.metadata) {
        for (size_t i = 0; i < layout.n; i++)
            layout.tensors[i] = &result->tensors[i];
        for (size_t i = 0; i < layout.nmetadata; i++)
            layout.metadata[i] = result->metadata[i];
        status = lay_out(&layout, result);
    } else {
        status = quant_error_no_memory(error, layout.n * sizeof(void *), "layout");
    }
    free(layout.tensors);
    free(layout.metadata);
    return status;
}
