/* SPDX-License-Identifier: MIT */
/*
 * The header of a safetensors file, by the rules of the reference implementation: its length is at
 * most 100,000,000 and within the file; the ranges of the tensors follow one another from its end
 * to the end of the file, without a hole or an overlap. Two tensors of one name, of which the
 * reference keeps the last, are refused.
 *
 * The text is parsed block by block as it is read, so a long header takes the memory of what it
 * says, not of its text. Lists grow by doubling while it is read and are copied to the arena at
 * their final size.
 */
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/growing_list.h"
#include "base/sort.h"
#include "base/source_window.h"
#include "formats/safetensors.h"
#include "formats/safetensors_entry.h"

struct reading {
    struct quant_tensor_file *file;
    struct quant_safetensors_parser parser;
    struct quant_growing_list tensors;  /* struct quant_tensor_info */
    struct quant_growing_list metadata; /* struct quant_metadata_pair */
    bool has_metadata;
    struct quant_error *error;
};

static enum quant_status add(struct quant_growing_list *list, const void *item, size_t nbytes,
                             struct quant_error *error)
{
    return quant_growing_list_add(list, item, nbytes)
               ? QUANT_OK
               : quant_error_no_memory(error, list->n * nbytes, "catalogue");
}

static void *copy_list(struct reading *reading, const struct quant_growing_list *list,
                       size_t nbytes)
{
    return quant_growing_list_keep(list, nbytes, &reading->file->arena);
}

static enum quant_status corrupt(const struct reading *reading, const char *what)
{
    return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT, "%s", what);
}

/* ---- Parsing ---- */

static enum quant_status read_tensor(struct reading *reading)
{
    struct quant_tensor_info info;
    const enum quant_status status = quant_safetensors_read_entry(&reading->parser, &info);
    return status == QUANT_OK ? add(&reading->tensors, &info, sizeof info, reading->error) : status;
}

static enum quant_status read_pair(struct reading *reading)
{
    struct quant_safetensors_parser *parser = &reading->parser;
    const enum quant_status status =
        quant_json_scan_text(parser->scan, "value", &parser->text, reading->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_metadata_pair pair = {
        quant_arena_join(parser->arena, parser->key.bytes, ""),
        quant_arena_join(parser->arena, parser->text.bytes, ""),
    };
    if (!pair.key || !pair.value)
        return quant_error_no_memory(reading->error, parser->text.length + 1, "metadata");
    return add(&reading->metadata, &pair, sizeof pair, reading->error);
}

static enum quant_status read_metadata(struct reading *reading)
{
    bool found = true;
    if (reading->has_metadata)
        return corrupt(reading, "duplicate key '" QUANT_SAFETENSORS_METADATA "'");
    reading->has_metadata = true;
    enum quant_status status = quant_json_scan_expect(reading->parser.scan, '{', reading->error);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = quant_safetensors_next_key(&reading->parser, is_first, &found);
        if (status == QUANT_OK && found)
            status = read_pair(reading);
    }
    return status;
}

static enum quant_status read_object(struct reading *reading)
{
    struct quant_json_scan *scan = reading->parser.scan;
    bool found = true;
    int byte;
    enum quant_status status = quant_json_scan_byte(scan, &byte, reading->error);
    if (status == QUANT_OK && byte != '{')
        status = quant_json_scan_unexpected(scan, "'{'", reading->error);
    if (status == QUANT_OK)
        quant_json_scan_skip(scan);
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = quant_safetensors_next_key(&reading->parser, is_first, &found);
        if (status == QUANT_OK && found)
            status = strcmp(reading->parser.key.bytes, QUANT_SAFETENSORS_METADATA) == 0
                         ? read_metadata(reading)
                         : read_tensor(reading);
    }
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, reading->error);
    if (status == QUANT_OK && byte != QUANT_JSON_END)
        status = quant_json_scan_unexpected(scan, "the end of the header", reading->error);
    return status;
}

/* ---- Order and ranges ---- */

/* Tensors without bytes lie where others begin: before them. */
static int compare_ranges(const void *a, const void *b)
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

static enum quant_status check_metadata(struct reading *reading)
{
    const struct quant_metadata_pair *pairs = reading->metadata.items;
    if (reading->metadata.n > 0)
        qsort(reading->metadata.items, reading->metadata.n, sizeof *pairs, compare_keys);
    for (size_t i = 1; i < reading->metadata.n; i++)
        if (strcmp(pairs[i - 1].key, pairs[i].key) == 0)
            return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                                      "duplicate key '%.200s' in '" QUANT_SAFETENSORS_METADATA "'",
                                      pairs[i].key);
    return QUANT_OK;
}

