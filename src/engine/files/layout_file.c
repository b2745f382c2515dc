/* SPDX-License-Identifier: MIT */
/* By which layout a shard is quantized, and the file that is made of it. */
#include "engine/files/layout_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_shards.h"
#include "engine/files/layout_view.h"
#include "io/io.h"
#include "records/document.h"
#include "records/object_edit.h"

const char quant_layout_other_key[] = "quantization";

struct opening {
    struct quant_layout_reading reading;
    struct quant_layout_shards shards;
    struct quant_layout_view view;
    struct quant_arena arena;
    cJSON *root;                 /* owned: the config */
    struct quant_source *config; /* owned */
    char *config_path;           /* owned */
};

/* ---- The config ---- */

/* mlx-lm also has an entry of its own. */
static const cJSON *entry_of(const cJSON *root)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(root, "quantization_config");
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(root, quant_layout_other_key);
    return !entry && quant_layout_mlx.has_config(own) ? own : entry;
}

/* Adds a member of the config, if it is there, as a tree to root. */
static void read_member(struct quant_fields *fields, const char *key, cJSON *root)
{
    static const char *const no_others[] = {NULL};
    struct quant_object_text object = {.text = NULL};
    struct quant_json_fault fault;
    if (fields->status == QUANT_OK)
        fields->status = quant_object_read(fields->source, key, no_others, &object, fields->error);
    if (fields->status == QUANT_OK && object.has_key) {
        char *value = object.text + object.value;
        value[object.value_nbytes] = '\0';
        cJSON *tree = quant_document_parse(fields, "config", value, object.value_nbytes, &fault);
        if (!tree && fields->status == QUANT_OK)
            quant_document_refuse(fields, &fault, value, object.value_nbytes,
                                  object.value + fault.at);
        quant_fields_check_tree(fields, tree);
        if (tree && !cJSON_AddItemToObject(root, key, tree)) {
            cJSON_Delete(tree);
            fields->status = quant_error_no_memory(fields->error, object.value_nbytes, "config");
        }
    }
    quant_object_release(&object);
}

/* The two members that say how it is quantized. */
static cJSON *read_config(struct quant_source *source, enum quant_status *status,
                          struct quant_error *error)
{
    struct quant_fields fields = {
        .source = source, .what = "not a valid config", .error = error, .status = QUANT_OK};
    cJSON *root = cJSON_CreateObject();
    if (!root)
        fields.status = quant_error_no_memory(error, sizeof *root, "config");
    read_member(&fields, "quantization_config", root);
    read_member(&fields, quant_layout_other_key, root);
    *status = fields.status;
    if (*status == QUANT_OK)
        return root;
    cJSON_Delete(root);
    return NULL;
}

/* There need not be one. */
static enum quant_status open_config(struct opening *opening, const char *path,
                                     const struct quant_cancel *cancel)
{
    struct quant_layout_reading *reading = &opening->reading;
    opening->config_path = quant_path_beside("config.json", path);
    if (!opening->config_path)
        return quant_error_no_memory(reading->error, strlen(path), "path");
    if (access(opening->config_path, F_OK) != 0)
        return QUANT_OK;
    enum quant_status status =
        quant_input_open_regular(opening->config_path, cancel, &opening->config, reading->error);
    if (status == QUANT_OK)
        opening->root = read_config(opening->config, &status, reading->error);
    reading->config = entry_of(opening->root);
    reading->config_source = opening->config;
    return status;
}

enum quant_status quant_layout_config_has_other(struct quant_source *source, bool *has,
                                                struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    cJSON *root = read_config(source, &status, error);
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(root, quant_layout_other_key);
    *has = quant_layout_mlx.has_config(own);
    cJSON_Delete(root);
    return status;
}

enum quant_status quant_layout_check_config(struct quant_source *source, struct quant_error *error)
{
    struct quant_arena arena = {NULL};
    const struct quant_layout *layout = NULL;
    enum quant_status status = QUANT_OK;
    cJSON *root = read_config(source, &status, error);
    if (status == QUANT_OK)
        status = quant_layout_named(entry_of(root), source, &layout, error);
    struct quant_layout_reading reading = {
        .layout = layout,
        .config = entry_of(root),
        .config_source = source,
        .arena = &arena,
        .error = error,
    };
    if (status == QUANT_OK && layout && layout->begin)
        status = layout->begin(&reading);
    quant_arena_release(&arena);
    cJSON_Delete(root);
    return status;
}

