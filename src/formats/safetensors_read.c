/* SPDX-License-Identifier: MIT */
/*
 * The header of a safetensors file, by the rules of the reference implementation: the length is at
 * most 100,000,000 bytes, which are there before anything is allocated for them; the ranges of the
 * tensors follow one another from the first byte after the header to the last of the file, without
 * a hole or an overlap; each range is as long as type and shape say. Two tensors of one name, which
 * the reference does not see, are refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/source_window.h"
#include "formats/safetensors.h"
#include "records/json_skip.h"
#include "records/json_text.h"

/* One field of each kind has been seen. */
enum { HAS_DTYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

struct reading {
    struct quant_tensor_file *file;
    struct quant_json_scan *scan; /* of the header */
    struct quant_json_text key;
    struct quant_json_text text;
    struct quant_tensor_info *tensors; /* owned while they grow */
    size_t n;
    size_t room;
    struct quant_metadata_pair *metadata; /* owned while they grow */
    size_t nmetadata;
    size_t metadata_room;
    bool has_metadata;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct reading *reading)
{
    return quant_error_no_memory(reading->error, sizeof(struct quant_tensor_info), "catalogue");
}

static enum quant_status corrupt(const struct reading *reading, const char *name, const char *what)
{
    return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                              "tensor '%.200s' %s", name, what);
}

/* ---- Lists that grow ---- */

static void *grow(void *list, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return list;
    const size_t larger = *room ? 2 * *room : 16;
    void *grown = realloc(list, larger * size);
    if (grown)
        *room = larger;
    return grown;
}

static char *keep(struct reading *reading, const struct quant_json_text *text)
{
    return quant_arena_join(&reading->file->arena, text->bytes, "");
}

/* ---- Objects ---- */

/* The next key of an object into reading->key, up to its colon; *found is false at its end. */
static enum quant_status next_key(struct reading *reading, bool is_first, bool *found)
{
    struct quant_json_scan *scan = reading->scan;
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, reading->error);
    *found = false;
    if (status == QUANT_OK && byte == '}') {
        quant_json_scan_skip(scan);
        return QUANT_OK;
    }
    if (status == QUANT_OK && !is_first) {
        if (byte != ',')
            return quant_json_scan_unexpected(scan, "',' or '}'", reading->error);
        quant_json_scan_skip(scan);
    }
    if (status == QUANT_OK)
        status = quant_json_scan_text(scan, is_first && byte != '"' ? "key or '}'" : "name",
                                      QUANT_SAFETENSORS_HEADER_MOST, &reading->key, reading->error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(scan, ':', reading->error);
    *found = status == QUANT_OK;
    return status;
}

static enum quant_status read_metadata(struct reading *reading)
{
    enum quant_status status = quant_json_scan_expect(reading->scan, '{', reading->error);
    bool found = true;
    if (status == QUANT_OK && reading->has_metadata)
        return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                                  "'__metadata__' is a duplicate key");
    reading->has_metadata = true;
    while (status == QUANT_OK) {
        status = next_key(reading, reading->nmetadata == 0, &found);
        if (status != QUANT_OK || !found)
            break;
        status =
            quant_json_scan_text(reading->scan, "value of '__metadata__'",
                                 QUANT_SAFETENSORS_HEADER_MOST, &reading->text, reading->error);
        if (status != QUANT_OK)
            break;
        void *grown = grow(reading->metadata, reading->nmetadata, &reading->metadata_room,
                           sizeof *reading->metadata);
        if (!grown)
            return no_memory(reading);
        reading->metadata = grown;
        const struct quant_metadata_pair pair = {keep(reading, &reading->key),
                                                 keep(reading, &reading->text)};
        if (!pair.key || !pair.value)
            return no_memory(reading);
        reading->metadata[reading->nmetadata++] = pair;
    }
    return status;
}

/* ---- One tensor ---- */

static void list_types(char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; quant_safetensors_type_at(i) && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i > 0 ? " " : "",
                                 quant_safetensors_type_at(i)->name);
}

