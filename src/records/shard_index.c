/* SPDX-License-Identifier: MIT */
#include "records/shard_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/growing_list.h"
#include "records/json_print.h"
#include "records/json_skip.h"
#include "records/json_text.h"

struct reading {
    struct quant_source *source;
    struct quant_json_scan *scan; /* owned */
    struct quant_json_text key;
    struct quant_json_text text;
    struct quant_shard_index *index;
    size_t metadata_room;
    bool has_map;
    bool has_metadata;
    struct quant_error *error;
};

static enum quant_status corrupt(const struct reading *reading, const char *what, const char *name)
{
    return quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                              "not an index of shards: %s '%.200s'", what, name);
}

/* The next key of an object and the colon; *found is false at its end. */
static enum quant_status next_key(struct reading *reading, bool is_first, bool *found)
{
    struct quant_json_scan *scan = reading->scan;
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, reading->error);
    if (status != QUANT_OK)
        return status;
    *found = byte != '}';
    if (byte != '}' && !is_first && byte != ',')
        return quant_json_scan_unexpected(scan, "',' or '}'", reading->error);
    if (byte == '}' || !is_first)
        quant_json_scan_skip(scan);
    if (!*found)
        return QUANT_OK;
    status = quant_json_scan_text(scan, "key", &reading->key, reading->error);
    return status == QUANT_OK ? quant_json_scan_expect(scan, ':', reading->error) : status;
}

static bool is_plain_name(const char *name)
{
    return name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* ---- The map ---- */

/* Most entries name the same shard as the one before. */
static const char *keep_shard(struct quant_shard_index *index, const char *shard)
{
    if (index->n > 0 && strcmp(index->entries[index->n - 1].shard, shard) == 0)
        return index->entries[index->n - 1].shard;
    return quant_arena_join(&index->arena, shard, "");
}

bool quant_shard_index_add(struct quant_shard_index *index, const char *tensor, const char *shard)
{
    struct quant_growing_list list = {index->entries, index->n, index->room};
    const struct quant_shard_entry entry = {quant_arena_join(&index->arena, tensor, ""),
                                            keep_shard(index, shard)};
    if (!entry.tensor || !entry.shard || !quant_growing_list_add(&list, &entry, sizeof entry))
        return false;
    index->entries = list.items;
    index->n = list.n;
    index->room = list.room;
    return true;
}

static enum quant_status read_entry(struct reading *reading)
{
    enum quant_status status =
        quant_json_scan_text(reading->scan, "shard", &reading->text, reading->error);
    if (status == QUANT_OK && !is_plain_name(reading->text.bytes))
        status =
            corrupt(reading, "a shard is the name of a file beside it, not", reading->text.bytes);
    if (status == QUANT_OK &&
        !quant_shard_index_add(reading->index, reading->key.bytes, reading->text.bytes))
        status = quant_error_no_memory(reading->error, reading->key.length, "index");
    return status;
}

/* ---- Metadata ---- */

/* The text of the value that is next, as it is in the file. */
static enum quant_status copy_value(struct reading *reading, char **value)
{
    int byte;
    enum quant_status status = quant_json_scan_token(reading->scan, &byte, reading->error);
    const uint64_t begin = quant_json_scan_offset(reading->scan);
    if (status == QUANT_OK)
        status = quant_json_skip_value(reading->scan, reading->error);
    if (status != QUANT_OK)
        return status;
    const size_t length = (size_t)(quant_json_scan_offset(reading->scan) - begin);
    *value = quant_arena_take(&reading->index->arena, length + 1);
    if (!*value)
        return quant_error_no_memory(reading->error, length + 1, "index");
    (*value)[length] = '\0';
    return quant_source_read_exactly(reading->source, begin, *value, length, reading->error);
}

static enum quant_status read_metadata(struct reading *reading)
{
    struct quant_shard_index *index = reading->index;
    char *value = NULL;
    if (strcmp(reading->key.bytes, "total_size") == 0)
        return quant_json_skip_value(reading->scan, reading->error);
    struct quant_growing_list list = {index->metadata, index->nmetadata, reading->metadata_room};
    const char *key = quant_arena_join(&index->arena, reading->key.bytes, "");
    const enum quant_status status = copy_value(reading, &value);
    if (status != QUANT_OK)
        return status;
    const struct quant_shard_metadata pair = {key, value};
    if (!key || !quant_growing_list_add(&list, &pair, sizeof pair))
        return quant_error_no_memory(reading->error, reading->key.length + 1, "index");
    index->metadata = list.items;
    index->nmetadata = list.n;
    reading->metadata_room = list.room;
    return QUANT_OK;
}

/* ---- All of it ---- */

static enum quant_status read_object(struct reading *reading,
                                     enum quant_status (*member)(struct reading *reading))
{
    enum quant_status status = quant_json_scan_expect(reading->scan, '{', reading->error);
    bool found = true;
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = next_key(reading, is_first, &found);
        if (status == QUANT_OK && found)
            status = member(reading);
    }
    return status;
}

