/* SPDX-License-Identifier: MIT */
/* Parses the head and then one entry at a time: small cJSON trees, of which one is in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/document.h"
#include "records/name_set.h"
#include "records/sidecar_entry_read.h"
#include "records/sidecar_fields.h"
#include "records/sidecar_tensors.h"
#include "records/sidecar_text.h"
#include "records/sidecar_words.h"

struct quant_sidecar_reader {
    struct quant_sidecar_text text;
    cJSON *head_tree; /* owns the strings of head */
    struct quant_sidecar_head head;
    cJSON *tree; /* of the entry */
    struct quant_shape shape;
    struct quant_name_set names; /* of all entries so far */
    bool is_at_end;              /* the last entry has been read */
};

static struct quant_fields make_fields(const struct quant_sidecar_reader *reader,
                                       struct quant_error *error)
{
    return (struct quant_fields){
        .source = reader->text.source, .what = "not a valid sidecar", .error = error};
}

/* The piece of the text as a tree; NULL after an error. */
static cJSON *parse(struct quant_fields *fields, struct quant_sidecar_text *text)
{
    struct quant_json_fault fault;
    cJSON *tree = quant_document_parse(fields, "sidecar", text->bytes, text->length, &fault);
    if (tree || fields->status != QUANT_OK)
        return tree;
    quant_sidecar_text_unmask(text);
    quant_document_refuse(fields, &fault, text->bytes, text->length,
                          quant_sidecar_text_offset(text, fault.at));
    return NULL;
}

/* ---- The head ---- */

static uint64_t read_size(struct quant_fields *fields, const cJSON *object)
{
    return (uint64_t)quant_field_integer(fields, object, "bytes", 0, QUANT_SIDECAR_INTEGER_MOST);
}

static const char *read_path(struct quant_fields *fields, const cJSON *object)
{
    const cJSON *path = quant_field_get(fields, object, "path");
    return cJSON_IsNull(path) ? NULL : quant_field_string(fields, object, "path");
}

static void read_files(struct quant_fields *fields, const cJSON *root,
                       struct quant_sidecar_head *head)
{
    static const char *const source_keys[] = {"path", "format", "bytes", NULL};
    static const char *const data_keys[] = {"path", "format", "layout", "bytes", "header", NULL};
    static const char *const header_keys[] = {"bytes", "xxh3_64", NULL};
    const cJSON *source = quant_sidecar_open_object(fields, root, "source", source_keys);
    head->source_path = read_path(fields, source);
    head->source_format = quant_field_string(fields, source, "format");
    head->source_nbytes = read_size(fields, source);
    const cJSON *data = quant_sidecar_open_object(fields, root, "data", data_keys);
    head->data_path = read_path(fields, data);
    head->data_format = quant_field_string(fields, data, "format");
    if (quant_field_find(data, "layout"))
        head->layout = quant_field_string(fields, data, "layout");
    head->data_nbytes = read_size(fields, data);
    const cJSON *header = quant_sidecar_open_object(fields, data, "header", header_keys);
    head->header_nbytes = read_size(fields, header);
    head->header_xxh3_64 = quant_field_checksum(fields, header, "xxh3_64");
    if (head->header_nbytes > head->data_nbytes)
        quant_fields_fail(fields, QUANT_CORRUPT, "'bytes' of 'header' is %llu, but 'data' has %llu",
                          (unsigned long long)head->header_nbytes,
                          (unsigned long long)head->data_nbytes);
}

static void read_head(struct quant_fields *fields, const cJSON *root,
                      struct quant_sidecar_head *head)
{
    static const char *const root_keys[] = {"format", "version", "tool",    "source",
                                            "data",   "plan",    "tensors", NULL};
    static const char *const plan_keys[] = {"xxh3_64", NULL};
    quant_sidecar_check_format(fields, root);
    const double version = quant_field_number(fields, root, "version");
    if (version != QUANT_SIDECAR_VERSION_2)
        quant_fields_fail(fields, QUANT_UNSUPPORTED,
                          "version %.9g; this program reads version %d of a sidecar with 'tensors'",
                          version, QUANT_SIDECAR_VERSION_2);
    quant_sidecar_check_keys(fields, root, root_keys);
    read_files(fields, root, head);
    const cJSON *plan = quant_sidecar_open_object(fields, root, "plan", plan_keys);
    head->plan_xxh3_64 = quant_field_checksum(fields, plan, "xxh3_64");
}

/* ---- Opening and closing ---- */

