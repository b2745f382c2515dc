/* SPDX-License-Identifier: MIT */
#include "records/object_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/json_skip.h"
#include "records/json_text.h"

struct search {
    struct quant_json_scan *scan; /* owned */
    struct quant_json_text key;
    const char *wanted;
    const char *const *any;
    struct quant_object_text *object;
    struct quant_error *error;
};

static bool is_among(const char *const *keys, const char *key)
{
    for (; *keys; keys++)
        if (strcmp(*keys, key) == 0)
            return true;
    return false;
}

static size_t offset_of(const struct search *search)
{
    return (size_t)quant_json_scan_offset(search->scan);
}

static enum quant_status refuse_second(const struct search *search, size_t offset)
{
    char place[QUANT_JSON_PLACE];
    return quant_source_error(search->scan->source, search->error, QUANT_CORRUPT,
                              "duplicate key '%s' %s", search->wanted,
                              quant_json_scan_place(search->scan, offset, place));
}

/* Reads a member whose first byte is next. before: the place of what is before it, a comma or the
 * bracket. */
static enum quant_status read_member(struct search *search, size_t before, bool is_first)
{
    struct quant_object_text *object = search->object;
    const size_t begin = offset_of(search);
    enum quant_status status =
        quant_json_scan_text(search->scan, "key", &search->key, search->error);
    if (status == QUANT_OK)
        status = quant_json_scan_expect(search->scan, ':', search->error);
    int byte;
    if (status == QUANT_OK)
        status = quant_json_scan_token(search->scan, &byte, search->error);
    const size_t value = offset_of(search);
    if (status == QUANT_OK)
        status = quant_json_skip_value(search->scan, true, search->error);
    if (status != QUANT_OK)
        return status;
    if (is_first) {
        object->indent = before + 1;
        object->indent_bytes = begin - before - 1;
    }
    object->last_end = offset_of(search);
    object->has_any = object->has_any || is_among(search->any, search->key.bytes);
    if (strcmp(search->key.bytes, search->wanted) == 0) {
        if (object->has_key)
            return refuse_second(search, begin);
        object->has_key = true;
        object->value = value;
        object->value_nbytes = object->last_end - value;
        object->begin = is_first ? begin : before;
        object->end = object->last_end;
    }
    return QUANT_OK;
}

/* After a member: a comma, with the key that is next, or the bracket. */
static enum quant_status read_comma(struct search *search, bool is_first, bool *is_end)
{
    struct quant_object_text *object = search->object;
    int byte;
    enum quant_status status = quant_json_scan_token(search->scan, &byte, search->error);
    if (status == QUANT_OK && byte != ',' && byte != '}')
        return quant_json_scan_unexpected(search->scan, "',' or '}'", search->error);
    if (status != QUANT_OK)
        return status;
    quant_json_scan_skip(search->scan);
    *is_end = byte == '}';
    if (*is_end)
        return QUANT_OK;
    status = quant_json_scan_token(search->scan, &byte, search->error);
    if (is_first && object->has_key) /* a first member has its comma after it */
        object->end = offset_of(search);
    return status;
}

static enum quant_status read_members(struct search *search)
{
    struct quant_object_text *object = search->object;
    int byte;
    enum quant_status status = quant_json_scan_expect(search->scan, '{', search->error);
    object->last_end = offset_of(search);
    if (status == QUANT_OK)
        status = quant_json_scan_token(search->scan, &byte, search->error);
    if (status != QUANT_OK)
        return status;
    object->is_empty = byte == '}';
    bool is_end = object->is_empty;
    if (is_end)
        quant_json_scan_skip(search->scan);
    size_t before = object->last_end - 1;
    for (bool is_first = true; status == QUANT_OK && !is_end; is_first = false) {
        status = read_member(search, before, is_first);
        before = object->last_end;
        if (status == QUANT_OK)
            status = read_comma(search, is_first, &is_end);
    }
    return status;
}

