/* SPDX-License-Identifier: MIT */
/* Text to a cJSON tree. */
#include <errno.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/error.h"
#include "records/document.h"

/* The whole text, with a NUL after it, in *text, which the caller frees. */
static enum quant_status read_text(struct quant_source *source, const char *noun, size_t limit,
                                   char **text, size_t *length, struct quant_error *error)
{
    const size_t room = source->size < limit ? (size_t)source->size + 1 : limit + 1;
    *text = malloc(room);
    if (!*text)
        return quant_error_no_memory(error, room, noun);
    const enum quant_status status = source->ops->read_at(source, 0, *text, room, length, error);
    if (status != QUANT_OK)
        return status;
    if (*length == room)
        return quant_source_error(source, error, QUANT_OUT_OF_RANGE,
                                  "not a valid %s: it is larger than %zu bytes", noun, room - 1);
    (*text)[*length] = '\0';
    return QUANT_OK;
}

/* cJSON returns NULL for bad text and for lack of memory, but malloc sets errno. */
cJSON *quant_document_parse(struct quant_fields *fields, const char *noun, const char *text,
                            size_t length, size_t *wrong)
{
    void *locale = quant_locale_enter();
    const char *end = NULL;
    errno = 0;
    cJSON *root = cJSON_ParseWithLengthOpts(text, length + 1, &end, true);
    const bool no_memory = !root && errno == ENOMEM;
    quant_locale_leave(locale);
    if (no_memory) {
        fields->status = quant_error_no_memory(fields->error, length, noun);
        return NULL;
    }
    if (root && end == text + length)
        return root;
    *wrong = end ? (size_t)(end - text) : 0;
    cJSON_Delete(root);
    return NULL;
}

cJSON *quant_document_read(struct quant_fields *fields, const char *noun, size_t limit)
{
    char *text = NULL;
    size_t length = 0;
    size_t wrong = 0;
    cJSON *root = NULL;
    fields->status = read_text(fields->source, noun, limit, &text, &length, fields->error);
    if (fields->status == QUANT_OK)
        root = quant_document_parse(fields, noun, text, length, &wrong);
    if (!root)
        quant_fields_fail(fields, QUANT_CORRUPT, "not JSON at byte %zu", wrong);
    free(text);
    return root;
}