enum quant_status quant_sidecar_tensors_open(struct quant_source *source,
                                             struct quant_sidecar_reader **reader,
                                             struct quant_error *error)
{
    struct quant_sidecar_reader *opened = calloc(1, sizeof *opened);
    *reader = NULL;
    if (!opened)
        return quant_error_no_memory(error, sizeof *opened, "sidecar");
    opened->text.source = source;
    struct quant_fields fields = make_fields(opened, error);
    fields.status = quant_sidecar_text_find(&opened->text, error);
    if (fields.status != QUANT_OK || opened->text.tensors_begin == 0)
        goto out;
    fields.status = quant_sidecar_text_head(&opened->text, error);
    if (fields.status == QUANT_OK)
        opened->head_tree = parse(&fields, &opened->text);
    quant_fields_check_tree(&fields, opened->head_tree);
    if (fields.status == QUANT_OK)
        read_head(&fields, opened->head_tree, &opened->head);
    if (fields.status == QUANT_OK)
        fields.status = quant_sidecar_text_enter(&opened->text, error);
    if (fields.status == QUANT_OK) {
        *reader = opened;
        opened = NULL;
    }
out:
    quant_sidecar_tensors_close(opened);
    return fields.status;
}

const struct quant_sidecar_head *
quant_sidecar_tensors_head(const struct quant_sidecar_reader *reader)
{
    return &reader->head;
}

enum quant_status quant_sidecar_tensors_rewind(struct quant_sidecar_reader *reader,
                                               struct quant_error *error)
{
    quant_name_set_release(&reader->names);
    reader->is_at_end = false;
    return quant_sidecar_text_enter(&reader->text, error);
}

void quant_sidecar_tensors_close(struct quant_sidecar_reader *reader)
{
    if (!reader)
        return;
    cJSON_Delete(reader->head_tree);
    cJSON_Delete(reader->tree);
    quant_sidecar_text_release(&reader->text);
    quant_name_set_release(&reader->names);
    free(reader);
}

/* ---- Entries ---- */

/* No name and no value: before a comma, or after the last one. */
static void fail_empty(struct quant_fields *fields, struct quant_sidecar_text *text)
{
    const struct quant_json_fault fault = {
        .at = text->length - 1, .what = "'\"'", .is_expected = true};
    quant_sidecar_text_unmask(text);
    quant_document_refuse(fields, &fault, text->bytes, text->length,
                          quant_sidecar_text_offset(text, fault.at));
}

/* The entry in the piece of the text; NULL if there is not one, or after an error. */
static const cJSON *parse_entry(struct quant_sidecar_reader *reader, struct quant_fields *fields)
{
    cJSON_Delete(reader->tree);
    reader->tree = parse(fields, &reader->text);
    if (!reader->tree)
        return NULL;
    const cJSON *item = reader->tree->child;
    if (!item && (!reader->is_at_end || reader->names.n > 0))
        fail_empty(fields, &reader->text);
    return item;
}

static void read_entry(struct quant_sidecar_reader *reader, struct quant_fields *fields,
                       struct quant_sidecar_entry *entry, bool *found)
{
    const cJSON *item = parse_entry(reader, fields);
    if (!item)
        return;
    fields->tensor = item->string;
    fields->offset = quant_sidecar_text_offset(&reader->text, 1);
    quant_sidecar_read_entry(fields, item, &reader->shape, entry);
    entry->name = item->string;
    *found = fields->status == QUANT_OK;
    if (*found && !quant_name_set_add(&reader->names, item->string, fields->offset))
        fields->status = quant_error_set(fields->error, QUANT_NO_MEMORY,
                                         "no memory for the names of %zu tensors", reader->names.n);
}

/* The names were not kept, so an entry whose name is a duplicate is read again for the message. */
static void check_names(struct quant_sidecar_reader *reader, struct quant_fields *fields)
{
    bool is_last;
    if (!quant_name_set_find_duplicate(&reader->names, &fields->offset))
        return;
    quant_sidecar_text_seek(&reader->text, fields->offset);
    fields->status = quant_sidecar_text_next(&reader->text, &is_last, fields->error);
    const cJSON *item = fields->status == QUANT_OK ? parse_entry(reader, fields) : NULL;
    fields->tensor = item ? item->string : NULL;
    quant_fields_fail(fields, QUANT_CORRUPT, "duplicate name");
}

enum quant_status quant_sidecar_tensors_next(struct quant_sidecar_reader *reader,
                                             struct quant_sidecar_entry *entry, bool *found,
                                             struct quant_error *error)
{
    struct quant_fields fields = make_fields(reader, error);
    *found = false;
    if (!reader->is_at_end) {
        fields.status = quant_sidecar_text_next(&reader->text, &reader->is_at_end, error);
        if (fields.status == QUANT_OK)
            read_entry(reader, &fields, entry, found);
    }
    if (fields.status == QUANT_OK && !*found)
        check_names(reader, &fields);
    if (fields.status == QUANT_OK && !*found) /* the pieces would not be those of one text */
        fields.status = quant_source_check_unchanged(reader->text.source, error);
    return fields.status;
}
