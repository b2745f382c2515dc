/* SPDX-License-Identifier: MIT */
/* Checks that arrays have a regular shape. */
#include "formats/json/json_nest.h"

#include <inttypes.h>
#include <string.h>

void quant_json_nest_init(struct quant_json_nest *nest)
{
    memset(nest, 0, sizeof *nest);
    nest->levels = QUANT_JSON_LEVELS_UNKNOWN;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

enum quant_status quant_json_nest_open(struct quant_json_nest *nest,
                                       const struct quant_json_scan *scan,
                                       struct quant_error *error)
{
    char place[QUANT_JSON_PLACE];
    if (nest->depth < QUANT_MAX_DIMS && nest->depth != nest->levels) {
        quant_json_nest_count(nest, 1);
        nest->items[nest->depth++] = 0;
        return QUANT_OK;
    }
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    if (nest->depth != nest->levels)
        return quant_source_error(scan->source, error, QUANT_UNSUPPORTED,
                                  "arrays nested more than %d deep %s", QUANT_MAX_DIMS, place);
    return quant_source_error(scan->source, error, QUANT_CORRUPT,
                              "mixed nesting %s: an array inside %d array%s, where numbers are "
                              "expected",
                              place, nest->depth, plural((uint64_t)nest->depth));
}

enum quant_status quant_json_nest_close(struct quant_json_nest *nest,
                                        const struct quant_json_scan *scan,
                                        struct quant_error *error)
{
    const int level = nest->depth - 1;
    const uint64_t items = nest->items[level];
    if (nest->levels == QUANT_JSON_LEVELS_UNKNOWN)
        nest->levels = nest->depth;
    if (!nest->closed[level]) {
        nest->closed[level] = true;
        nest->dims[level] = items;
    } else if (nest->dims[level] != items) {
        char place[QUANT_JSON_PLACE];
        quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
        return quant_source_error(scan->source, error, QUANT_CORRUPT,
                                  "ragged array %s: this row has %" PRIu64
                                  " element%s, the ones before it %" PRIu64,
                                  place, items, plural(items), nest->dims[level]);
    }
    nest->depth = level;
    return QUANT_OK;
}

enum quant_status quant_json_nest_number(struct quant_json_nest *nest,
                                         const struct quant_json_scan *scan,
                                         struct quant_error *error)
{
    if (nest->levels == QUANT_JSON_LEVELS_UNKNOWN)
        nest->levels = nest->depth;
    if (nest->depth == nest->levels)
        return QUANT_OK;
    char place[QUANT_JSON_PLACE];
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    return quant_source_error(scan->source, error, QUANT_CORRUPT,
                              "mixed nesting %s: a number inside %d array%s, where those before it "
                              "are inside %d",
                              place, nest->depth, plural((uint64_t)nest->depth), nest->levels);
}

void quant_json_nest_shape(const struct quant_json_nest *nest, struct quant_shape *shape)
{
    shape->ndim = nest->levels == QUANT_JSON_LEVELS_UNKNOWN ? 0 : nest->levels;
    memcpy(shape->dims, nest->dims, sizeof shape->dims);
}
