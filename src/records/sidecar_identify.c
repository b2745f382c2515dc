/* SPDX-License-Identifier: MIT */
/* Reads just enough of a sidecar to know what the file next to it is. Versions do not matter. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/document.h"
#include "records/field.h"
#include "records/sidecar.h"
#include "records/sidecar_tensors.h"
#include "records/sidecar_words.h"

/* HEAD_BYTES: a sidecar that is written here has 'format' first. MOST_BYTES: others that have
 * written it again may have sorted its keys. SIZE_LIMIT: more is no sidecar. */
enum { HEAD_BYTES = 256, MOST_BYTES = 64 << 10, SIZE_LIMIT = 16 << 20 };

static enum quant_status find_format(struct quant_source *source, char *bytes, size_t nbytes,
                                     bool *found, struct quant_error *error)
{
    static const char format[] = "\"" QUANT_SIDECAR_FORMAT "\"";
    size_t got = 0;
    const enum quant_status status = source->ops->read_at(source, 0, bytes, nbytes, &got, error);
    *found = status == QUANT_OK && memmem(bytes, got, format, sizeof format - 1);
    return status;
}

/* Spares other JSON files, which may be large, from being parsed. */
enum quant_status quant_sidecar_begins(struct quant_source *source, bool *begins,
                                       struct quant_error *error)
{
    char head[HEAD_BYTES];
    enum quant_status status = find_format(source, head, HEAD_BYTES, begins, error);
    if (status != QUANT_OK || *begins || source->size <= HEAD_BYTES)
        return status;
    char *more = malloc(MOST_BYTES);
    if (!more)
        return quant_error_no_memory(error, MOST_BYTES, "sidecar");
    status = find_format(source, more, MOST_BYTES, begins, error);
    free(more);
    return status;
}

static const char *string_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(quant_field_find(object, key));
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* name is NULL if the data was written to a stream, whose name was not known. */
static bool names_file(const char *name, const char *path)
{
    return !name || strcmp(last_component(name), last_component(path)) == 0;
}

/* ---- One tensor ---- */

static bool is_about_file(const cJSON *root, const char *path, uint64_t nbytes)
{
    const char *format = string_of(root, "format");
    const cJSON *data = quant_field_find(root, "data");
    const cJSON *bytes = quant_field_find(data, "bytes");
    return format && strcmp(format, QUANT_SIDECAR_FORMAT) == 0 && cJSON_IsNumber(bytes) &&
           bytes->valuedouble == (double)nbytes && names_file(string_of(data, "path"), path);
}

static enum quant_status identify_one(struct quant_source *source, const char *path,
                                      uint64_t nbytes, enum quant_dtype *dtype,
                                      struct quant_error *error)
{
    struct quant_fields fields = {.source = source, .what = "not a valid sidecar", .error = error};
    cJSON *root = quant_document_read(&fields, "sidecar", SIZE_LIMIT);
    const char *name = string_of(root, "dtype");
    if (name && is_about_file(root, path, nbytes))
        *dtype = quant_dtype_from_name(name);
    cJSON_Delete(root);
    return fields.status;
}

/* ---- Many tensors ---- */

/* The first tensor with a scale decides: one is enough for the file to be quantized. */
static enum quant_status identify_many(struct quant_sidecar_reader *reader, const char *path,
                                       uint64_t nbytes, enum quant_dtype *dtype,
                                       struct quant_error *error)
{
    const struct quant_sidecar_head *head = quant_sidecar_tensors_head(reader);
    if (head->data_nbytes != nbytes || !names_file(head->data_path, path))
        return QUANT_OK;
    enum quant_status status;
    bool found;
    do {
        struct quant_sidecar_entry entry;
        status = quant_sidecar_tensors_next(reader, &entry, &found, error);
        if (status == QUANT_OK && found && !entry.is_copied && entry.scale_name)
            *dtype = entry.params.dtype;
    } while (status == QUANT_OK && found && *dtype == QUANT_DTYPE_NONE);
    return status;
}

/* ---- Either ---- */

/* What is not a valid sidecar says nothing about the file. */
static bool is_about_form(enum quant_status status)
{
    return status == QUANT_UNRECOGNIZED || status == QUANT_UNSUPPORTED || status == QUANT_CORRUPT ||
           status == QUANT_TRUNCATED || status == QUANT_OUT_OF_RANGE;
}

enum quant_status quant_sidecar_identify(struct quant_source *source, const char *path,
                                         uint64_t nbytes, enum quant_dtype *dtype,
                                         struct quant_error *error)
{
    bool begins = false;
    struct quant_sidecar_reader *reader = NULL;
    *dtype = QUANT_DTYPE_NONE;
    enum quant_status status = quant_sidecar_begins(source, &begins, error);
    if (!begins)
        return status;
    status = quant_sidecar_tensors_open(source, &reader, error);
    if (reader)
        status = identify_many(reader, path, nbytes, dtype, error);
    else if (status == QUANT_OK)
        status = identify_one(source, path, nbytes, dtype, error);
    quant_sidecar_tensors_close(reader);
    return is_about_form(status) ? QUANT_OK : status;
}
