/* SPDX-License-Identifier: MIT */
/*
 * The nesting of arrays in a JSON text and the number of items on each level: determines the shape
 * from brackets and numbers, and reports an error if it is not regular. There is one counter per
 * level and no recursion, so no text can make it use more memory.
 */
#ifndef QUANT_FORMATS_JSON_JSON_NEST_H
#define QUANT_FORMATS_JSON_JSON_NEST_H

#include <quant/file.h>

#include "records/json_scan.h"

enum { QUANT_JSON_LEVELS_UNKNOWN = -1 };

struct quant_json_nest {
    int depth;                      /* open arrays */
    int levels;                     /* dimensions, unknown before the first number or empty array */
    uint64_t items[QUANT_MAX_DIMS]; /* items so far in the open array of each level */
    uint64_t dims[QUANT_MAX_DIMS];  /* items in each closed array of a level */
    bool closed[QUANT_MAX_DIMS];    /* the level has a closed array */
};

void quant_json_nest_init(struct quant_json_nest *nest);

/* The next byte of scan is '[', ']' or the first of a number. Checks that it is allowed here and
 * notes it, without advancing scan. nest_count counts the numbers. */
enum quant_status quant_json_nest_open(struct quant_json_nest *nest,
                                       const struct quant_json_scan *scan,
                                       struct quant_error *error);
enum quant_status quant_json_nest_close(struct quant_json_nest *nest,
                                        const struct quant_json_scan *scan,
                                        struct quant_error *error);
enum quant_status quant_json_nest_number(struct quant_json_nest *nest,
                                         const struct quant_json_scan *scan,
                                         struct quant_error *error);

/* Adds this many numbers to the open array, if any. */
static inline void quant_json_nest_count(struct quant_json_nest *nest, uint64_t numbers)
{
    if (nest->depth > 0)
        nest->items[nest->depth - 1] += numbers;
}

/* The shape as far as it is known. A dimension is 0 until an array of its level has closed; there
 * are no dimensions while levels is unknown. */
void quant_json_nest_shape(const struct quant_json_nest *nest, struct quant_shape *shape);

#endif
