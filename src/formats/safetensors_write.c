/* SPDX-License-Identifier: MIT */
/*
 * The header as the reference implementation writes it: tensors in descending order of their type,
 * then by name; __metadata__ first, its keys in order; no white space, but blanks at the end up to
 * a multiple of 8 bytes, so that the data is aligned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "formats/safetensors.h"

enum { ALIGNMENT = 8 };

/* A text that grows; after no_memory nothing more is added. */
struct header {
    char *text; /* owned */
    size_t length;
    size_t room;
    bool no_memory;
};

static void put(struct header *header, const char *text, size_t length)
{
    if (header->no_memory)
        return;
    if (length > header->room - header->length) {
        const size_t room = 2 * header->room + length + 1024;
        char *larger = realloc(header->text, room);
        if (!larger) {
            header->no_memory = true;
            return;
        }
        header->text = larger;
        header->room = room;
    }
    memcpy(header->text + header->length, text, length);
    header->length += length;
}

static void put_text(struct header *header, const char *text)
{
    put(header, text, strlen(text));
}

static void put_integer(struct header *header, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_text(header, text);
}

/* Control characters, quotes and backslashes are escaped, everything else is as it is. */
static void put_escaped(struct header *header, unsigned char byte)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *place = strchr(named, byte);
    char text[8];
    if (place)
        snprintf(text, sizeof text, "\\%c", letters[place - named]);
    else
        snprintf(text, sizeof text, "\\u%04x", byte);
    put_text(header, text);
}

static void put_string(struct header *header, const char *text)
{
    put(header, "\"", 1);
    while (*text) {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        put(header, text, plain);
        text += plain;
        if (*text)
            put_escaped(header, (unsigned char)*text++);
    }
    put(header, "\"", 1);
}

static void put_metadata(struct header *header, const struct quant_metadata_pair *pairs, size_t n)
{
    put_text(header, "\"__metadata__\":{");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            put(header, ",", 1);
        put_string(header, pairs[i].key);
        put(header, ":", 1);
        put_string(header, pairs[i].value);
    }
    put(header, "}", 1);
}

/* Its range is still counted from the end of the header. */
static void put_tensor(struct header *header, const struct quant_container_tensor *tensor)
{
    put_string(header, tensor->name);
    put_text(header, ":{\"dtype\":\"");
    put_text(header, tensor->type->name);
    put_text(header, "\",\"shape\":[");
    for (uint32_t i = 0; i < tensor->ndim; i++) {
        if (i > 0)
            put(header, ",", 1);
        put_integer(header, tensor->dims[i]);
    }
    put_text(header, "],\"data_offsets\":[");
    put_integer(header, tensor->data.offset);
    put(header, ",", 1);
    put_integer(header, tensor->data.offset + tensor->data.nbytes);
    put_text(header, "]}");
}

/* ---- Order and places ---- */

static int compare_tensors(const void *a, const void *b)
{
    const struct quant_container_tensor *one = *(struct quant_container_tensor *const *)a;
    const struct quant_container_tensor *other = *(struct quant_container_tensor *const *)b;
    if (one->type != other->type)
        return one->type > other->type ? -1 : 1; /* rows of one table, in ascending order */
    return strcmp(one->name, other->name);
}

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

static enum quant_status check_names(struct quant_container_tensor **tensors, size_t n,
                                     struct quant_error *error)
{
    qsort(tensors, n, sizeof(struct quant_container_tensor *), compare_names);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(tensors[i - 1]->name, tensors[i]->name) == 0)
            return quant_error_set(error, QUANT_INVALID, "two tensors are called '%.200s'",
                                   tensors[i]->name);
        if (strcmp(tensors[i]->name, "__metadata__") == 0)
            return quant_error_set(error, QUANT_INVALID,
                                   "a tensor cannot be called '__metadata__' in this format");
    }
    return QUANT_OK;
}

static bool count_bytes(const struct quant_container_tensor *tensor, uint64_t *nbytes)
{
    uint64_t bits = tensor->type->bits;
    for (uint32_t i = 0; i < tensor->ndim; i++)
        if (!quant_checked_mul(bits, tensor->dims[i], &bits))
            return false;
    *nbytes = bits / 8;
    return bits % 8 == 0;
}

