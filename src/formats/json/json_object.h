/* SPDX-License-Identifier: MIT */
/* The form {"shape": [...], "data": ...}: reads all of it except the data. Other keys are
 * ignored. */
#ifndef QUANT_FORMATS_JSON_JSON_OBJECT_H
#define QUANT_FORMATS_JSON_JSON_OBJECT_H

#include <quant/file.h>

#include "formats/json/json_nest.h"

/* Initially all zeros. */
struct quant_json_object {
    bool begun; /* a member was read */
    bool has_data;
    bool has_shape;
    struct quant_shape shape;
    uint64_t nelems; /* the product of shape */
};

/* Reads from after the opening brace, or from after the data, up to the data or past the closing
 * brace. *at_data: the value of `data` is next. */
enum quant_status quant_json_object_read(struct quant_json_object *object,
                                         struct quant_json_scan *scan, bool *at_data,
                                         struct quant_error *error);

/* Checks that the data, nelems numbers nested like this, has the shape of the object: it is one
 * flat array, or nested to exactly that shape, up to the first dimension of 0. */
enum quant_status quant_json_object_check(const struct quant_json_object *object,
                                          const struct quant_json_nest *nest, uint64_t nelems,
                                          const struct quant_source *source,
                                          struct quant_error *error);

#endif
