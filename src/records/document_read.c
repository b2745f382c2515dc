/* SPDX-License-Identifier: MIT */
/* Text to a cJSON tree. */
#include <errno.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/error.h"
#include "records/document.h"

/* The whole text, with a NUL behind it, in *text, which the caller frees. */
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

/* NULL, having complained, where the text is not one JSON value with nothing but space around.
 * cJSON does not tell bad text from no memory, but malloc leaves a word in errno. */
static cJSON *parse(struct quant_fields *fields, const char *noun, const char *text, size_t length)
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
    if (!root || end != text + length) {
        const long long offset = end ? end - text : 0;
        quant_fields_fail(fields, QUANT_CORRUPT, "not JSON at byte %lld", offset);
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

cJSON *quant_document_read(struct quant_fields *fields, const char *noun, size_t limit)
{
    char *text = NULL;
    size_t length = 0;
    fields->status = read_text(fields->source, noun, limit, &text, &length, fields->error);
    cJSON *root = fields->status == QUANT_OK ? parse(fields, noun, text, length) : NULL;
    free(text);
    return root;
}