static enum quant_status check_range(const struct reading *reading,
                                     const struct quant_tensor_info *info, uint64_t expected)
{
    if (info->offset == expected)
        return QUANT_OK;
    return quant_safetensors_tensor_error(
        &reading->parser, info->name, QUANT_CORRUPT, "data_offsets [%llu, %llu] %s byte %llu",
        (unsigned long long)info->offset, (unsigned long long)(info->offset + info->nbytes),
        info->offset > expected ? "leave a hole from" : "overlap a tensor that ends at",
        (unsigned long long)expected);
}

/* Each tensor begins where the one before it ends, the first at 0, and the last ends with the file.
 * Sums cannot overflow: each is an end that was read. */
static enum quant_status place_tensors(const struct reading *reading,
                                       struct quant_tensor_info *tensors)
{
    const struct quant_tensor_file *file = reading->file;
    const uint64_t found = file->source->size - file->header_nbytes;
    uint64_t end = 0;
    for (size_t i = 0; i < file->n; i++) {
        const enum quant_status status = check_range(reading, &tensors[i], end);
        if (status != QUANT_OK)
            return status;
        end = tensors[i].offset + tensors[i].nbytes;
        tensors[i].offset += file->header_nbytes;
    }
    if (end == found)
        return QUANT_OK;
    return quant_source_error(
        file->source, reading->error, end > found ? QUANT_TRUNCATED : QUANT_CORRUPT,
        "its tensors need %llu bytes from byte %llu on, found %llu", (unsigned long long)end,
        (unsigned long long)file->header_nbytes, (unsigned long long)found);
}

/* ---- All of it ---- */

static enum quant_status make_catalogue(struct reading *reading)
{
    struct quant_tensor_file *file = reading->file;
    struct quant_tensor_info *tensors = copy_list(reading, &reading->tensors, sizeof *tensors);
    struct quant_metadata_pair *metadata = copy_list(reading, &reading->metadata, sizeof *metadata);
    if (!tensors || !metadata)
        return quant_error_no_memory(reading->error, file->n * sizeof *tensors, "catalogue");
    file->tensors = tensors;
    file->n = reading->tensors.n;
    file->metadata = metadata;
    file->nmetadata = reading->metadata.n;
    const enum quant_status status = quant_tensor_file_index(file, reading->error);
    return status == QUANT_OK ? place_tensors(reading, tensors) : status;
}

static enum quant_status read_header(struct reading *reading)
{
    enum quant_status status = read_object(reading);
    if (status == QUANT_OK)
        quant_sort(reading->tensors.items, reading->tensors.n, sizeof(struct quant_tensor_info),
                   compare_ranges);
    if (status == QUANT_OK)
        status = check_metadata(reading);
    return status == QUANT_OK ? make_catalogue(reading) : status;
}

/* The length is only believed as far as the file goes. */
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
        return quant_source_error(source, error, QUANT_OUT_OF_RANGE,
                                  "the header's length is %llu, more than %d bytes",
                                  (unsigned long long)*length, QUANT_SAFETENSORS_HEADER_MOST);
    if (*length > source->size - sizeof bytes)
        return quant_source_error(source, error, QUANT_TRUNCATED,
                                  "the header ends at byte %llu, but the file at byte %llu",
                                  (unsigned long long)(*length + sizeof bytes),
                                  (unsigned long long)source->size);
    return QUANT_OK;
}

enum quant_status quant_safetensors_open(struct quant_tensor_file *file, struct quant_error *error)
{
    struct reading reading = {.file = file, .error = error};
    struct quant_safetensors_parser *parser = &reading.parser;
    uint64_t length = 0;
    enum quant_status status = read_length(file->source, &length, error);
    if (status != QUANT_OK)
        return status;
    file->header_nbytes = QUANT_SAFETENSORS_LENGTH + length;
    struct quant_source *header = quant_source_window(file->source, 0, file->header_nbytes, "");
    parser->scan = malloc(sizeof *parser->scan);
    parser->arena = &file->arena;
    parser->error = error;
    if (header && parser->scan) {
        quant_json_scan_init(parser->scan, header);
        parser->scan->offset = QUANT_SAFETENSORS_LENGTH;
        status = read_header(&reading);
    } else {
        status = quant_error_no_memory(error, sizeof *parser->scan, "read buffer");
    }
    quant_json_text_release(&parser->key);
    quant_json_text_release(&parser->text);
    free(reading.tensors.items);
    free(reading.metadata.items);
    free(parser->scan);
    quant_source_close(header);
    return status;
}