static enum quant_status read_type(struct reading *reading, struct quant_tensor_info *info)
{
    char types[256];
    const enum quant_status status =
        quant_json_scan_text(reading->scan, "dtype", 64, &reading->text, reading->error);
    if (status != QUANT_OK)
        return status;
    info->type = quant_safetensors_type_from_name(reading->text.bytes);
    if (info->type)
        return QUANT_OK;
    list_types(types, sizeof types);
    return quant_source_error(reading->file->source, reading->error, QUANT_UNSUPPORTED,
                              "tensor '%.200s' has an unknown dtype '%s'; known are %s", info->name,
                              reading->text.bytes, types);
}

/* An array of integers, at most `most` of them. */
static enum quant_status read_integers(struct reading *reading, uint64_t *values, uint32_t most,
                                       uint32_t *n)
{
    struct quant_json_scan *scan = reading->scan;
    int byte;
    enum quant_status status = quant_json_scan_expect(scan, '[', reading->error);
    *n = 0;
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, reading->error);
    if (status == QUANT_OK && byte == ']') {
        quant_json_scan_skip(scan);
        return QUANT_OK;
    }
    while (status == QUANT_OK) {
        uint64_t value = 0;
        status = quant_json_scan_dimension(scan, &value, reading->error);
        if (status == QUANT_OK && *n == most)
            return quant_source_error(scan->source, reading->error, QUANT_UNSUPPORTED,
                                      "more than %u integers in an array of its header", most);
        if (status == QUANT_OK)
            values[(*n)++] = value;
        if (status == QUANT_OK)
            status = quant_json_scan_token(scan, &byte, reading->error);
        if (status == QUANT_OK && byte != ',' && byte != ']')
            status = quant_json_scan_unexpected(scan, "',' or ']'", reading->error);
        if (status != QUANT_OK)
            break;
        quant_json_scan_skip(scan);
        if (byte == ']')
            break;
    }
    return status;
}

static enum quant_status read_shape(struct reading *reading, struct quant_tensor_info *info)
{
    enum { MOST_DIMS = 1024 };
    uint64_t values[MOST_DIMS];
    const enum quant_status status = read_integers(reading, values, MOST_DIMS, &info->ndim);
    if (status != QUANT_OK)
        return status;
    uint64_t *dims =
        quant_arena_take(&reading->file->arena, info->ndim * sizeof *dims + sizeof *dims);
    if (!dims)
        return no_memory(reading);
    memcpy(dims, values, info->ndim * sizeof *dims);
    info->dims = dims;
    return QUANT_OK;
}

static enum quant_status read_offsets(struct reading *reading, struct quant_tensor_info *info)
{
    uint64_t ends[2];
    uint32_t n = 0;
    const enum quant_status status = read_integers(reading, ends, 2, &n);
    if (status != QUANT_OK)
        return status;
    if (n != 2 || ends[0] > ends[1])
        return corrupt(reading, info->name, "has data_offsets that are not a range");
    info->offset = ends[0];
    info->nbytes = ends[1] - ends[0];
    return QUANT_OK;
}

static enum quant_status read_field(struct reading *reading, struct quant_tensor_info *info,
                                    unsigned *seen)
{
    static const struct {
        const char *key;
        unsigned bit;
        enum quant_status (*read)(struct reading *reading, struct quant_tensor_info *info);
    } fields[] = {{"dtype", HAS_DTYPE, read_type},
                  {"shape", HAS_SHAPE, read_shape},
                  {"data_offsets", HAS_OFFSETS, read_offsets}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(reading->key.bytes, fields[i].key) != 0)
            continue;
        if (*seen & fields[i].bit)
            return corrupt(reading, info->name, "has a duplicate key");
        *seen |= fields[i].bit;
        return fields[i].read(reading, info);
    }
    return quant_json_skip_value(reading->scan, reading->error);
}

