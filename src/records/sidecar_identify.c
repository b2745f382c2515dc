/* SPDX-License-Identifier: MIT */
/* Reads just enough of a sidecar to know what the file beside it is. Versions do not matter here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/document.h"
#include "records/field.h"
#include "records/sidecar.h"
#include "records/sidecar_words.h"

/* HEAD_BYTES: 'format' is the first key of a sidecar. SIZE_LIMIT: more is no sidecar. */
enum { HEAD_BYTES = 256, SIZE_LIMIT = 16 << 20 };

/* Spares other JSON files, which may be large, from being parsed. */
static enum quant_status begins_like_sidecar(struct quant_source *source, bool *begins,
                                             struct quant_error *error)
{
    char head[HEAD_BYTES + 1];
    size_t got = 0;
    const enum quant_status status = source->ops->read_at(source, 0, head, HEAD_BYTES, &got, error);
    head[got] = '\0';
    *begins = status == QUANT_OK && strstr(head, "\"" QUANT_SIDECAR_FORMAT "\"");
    return status;
}

static const char *string_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A stream's name was not known when its sidecar was written. */
static bool names_file(const cJSON *root, const char *path, uint64_t nbytes)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(data, "bytes");
    const char *name = string_of(data, "path");
    return cJSON_IsNumber(bytes) && bytes->valuedouble == (double)nbytes &&
           (!name || strcmp(last_component(name), last_component(path)) == 0);
}

enum quant_status quant_sidecar_identify(struct quant_source *source, const char *path,
                                         uint64_t nbytes, enum quant_dtype *dtype,
                                         struct quant_error *error)
{
    bool begins = false;
    *dtype = QUANT_DTYPE_NONE;
    const enum quant_status status = begins_like_sidecar(source, &begins, error);
    if (!begins)
        return status;
    struct quant_fields fields = {source, "not a valid sidecar", error, QUANT_OK};
    cJSON *root = quant_document_read(&fields, "sidecar", SIZE_LIMIT);
    const char *format = string_of(root, "format");
    const char *name = string_of(root, "dtype");
    if (format && strcmp(format, QUANT_SIDECAR_FORMAT) == 0 && name &&
        names_file(root, path, nbytes))
        *dtype = quant_dtype_from_name(name);
    cJSON_Delete(root);
    /* What is no JSON is no sidecar, and then nothing is known of the file. */
    return fields.status == QUANT_NO_MEMORY || fields.status == QUANT_IO ? fields.status : QUANT_OK;
}
