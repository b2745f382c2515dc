/* SPDX-License-Identifier: MIT */
/* Text to a cJSON tree. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- Numbers that are too long for cJSON ---- */

enum { NUMBER_MOST = 63 }; /* bytes that cJSON reads of a number: what is left would be next */

/* Puts the double that the number means in its place, and blanks up to where it ended. */
static void shorten_number(char *number, size_t length)
{
    char kept = number[length];
    number[length] = '\0';
    const double value = quant_decimal_parse(number);
    char text[NUMBER_MOST + 1];
    void *locale = quant_locale_enter();
    const int printed = isfinite(value)
                            ? snprintf(text, sizeof text, "%.17g", value)
                            : snprintf(text, sizeof text, "%s", value < 0 ? "-1e999" : "1e999");
    quant_locale_leave(locale);
    memset(number, ' ', length);
    memcpy(number, text, (size_t)printed);
    number[length] = kept;
}

/* The text is JSON. Strings are passed over, in which there may be digits too. */
static void shorten_numbers(char *text)
{
    bool in_string = false;
    while (*text) {
        const size_t length = in_string ? 0 : strspn(text, "+-.0123456789Ee");
        if (length > NUMBER_MOST)
            shorten_number(text, length);
        else if (*text == '"')
            in_string = !in_string;
        else if (*text == '\\')
            text++;
        text += length > 0 ? length : 1;
    }
}

/* ---- The tree ---- */

/* What was checked is parsed unless memory is out. */
cJSON *quant_document_parse(struct quant_fields *fields, const char *noun, char *text,
                            size_t length, struct quant_json_fault *fault)
{
    size_t longest;
    if (!quant_json_check(text, length, &longest, fault))
        return NULL;
    if (longest > NUMBER_MOST)
        shorten_numbers(text);
    void *locale = quant_locale_enter();
    cJSON *root = cJSON_ParseWithLength(text, length + 1);
    quant_locale_leave(locale);
    if (!root && fields->status == QUANT_OK)
        fields->status = quant_error_no_memory(fields->error, length, noun);
    return root;
}

void quant_document_refuse(struct quant_fields *fields, const struct quant_json_fault *fault,
                           const char *text, size_t length, uint64_t offset)
{
    char printed[QUANT_JSON_FAULT_TEXT];
    quant_json_fault_print(fault, text, length, printed);
    quant_fields_fail(fields, QUANT_CORRUPT, "not JSON at byte %llu: %s",
                      (unsigned long long)offset, printed);
}

cJSON *quant_document_read(struct quant_fields *fields, const char *noun, size_t limit)
{
    char *text = NULL;
    size_t length = 0;
    struct quant_json_fault fault;
    cJSON *root = NULL;
    fields->status = read_text(fields->source, noun, limit, &text, &length, fields->error);
    if (fields->status == QUANT_OK)
        root = quant_document_parse(fields, noun, text, length, &fault);
    if (!root && fields->status == QUANT_OK)
        quant_document_refuse(fields, &fault, text, length, fault.at);
    free(text);
    quant_fields_check_tree(fields, root);
    if (fields->status == QUANT_OK)
        return root;
    cJSON_Delete(root);
    return NULL;
}