/* The bytes that type and shape take; false if they do not fit 64 bits, or are not whole. */
static bool count_bytes(const struct quant_tensor_info *info, uint64_t *nbytes)
{
    uint64_t bits = info->type->bits;
    for (uint32_t i = 0; i < info->ndim; i++)
        if (!quant_checked_mul(bits, info->dims[i], &bits))
            return false;
    *nbytes = bits / 8;
    return bits % 8 == 0;
}

static enum quant_status check_size(const struct reading *reading,
                                    const struct quant_tensor_info *info)
{
    uint64_t nbytes = 0;
    if (!count_bytes(info, &nbytes))
        return corrupt(reading, info->name,
                       "has a shape that is no whole number of bytes in 64 bits");
    if (nbytes != info->nbytes)
        return quant_source_error(
            reading->file->source, reading->error, QUANT_CORRUPT,
            "tensor '%.200s' takes %llu bytes by its dtype and shape, but its "
            "data_offsets are for %llu",
            info->name, (unsigned long long)nbytes, (unsigned long long)info->nbytes);
    return QUANT_OK;
}

static enum quant_status read_tensor(struct reading *reading)
{
    struct quant_tensor_info info = {.name = keep(reading, &reading->key),
                                     .byte_order = QUANT_LITTLE,
                                     .order = QUANT_ORDER_C,
                                     .positional = true};
    unsigned seen = 0;
    bool found = true;
    if (!info.name)
        return no_memory(reading);
    enum quant_status status = quant_json_scan_expect(reading->scan, '{', reading->error);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = next_key(reading, is_first, &found);
        if (status == QUANT_OK && found)
            status = read_field(reading, &info, &seen);
    }
    if (status == QUANT_OK && seen != HAS_ALL)
        status = corrupt(reading, info.name, "needs dtype, shape and data_offsets");
    if (status == QUANT_OK)
        status = check_size(reading, &info);
    if (status != QUANT_OK)
        return status;
    void *grown = grow(reading->tensors, reading->n, &reading->room, sizeof *reading->tensors);
    if (!grown || reading->n >= UINT32_MAX - 1)
        return no_memory(reading);
    reading->tensors = grown;
    reading->tensors[reading->n++] = info;
    return QUANT_OK;
}

/* ---- All of it ---- */

static enum quant_status read_object(struct reading *reading)
{
    bool found = true;
    int byte;
    enum quant_status status = quant_json_scan_expect(reading->scan, '{', reading->error);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = next_key(reading, is_first, &found);
        if (status == QUANT_OK && found)
            status = strcmp(reading->key.bytes, "__metadata__") == 0 ? read_metadata(reading)
                                                                     : read_tensor(reading);
    }
    if (status == QUANT_OK)
        status = quant_json_scan_token(reading->scan, &byte, reading->error);
    if (status == QUANT_OK && byte != QUANT_JSON_END)
        status = quant_json_scan_unexpected(reading->scan, "the end of the header", reading->error);
    return status;
}

static int compare_offsets(const void *a, const void *b)
{
    const struct quant_tensor_info *one = a;
    const struct quant_tensor_info *other = b;
    if (one->offset != other->offset)
        return one->offset < other->offset ? -1 : 1;
    if (one->nbytes != other->nbytes)
        return one->nbytes < other->nbytes ? -1 : 1;
    return strcmp(one->name, other->name);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct quant_metadata_pair *)a)->key,
                  ((const struct quant_metadata_pair *)b)->key);
}

/* From offsets in the data to offsets in the file, each where the one before ends. */
static enum quant_status place_tensors(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    uint64_t next = 0;
    for (size_t i = 0; i < reading->n; i++) {
        struct quant_tensor_info *info = &reading->tensors[i];
        if (info->offset != next)
            return corrupt(reading, info->name,
                           info->offset < next ? "overlaps another tensor"
                                               : "does not begin where the one before it ends");
        next += info->nbytes; /* a sum of ranges one after the other: as large as the last end */
        info->offset += file->header_nbytes;
    }
    const uint64_t found = file->source->size - file->header_nbytes;
    if (next == found)
        return QUANT_OK;
    return quant_source_error(file->source, reading->error,
                              next > found ? QUANT_TRUNCATED : QUANT_CORRUPT,
                              "its tensors take %llu bytes, found %llu after the header",
                              (unsigned long long)next, (unsigned long long)found);
}