static enum quant_status place_tensors(struct quant_container_tensor **tensors, size_t n,
                                       uint64_t *total, struct quant_error *error)
{
    *total = 0;
    qsort(tensors, n, sizeof(struct quant_container_tensor *), compare_tensors);
    for (size_t i = 0; i < n; i++) {
        tensors[i]->data.offset = *total;
        if (!count_bytes(tensors[i], &tensors[i]->data.nbytes) ||
            !quant_checked_add(*total, tensors[i]->data.nbytes, total) || *total > INT64_MAX / 2)
            return quant_error_set(error, QUANT_UNSUPPORTED, "tensor '%.200s' is too large",
                                   tensors[i]->name);
    }
    return QUANT_OK;
}

/* ---- The header ---- */

static void put_header(struct header *header, struct quant_container_tensor **tensors, size_t n,
                       const struct quant_metadata_pair *metadata, size_t nmetadata)
{
    const char length[QUANT_SAFETENSORS_LENGTH] = {0};
    put(header, length, sizeof length); /* set at the end */
    put(header, "{", 1);
    if (nmetadata > 0)
        put_metadata(header, metadata, nmetadata);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 || nmetadata > 0)
            put(header, ",", 1);
        put_tensor(header, tensors[i]);
    }
    put(header, "}", 1);
    const char blanks[ALIGNMENT + 1] = "        ";
    put(header, blanks, (ALIGNMENT - header->length % ALIGNMENT) % ALIGNMENT);
}

static enum quant_status print_header(struct quant_container_layout *layout,
                                      struct quant_container_tensor **tensors,
                                      const struct quant_metadata_pair *metadata,
                                      struct quant_error *error)
{
    struct header header = {.text = NULL};
    put_header(&header, tensors, layout->n, metadata, layout->nmetadata);
    if (header.no_memory) {
        free(header.text);
        return quant_error_no_memory(error, header.room, "header");
    }
    const size_t length = header.length - QUANT_SAFETENSORS_LENGTH;
    if (length > QUANT_SAFETENSORS_HEADER_MOST) {
        free(header.text);
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "the header would have %zu bytes, more than the %d of the format",
                               length, QUANT_SAFETENSORS_HEADER_MOST);
    }
    quant_store_64_little((unsigned char *)header.text, length);
    layout->header = (unsigned char *)header.text;
    layout->header_nbytes = header.length;
    return QUANT_OK;
}

static enum quant_status lay_out(struct quant_container_layout *layout,
                                 struct quant_container_tensor **tensors,
                                 struct quant_metadata_pair *metadata, struct quant_error *error)
{
    uint64_t total = 0;
    for (size_t i = 0; i < layout->n; i++)
        tensors[i] = &layout->tensors[i];
    if (layout->nmetadata > 0)
        memcpy(metadata, layout->metadata, layout->nmetadata * sizeof *metadata);
    qsort(metadata, layout->nmetadata, sizeof *metadata, compare_keys);
    enum quant_status status = check_names(tensors, layout->n, error);
    if (status == QUANT_OK)
        status = place_tensors(tensors, layout->n, &total, error);
    if (status == QUANT_OK)
        status = print_header(layout, tensors, metadata, error);
    if (status != QUANT_OK)
        return status;
    for (size_t i = 0; i < layout->n; i++)
        tensors[i]->data.offset += layout->header_nbytes;
    layout->nbytes = layout->header_nbytes + total;
    return QUANT_OK;
}

enum quant_status quant_safetensors_lay_out(struct quant_container_layout *layout,
                                            struct quant_error *error)
{
    struct quant_container_tensor **tensors =
        malloc((layout->n + 1) * sizeof(struct quant_container_tensor *));
    struct quant_metadata_pair *metadata = malloc((layout->nmetadata + 1) * sizeof *metadata);
    enum quant_status status = QUANT_NO_MEMORY;
    if (tensors && metadata)
        status = lay_out(layout, tensors, metadata, error);
    else
        quant_error_no_memory(error, layout->n * sizeof(struct quant_container_tensor *), "layout");
    free(metadata);
    free(tensors);
    return status;
}