/* ---- The shard ---- */

static enum quant_status add_all(struct opening *opening)
{
    struct quant_layout_reading *reading = &opening->reading;
    const struct quant_tensor_file *file = reading->file;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        const struct quant_layout_place place = {&file->tensors[i], file->source};
        enum quant_layout_role role = QUANT_LAYOUT_COPIED;
        struct quant_layout_tensor tensor = {.axis = -1};
        status = reading->layout->place(reading, place.info, &role, &tensor);
        if (status == QUANT_OK && role == QUANT_LAYOUT_RESTORED)
            status = quant_layout_view_add_restored(&opening->view, &tensor);
        else if (status == QUANT_OK && role == QUANT_LAYOUT_COPIED)
            status = quant_layout_view_add_copied(&opening->view, &place);
    }
    return status;
}

/* By the config, or by a tensor of the shard, or of one beside it. */
static enum quant_status recognize(struct opening *opening)
{
    struct quant_layout_reading *reading = &opening->reading;
    const struct quant_tensor_file *file = reading->file;
    const struct quant_shard_index *index = NULL;
    enum quant_status status =
        quant_layout_named(reading->config, opening->config, &reading->layout, reading->error);
    for (size_t i = 0; status == QUANT_OK && !reading->layout && i < file->n; i++)
        reading->layout = quant_layout_marked(file->tensors[i].name);
    if (status == QUANT_OK && !reading->layout)
        status = quant_layout_shards_index(&opening->shards, &index, reading->error);
    for (size_t i = 0; status == QUANT_OK && !reading->layout && i < index->n; i++)
        reading->layout = quant_layout_marked(index->entries[i].tensor);
    return status;
}

static enum quant_status open_shard(struct opening *opening, const char *path,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_layout_reading *reading = &opening->reading;
    *opening = (struct opening){.reading = {.error = error}};
    reading->arena = &opening->arena;
    reading->shards = &opening->shards;
    enum quant_status status = quant_layout_shards_open(&opening->shards, path, cancel, error);
    reading->file = opening->shards.file;
    if (status == QUANT_OK)
        status = open_config(opening, path, cancel);
    return status == QUANT_OK ? recognize(opening) : status;
}

static enum quant_status make_file(struct opening *opening, const char *path,
                                   struct quant_container_input *input,
                                   struct quant_restored_tensors *restored)
{
    struct quant_layout_reading *reading = &opening->reading;
    enum quant_status status = QUANT_OK;
    if (!reading->layout)
        return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                                  "no other program has quantized it");
    if (reading->layout->begin)
        status = reading->layout->begin(reading);
    if (status == QUANT_OK)
        status = quant_layout_view_begin(&opening->view, reading);
    if (status == QUANT_OK)
        status = add_all(opening);
    return status == QUANT_OK ? quant_layout_view_finish(&opening->view, path, input, restored)
                              : status;
}

static void close_all(struct opening *opening)
{
    quant_layout_view_release(&opening->view);
    quant_layout_shards_close(&opening->shards);
    quant_arena_release(&opening->arena);
    cJSON_Delete(opening->root);
    quant_source_close(opening->config);
    free(opening->config_path);
}

enum quant_status quant_layout_file_open(struct quant_container_input *input,
                                         struct quant_restored_tensors *restored, const char *path,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    struct opening opening;
    enum quant_status status = open_shard(&opening, path, cancel, error);
    if (status == QUANT_OK)
        status = make_file(&opening, path, input, restored);
    close_all(&opening);
    return status;
}

enum quant_status quant_layout_file_is(const char *path, const struct quant_cancel *cancel,
                                       bool *is, const char **name, struct quant_error *error)
{
    struct opening opening;
    *is = false;
    if (name)
        *name = NULL;
    if (!quant_is_shard_name(path))
        return QUANT_OK;
    const enum quant_status status = open_shard(&opening, path, cancel, error);
    *is = opening.reading.layout || (status == QUANT_UNSUPPORTED && opening.config);
    if (name && opening.reading.layout)
        *name = opening.reading.layout->name;
    close_all(&opening);
    return quant_is_fatal(status) ? status : QUANT_OK;
}