static enum quant_status check_metadata(const struct reading *reading)
{
    for (size_t i = 1; i < reading->nmetadata; i++)
        if (strcmp(reading->metadata[i - 1].key, reading->metadata[i].key) == 0)
            return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                                      "'%.200s' is a duplicate key in '__metadata__'",
                                      reading->metadata[i].key);
    return QUANT_OK;
}

/* What has grown goes to the arena, at its final size. */
static enum quant_status hand_over(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    struct quant_arena *arena = &file->arena;
    struct quant_tensor_info *tensors = quant_arena_take(arena, (reading->n + 1) * sizeof *tensors);
    uint32_t *by_name = quant_arena_take(arena, (reading->n + 1) * sizeof *by_name);
    struct quant_metadata_pair *metadata =
        quant_arena_take(arena, (reading->nmetadata + 1) * sizeof *metadata);
    if (!tensors || !by_name || !metadata)
        return no_memory(reading);
    if (reading->n > 0)
        memcpy(tensors, reading->tensors, reading->n * sizeof *tensors);
    if (reading->nmetadata > 0)
        memcpy(metadata, reading->metadata, reading->nmetadata * sizeof *metadata);
    file->tensors = tensors;
    file->n = reading->n;
    file->metadata = metadata;
    file->nmetadata = reading->nmetadata;
    return quant_tensor_file_index(file, by_name, reading->error);
}

static enum quant_status read_header(struct reading *reading)
{
    enum quant_status status = read_object(reading);
    if (status != QUANT_OK)
        return status;
    if (reading->n > 0)
        qsort(reading->tensors, reading->n, sizeof *reading->tensors, compare_offsets);
    if (reading->nmetadata > 0)
        qsort(reading->metadata, reading->nmetadata, sizeof *reading->metadata, compare_keys);
    status = check_metadata(reading);
    if (status == QUANT_OK)
        status = place_tensors(reading);
    return status == QUANT_OK ? hand_over(reading) : status;
}

/* The length says where the header ends, and the file how much of it there can be. */
static enum quant_status read_length(struct quant_source *source, uint64_t *length,
                                     struct quant_error *error)
{
    unsigned char bytes[QUANT_SAFETENSORS_LENGTH];
    const enum quant_status status =
        quant_source_read_exactly(source, 0, bytes, sizeof bytes, error);
    if (status != QUANT_OK)
        return status;
    *length = quant_load_64(bytes, false);
    if (*length > QUANT_SAFETENSORS_HEADER_MOST)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its header has %llu bytes, more than the %d of the format",
                                  (unsigned long long)*length, QUANT_SAFETENSORS_HEADER_MOST);
    if (*length > source->size - sizeof bytes)
        return quant_source_error(
            source, error, QUANT_TRUNCATED, "its header has %llu bytes, but only %llu follow",
            (unsigned long long)*length, (unsigned long long)(source->size - sizeof bytes));
    return QUANT_OK;
}

enum quant_status quant_safetensors_open(struct quant_tensor_file *file, struct quant_error *error)
{
    struct reading reading = {.file = file, .error = error};
    uint64_t length = 0;
    enum quant_status status = read_length(file->source, &length, error);
    if (status != QUANT_OK)
        return status;
    file->header_nbytes = QUANT_SAFETENSORS_LENGTH + length;
    struct quant_source *header = quant_source_window(file->source, 0, file->header_nbytes, "");
    reading.scan = malloc(sizeof *reading.scan);
    if (header && reading.scan) {
        quant_json_scan_init(reading.scan, header);
        reading.scan->offset = QUANT_SAFETENSORS_LENGTH;
        status = read_header(&reading);
    } else {
        status = no_memory(&reading);
    }
    quant_json_text_release(&reading.key);
    quant_json_text_release(&reading.text);
    free(reading.tensors);
    free(reading.metadata);
    free(reading.scan);
    quant_source_close(header);
    return status;
}
