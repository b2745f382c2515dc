/* SPDX-License-Identifier: MIT */
/* Reads the keys, and checks that shape and data agree. */
#include "formats/json/json_object.h"

#include <inttypes.h>
#include <string.h>

#include "base/shape.h"
#include "records/json_skip.h"

static enum quant_status read_dimensions(struct quant_json_object *object,
                                         struct quant_json_scan *scan, struct quant_error *error)
{
    struct quant_shape *shape = &object->shape;
    int byte;
    enum quant_status status = quant_json_scan_expect(scan, '[', error);
    if (status == QUANT_OK)
        status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    if (byte == ']') {
        quant_json_scan_skip(scan);
        return QUANT_OK;
    }
    for (;;) {
        if (shape->ndim == QUANT_MAX_DIMS)
            return quant_source_error(scan->source, error, QUANT_UNSUPPORTED,
                                      "the shape has more than %d dimensions", QUANT_MAX_DIMS);
        status = quant_json_scan_dimension(scan, &shape->dims[shape->ndim++], error);
        if (status == QUANT_OK)
            status = quant_json_scan_token(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (byte != ',' && byte != ']')
            return quant_json_scan_unexpected(scan, "',' or ']'", error);
        quant_json_scan_skip(scan);
        if (byte == ']')
            return QUANT_OK;
    }
}

static enum quant_status read_shape(struct quant_json_object *object, struct quant_json_scan *scan,
                                    struct quant_error *error)
{
    object->shape.ndim = 0;
    const enum quant_status status = read_dimensions(object, scan, error);
    if (status != QUANT_OK)
        return status;
    if (!quant_shape_count(&object->shape, &object->nelems)) {
        char text[QUANT_SHAPE_TEXT];
        return quant_source_error(scan->source, error, QUANT_OUT_OF_RANGE,
                                  "the shape %s has too many elements",
                                  quant_shape_text(&object->shape, text));
    }
    return QUANT_OK;
}

enum member { MEMBER_SHAPE, MEMBER_DATA, MEMBER_FORMAT, MEMBER_OTHER };

/* Reads `"KEY":` and notes that it was there. */
static enum quant_status read_key(struct quant_json_object *object, struct quant_json_scan *scan,
                                  enum member *member, struct quant_error *error)
{
    static const char *const keys[] = {"shape", "data", "format"};
    char key[QUANT_JSON_TOKEN];
    char place[QUANT_JSON_PLACE];
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK)
        return status;
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    if (byte != '"')
        return quant_json_scan_unexpected(scan, "'\"shape\"' or '\"data\"'", error);
    status = quant_json_scan_string(scan, "key", key, error);
    if (status != QUANT_OK)
        return status;
    *member = MEMBER_SHAPE;
    while (*member < MEMBER_OTHER && strcmp(key, keys[*member]) != 0)
        (*member)++;
    if (*member <= MEMBER_DATA) {
        bool *seen = *member == MEMBER_DATA ? &object->has_data : &object->has_shape;
        if (*seen)
            return quant_source_error(scan->source, error, QUANT_CORRUPT, "duplicate key '%s' %s",
                                      key, place);
        *seen = true;
    }
    return quant_json_scan_expect(scan, ':', error);
}

/* Files of other programs may have a "format" too; those of quant are not tensors. */
static enum quant_status read_format(struct quant_json_scan *scan, struct quant_error *error)
{
    char text[QUANT_JSON_TOKEN];
    int byte;
    enum quant_status status = quant_json_scan_token(scan, &byte, error);
    if (status != QUANT_OK || byte != '"')
        return status == QUANT_OK ? quant_json_skip_value(scan, true, error) : status;
    status = quant_json_scan_string(scan, "string", text, error);
    if (status == QUANT_OK && strncmp(text, "quant-", 6) == 0)
        return quant_source_error(scan->source, error, QUANT_UNSUPPORTED,
                                  "it is a '%s' file of quant, not a tensor", text);
    return status;
}

static enum quant_status check_keys(const struct quant_json_object *object,
                                    const struct quant_json_scan *scan, struct quant_error *error)
{
    if (object->has_shape && object->has_data)
        return QUANT_OK;
    return quant_source_error(scan->source, error, QUANT_CORRUPT, "the object has no key '%s'",
                              object->has_shape ? "data" : "shape");
}

enum quant_status quant_json_object_read(struct quant_json_object *object,
                                         struct quant_json_scan *scan, bool *at_data,
                                         struct quant_error *error)
{
    for (;;) {
        int byte;
        *at_data = false;
        enum quant_status status = quant_json_scan_token(scan, &byte, error);
        if (status != QUANT_OK)
            return status;
        if (byte == '}') {
            quant_json_scan_skip(scan);
            return check_keys(object, scan, error);
        }
        if (object->begun) {
            if (byte != ',')
                return quant_json_scan_unexpected(scan, "',' or '}'", error);
            quant_json_scan_skip(scan);
        }
        object->begun = true;
        enum member member = MEMBER_OTHER;
        status = read_key(object, scan, &member, error);
        *at_data = status == QUANT_OK && member == MEMBER_DATA;
        if (status != QUANT_OK || *at_data)
            return status;
        if (member == MEMBER_SHAPE)
            status = read_shape(object, scan, error);
        else
            status = member == MEMBER_FORMAT ? read_format(scan, error)
                                             : quant_json_skip_value(scan, true, error);
        if (status != QUANT_OK)
            return status;
    }
}

static bool is_nested_like(const struct quant_shape *shape, const struct quant_json_nest *nest)
{
    int levels = 0;
    while (levels < shape->ndim && (levels == 0 || shape->dims[levels - 1] != 0))
        levels++;
    return nest->levels == levels &&
           memcmp(nest->dims, shape->dims, (size_t)levels * sizeof shape->dims[0]) == 0;
}

enum quant_status quant_json_object_check(const struct quant_json_object *object,
                                          const struct quant_json_nest *nest, uint64_t nelems,
                                          const struct quant_source *source,
                                          struct quant_error *error)
{
    char declared[QUANT_SHAPE_TEXT];
    char nested[QUANT_SHAPE_TEXT];
    if (is_nested_like(&object->shape, nest) || (nest->levels == 1 && nelems == object->nelems))
        return QUANT_OK;
    quant_shape_text(&object->shape, declared);
    if (nelems != object->nelems)
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "the shape %s needs %" PRIu64
                                  " elements, but the data has %" PRIu64,
                                  declared, object->nelems, nelems);
    struct quant_shape shape;
    quant_json_nest_shape(nest, &shape);
    return quant_source_error(source, error, QUANT_CORRUPT,
                              "the shape is %s, but the data is nested as %s", declared,
                              quant_shape_text(&shape, nested));
}