static enum quant_status parse(struct search *search)
{
    int byte;
    enum quant_status status = read_members(search);
    if (status == QUANT_OK)
        status = quant_json_scan_token(search->scan, &byte, search->error);
    if (status == QUANT_OK && byte != QUANT_JSON_END)
        status = quant_json_scan_unexpected(search->scan, "the end of the text", search->error);
    return status;
}

static enum quant_status read_text(struct quant_source *source, struct quant_object_text *object,
                                   struct quant_error *error)
{
    if (source->size > QUANT_OBJECT_MOST)
        return quant_source_error(source, error, QUANT_UNSUPPORTED, "longer than %d bytes",
                                  QUANT_OBJECT_MOST);
    object->nbytes = (size_t)source->size;
    object->text = malloc(object->nbytes + 1);
    if (!object->text)
        return quant_error_no_memory(error, object->nbytes, "text");
    return quant_source_read_exactly(source, 0, object->text, object->nbytes, error);
}

/* What is searched is what was read: the file may change meanwhile. */
static enum quant_status search_text(struct search *search, const char *name)
{
    struct quant_source *text =
        quant_source_from_memory(search->object->text, search->object->nbytes, name);
    if (!text)
        return quant_error_no_memory(search->error, search->object->nbytes, "text");
    quant_json_scan_init(search->scan, text);
    search->scan->prefix = "not a JSON object: ";
    const enum quant_status status = parse(search);
    quant_source_close(text);
    return status;
}

enum quant_status quant_object_read(struct quant_source *source, const char *key,
                                    const char *const *any, struct quant_object_text *object,
                                    struct quant_error *error)
{
    struct search search = {.scan = malloc(sizeof *search.scan),
                            .wanted = key,
                            .any = any,
                            .object = object,
                            .error = error};
    *object = (struct quant_object_text){.text = NULL};
    enum quant_status status = search.scan
                                   ? read_text(source, object, error)
                                   : quant_error_no_memory(error, sizeof *search.scan, "buffers");
    if (status == QUANT_OK)
        status = search_text(&search, source->name);
    quant_json_text_release(&search.key);
    free(search.scan);
    return status;
}

/* ---- The new text ---- */

struct output {
    char *text;
    size_t nbytes;
};

static void put(struct output *output, const char *text, size_t nbytes)
{
    if (nbytes > 0)
        memcpy(output->text + output->nbytes, text, nbytes);
    output->nbytes += nbytes;
}

bool quant_object_without(const struct quant_object_text *object, char **text, size_t *nbytes)
{
    struct output output = {.text = malloc(object->nbytes + 1)};
    *text = output.text;
    if (!output.text)
        return false;
    put(&output, object->text, object->begin);
    put(&output, object->text + object->end, object->nbytes - object->end);
    *nbytes = output.nbytes;
    return true;
}

bool quant_object_with(const struct quant_object_text *object, const char *key, const char *value,
                       char **text, size_t *nbytes)
{
    static const char quote[] = "\"";
    static const char colon[] = "\": ";
    const size_t added =
        1 + object->indent_bytes + strlen(quote) + strlen(key) + strlen(colon) + strlen(value);
    struct output output = {.text = malloc(object->nbytes + added)};
    *text = output.text;
    if (!output.text)
        return false;
    put(&output, object->text, object->last_end);
    put(&output, ",", object->is_empty ? 0 : 1);
    put(&output, object->text + object->indent, object->indent_bytes);
    put(&output, quote, strlen(quote));
    put(&output, key, strlen(key));
    put(&output, colon, strlen(colon));
    put(&output, value, strlen(value));
    put(&output, object->text + object->last_end, object->nbytes - object->last_end);
    *nbytes = output.nbytes;
    return true;
}

void quant_object_release(struct quant_object_text *object)
{
    free(object->text);
    *object = (struct quant_object_text){.text = NULL};
}
