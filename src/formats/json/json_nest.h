/* SPDX-License-Identifier: MIT */
/*
 * How deep the arrays of a JSON text nest, and how many items each level has: the shape as it
 * comes out of brackets and numbers, and the errors where it would not be a regular one. There is
 * one counter for each level and no recursion, so the text cannot ask for more memory.
 */
#ifndef QUANT_FORMATS_JSON_JSON_NEST_H
#define QUANT_FORMATS_JSON_JSON_NEST_H

#include <quant/file.h>

#include "records/json_scan.h"

enum { QUANT_JSON_LEVELS_UNKNOWN = -1 };

struct quant_json_nest {
    int depth;                      /* arrays that are open */
    int levels;                     /* dimensions, unknown up to the first number or empty array */
    uint64_t items[QUANT_MAX_DIMS]; /* so far, in the open array of each level */
    uint64_t dims[QUANT_MAX_DIMS];  /* items of the closed arrays of each level */
    bool closed[QUANT_MAX_DIMS];    /* there is one */
};

void quant_json_nest_init(struct quant_json_nest *nest);

/* The next byte of scan is '[', ']' or the first of a number; where that fits, it is taken into
 * account, and nothing is passed over. Numbers are not counted here but by nest_count. */
enum quant_status quant_json_nest_open(struct quant_json_nest *nest,
                                       const struct quant_json_scan *scan,
                                       struct quant_error *error);
enum quant_status quant_json_nest_close(struct quant_json_nest *nest,
                                        const struct quant_json_scan *scan,
                                        struct quant_error *error);
enum quant_status quant_json_nest_number(struct quant_json_nest *nest,
                                         const struct quant_json_scan *scan,
                                         struct quant_error *error);

/* Adds numbers to the open array, if there is one. */
static inline void quant_json_nest_count(struct quant_json_nest *nest, uint64_t numbers)
{
    if (nest->depth > 0)
        nest->items[nest->depth - 1] += numbers;
}

/* The shape as far as it is known: 0 for dimensions of which no array has closed yet, and none
 * while levels is unknown. */
void quant_json_nest_shape(const struct quant_json_nest *nest, struct quant_shape *shape);

#endif
