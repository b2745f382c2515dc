/* SPDX-License-Identifier: MIT */
#include "records/shard_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/growing_list.h"
#include "records/json_check.h"
#include "records/json_print.h"
#include "records/json_skip.h"
#include "records/json_text.h"
#include "records/name_set.h"

struct reading {
    struct quant_source *source;
    struct quant_json_scan *scan; /* owned */
    struct quant_json_text key;
    struct quant_json_text text;
    struct quant_shard_index *index;
    size_t metadata_room;
    bool has_map;
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

/* It is written as it is here, so that it is checked again where it changed after it was passed. */
static enum quant_status check_value(const struct reading *reading, const char *value,
                                     size_t length, uint64_t begin)
{
    struct quant_json_fault fault;
    char printed[QUANT_JSON_FAULT_TEXT];
    size_t longest;
    if (quant_json_check(value, length, &longest, &fault))
        return QUANT_OK;
    return quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                              "not an index of shards: %s at byte %llu",
                              quant_json_fault_print(&fault, value, length, printed),
                              (unsigned long long)(begin + fault.at));
}

/* The text of the value that is next, as it is in the file. */
static enum quant_status copy_value(struct reading *reading, char **value)
{
    int byte;
    enum quant_status status = quant_json_scan_token(reading->scan, &byte, reading->error);
    const uint64_t begin = quant_json_scan_offset(reading->scan);
    if (status == QUANT_OK)
        status = quant_json_skip_value(reading->scan, false, reading->error);
    if (status != QUANT_OK)
        return status;
    const size_t length = (size_t)(quant_json_scan_offset(reading->scan) - begin);
    *value = quant_arena_take(&reading->index->arena, length + 1);
    if (!*value)
        return quant_error_no_memory(reading->error, length + 1, "index");
    (*value)[length] = '\0';
    status = quant_source_read_exactly(reading->source, begin, *value, length, reading->error);
    return status == QUANT_OK ? check_value(reading, *value, length, begin) : status;
}

static enum quant_status read_metadata(struct reading *reading)
{
    struct quant_shard_index *index = reading->index;
    char *value = NULL;
    if (strcmp(reading->key.bytes, "total_size") == 0)
        return quant_json_skip_value(reading->scan, false, reading->error);
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

/* Tensors are sorted later, and then their duplicates are found. */
static enum quant_status read_members(struct reading *reading, struct quant_name_set *names,
                                      enum quant_status (*member)(struct reading *reading))
{
    enum quant_status status = quant_json_scan_expect(reading->scan, '{', reading->error);
    bool found = true;
    uint64_t offset = 0;
    for (bool is_first = true; status == QUANT_OK && found; is_first = false) {
        status = next_key(reading, is_first, &found);
        if (status == QUANT_OK && found && member != read_entry &&
            !quant_name_set_add(names, reading->key.bytes, quant_json_scan_offset(reading->scan)))
            status = quant_error_no_memory(reading->error, reading->key.length, "index");
        if (status == QUANT_OK && found)
            status = member(reading);
    }
    if (status == QUANT_OK && quant_name_set_find_duplicate(names, &offset))
        status = quant_source_error(reading->source, reading->error, QUANT_CORRUPT,
                                    "not an index of shards: duplicate key before byte %llu",
                                    (unsigned long long)offset);
    return status;
}

static enum quant_status read_object(struct reading *reading,
                                     enum quant_status (*member)(struct reading *reading))
{
    struct quant_name_set names = {.n = 0};
    const enum quant_status status = read_members(reading, &names, member);
    quant_name_set_release(&names);
    return status;
}

static enum quant_status read_member(struct reading *reading)
{
    if (strcmp(reading->key.bytes, "metadata") == 0)
        return read_object(reading, read_metadata);
    if (strcmp(reading->key.bytes, "weight_map") != 0)
        return quant_json_skip_value(reading->scan, false, reading->error);
    reading->has_map = true;
    return read_object(reading, read_entry);
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
    if (status == QUANT_OK)
        status = sort(reading);
    return status == QUANT_OK ? quant_source_check_unchanged(reading->source, reading->error)
                              : status;
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
    reading.scan->prefix = "not an index of shards: ";
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
