/* SPDX-License-Identifier: MIT */
/* The form {"shape": [...], "data": ...}: everything of it but the data. Other keys are passed
 * over. */
#ifndef QUANT_FORMATS_JSON_JSON_OBJECT_H
#define QUANT_FORMATS_JSON_JSON_OBJECT_H

#include <quant/file.h>

#include "formats/json/json_nest.h"

/* All zeros to begin with. */
struct quant_json_object {
    bool begun; /* a member has been read */
    bool has_data;
    bool has_shape;
    struct quant_shape shape;
    uint64_t nelems; /* of shape */
};

/* Reads on from behind the opening brace, or from behind the data, up to the data, or past the
 * closing brace. *at_data: the value of `data` comes next. */
enum quant_status quant_json_object_read(struct quant_json_object *object,
                                         struct quant_json_scan *scan, bool *at_data,
                                         struct quant_error *error);

/* Whether the data, nelems numbers nested like this, is of the shape that the object names: nested
 * to just that shape, which may end at its first dimension of 0, or one flat array. */
enum quant_status quant_json_object_check(const struct quant_json_object *object,
                                          const struct quant_json_nest *nest, uint64_t nelems,
                                          const struct quant_source *source,
                                          struct quant_error *error);

#endif