static enum quant_status read_member(struct reading *reading)
{
    const bool is_map = strcmp(reading->key.bytes, "weight_map") == 0;
    const bool is_metadata = strcmp(reading->key.bytes, "metadata") == 0;
    if ((is_map && reading->has_map) || (is_metadata && reading->has_metadata))
        return corrupt(reading, "duplicate key", reading->key.bytes);
    reading->has_map = reading->has_map || is_map;
    reading->has_metadata = reading->has_metadata || is_metadata;
    if (is_map)
        return read_object(reading, read_entry);
    return is_metadata ? read_object(reading, read_metadata)
                       : quant_json_skip_value(reading->scan, reading->error);
}

static int compare_entries(const void *a, const void *b)
{
    const struct quant_shard_entry *first = a;
    const struct quant_shard_entry *second = b;
    return strcmp(first->tensor, second->tensor);
}

void quant_shard_index_sort(struct quant_shard_index *index)
{
    if (index->n > 0)
        qsort(index->entries, index->n, sizeof *index->entries, compare_entries);
}

static enum quant_status sort(struct reading *reading)
{
    struct quant_shard_index *index = reading->index;
    quant_shard_index_sort(index);
    for (size_t i = 1; i < index->n; i++)
        if (strcmp(index->entries[i - 1].tensor, index->entries[i].tensor) == 0)
            return corrupt(reading, "duplicate tensor", index->entries[i].tensor);
    return QUANT_OK;
}

static enum quant_status read_all(struct reading *reading)
{
    int byte;
    enum quant_status status = read_object(reading, read_member);
    if (status == QUANT_OK)
        status = quant_json_scan_token(reading->scan, &byte, reading->error);
    if (status == QUANT_OK && byte != QUANT_JSON_END)
        status = quant_json_scan_unexpected(reading->scan, "the end of the index", reading->error);
    if (status == QUANT_OK && !reading->has_map)
        status = corrupt(reading, "there is no key", "weight_map");
    return status == QUANT_OK ? sort(reading) : status;
}

enum quant_status quant_shard_index_read(struct quant_source *source,
                                         struct quant_shard_index *index, struct quant_error *error)
{
    struct reading reading = {
        .source = source, .scan = malloc(sizeof *reading.scan), .index = index, .error = error};
    *index = (struct quant_shard_index){.n = 0};
    if (!reading.scan)
        return quant_error_no_memory(error, sizeof *reading.scan, "buffers");
    quant_json_scan_init(reading.scan, source);
    const enum quant_status status = read_all(&reading);
    quant_json_text_release(&reading.key);
    quant_json_text_release(&reading.text);
    free(reading.scan);
    return status;
}

const struct quant_shard_entry *quant_shard_index_find(const struct quant_shard_index *index,
                                                       const char *tensor)
{
    const struct quant_shard_entry wanted = {tensor, NULL};
    return index->n > 0
               ? bsearch(&wanted, index->entries, index->n, sizeof *index->entries, compare_entries)
               : NULL;
}

/* ---- Writing ---- */

static void print(const struct quant_shard_index *index, uint64_t total_nbytes,
                  struct quant_json_printer *printer)
{
    quant_json_open(printer, '{');
    quant_json_key(printer, "metadata");
    quant_json_open(printer, '{');
    for (size_t i = 0; i < index->nmetadata; i++) {
        quant_json_key(printer, index->metadata[i].key);
        quant_json_raw(printer, index->metadata[i].value);
    }
    quant_json_key(printer, "total_size");
    quant_json_size(printer, total_nbytes);
    quant_json_close(printer, '}');
    quant_json_key(printer, "weight_map");
    quant_json_open(printer, '{');
    for (size_t i = 0; i < index->n; i++) {
        quant_json_key(printer, index->entries[i].tensor);
        quant_json_string(printer, index->entries[i].shard);
    }
    quant_json_close(printer, '}');
    quant_json_close(printer, '}');
    quant_json_raw(printer, "\n");
}

bool quant_shard_index_print(const struct quant_shard_index *index, uint64_t total_nbytes,
                             char **text, size_t *nbytes)
{
    struct quant_json_printer printer = {.is_indented = true};
    print(index, total_nbytes, &printer);
    *text = printer.text;
    *nbytes = printer.length;
    if (!printer.no_memory)
        return true;
    free(printer.text);
    *text = NULL;
    return false;
}

void quant_shard_index_release(struct quant_shard_index *index)
{
    free(index->entries);
    free(index->metadata);
    quant_arena_release(&index->arena);
    *index = (struct quant_shard_index){.n = 0};
}
