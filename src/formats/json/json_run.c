/* SPDX-License-Identifier: MIT */
/* One loop for each kind of element. Numbers that they cannot read go through quant_json_one. */
#include "formats/json/json_run.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/nibble.h"
#include "base/small_float.h"

bool quant_json_takes(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && (info->is_integer || dtype == QUANT_FLOAT32 || quant_small_float(dtype));
}

static size_t run_of_floats(struct quant_json_scan *scan, float *elements, size_t capacity,
                            bool *after_number)
{
    const char *p = scan->next;
    size_t n = 0;
    while (n < capacity) {
        double value;
        p = quant_json_scan_space(scan, p);
        const char *after = quant_json_fast_double(p, &value);
        if (!after || isinf((float)value))
            break;
        elements[n++] = (float)value;
        p = quant_json_scan_space(scan, after);
        if (*p != ',') {
            *after_number = true;
            break;
        }
        p++;
    }
    scan->next = p;
    return n;
}

/* Stores the pattern of value, which must be a number of the type. */
static bool store_small_float(enum quant_dtype dtype, void *elements, size_t i, double value)
{
    const struct quant_small_float *type = quant_small_float(dtype);
    const uint32_t pattern = quant_small_float_encode(type, (float)value);
    if (quant_small_float_decode(type, pattern) != (float)value)
        return false;
    quant_small_float_put(type, elements, i, pattern);
    return true;
}

static size_t run_of_small_floats(struct quant_json_scan *scan, enum quant_dtype dtype,
                                  void *elements, size_t first, size_t capacity, bool *after_number)
{
    const char *p = scan->next;
    size_t n = 0;
    while (n < capacity) {
        double value;
        p = quant_json_scan_space(scan, p);
        const char *after = quant_json_fast_double(p, &value);
        if (!after || !store_small_float(dtype, elements, first + n, value))
            break;
        n++;
        p = quant_json_scan_space(scan, after);
        if (*p != ',') {
            *after_number = true;
            break;
        }
        p++;
    }
    scan->next = p;
    return n;
}

/* Stores two's complement, for signed and unsigned types. */
static void store_integer(unsigned bits, void *elements, size_t i, int64_t value)
{
    if (bits == 4)
        quant_nibble_put(elements, i, (unsigned)value);
    else if (bits == 8)
        ((uint8_t *)elements)[i] = (uint8_t)value;
    else if (bits == 16)
        ((uint16_t *)elements)[i] = (uint16_t)value;
    else
        ((uint32_t *)elements)[i] = (uint32_t)value;
}

static size_t run_of_integers(struct quant_json_scan *scan, enum quant_dtype dtype, void *elements,
                              size_t first, size_t capacity, bool *after_number)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const int64_t min = (int64_t)info->min;
    const int64_t max = (int64_t)info->max;
    const unsigned bits = info->bits;
    const char *p = scan->next;
    size_t n = 0;
    while (n < capacity) {
        int64_t value;
        p = quant_json_scan_space(scan, p);
        const char *after = quant_json_fast_integer(p, &value);
        if (!after || value < min || value > max)
            break;
        store_integer(bits, elements, first + n++, value);
        p = quant_json_scan_space(scan, after);
        if (*p != ',') {
            *after_number = true;
            break;
        }
        p++;
    }
    scan->next = p;
    return n;
}

size_t quant_json_run(struct quant_json_scan *scan, enum quant_dtype dtype, void *elements,
                      size_t first, size_t capacity, bool *after_number)
{
    *after_number = false;
    if (dtype == QUANT_FLOAT32)
        return run_of_floats(scan, (float *)elements + first, capacity, after_number);
    if (quant_small_float(dtype))
        return run_of_small_floats(scan, dtype, elements, first, capacity, after_number);
    return run_of_integers(scan, dtype, elements, first, capacity, after_number);
}

static enum quant_status one_float(struct quant_json_scan *scan, uint64_t index, float *element,
                                   struct quant_json_beyond *beyond, struct quant_error *error)
{
    char token[QUANT_JSON_TOKEN];
    double value;
    bool is_word;
    const enum quant_status status = quant_json_scan_float(scan, &value, &is_word, token, error);
    if (status != QUANT_OK)
        return status;
    *element = (float)value;
    if (isinf(*element) && !is_word && !beyond->found) {
        *beyond = (struct quant_json_beyond){.found = true, .index = index};
        memcpy(beyond->token, token, sizeof token);
    }
    return QUANT_OK;
}

enum quant_status quant_json_one(struct quant_json_scan *scan, enum quant_dtype dtype,
                                 uint64_t index, void *elements, size_t first,
                                 struct quant_json_beyond *beyond, struct quant_error *error)
{
    if (dtype == QUANT_FLOAT32)
        return one_float(scan, index, (float *)elements + first, beyond, error);
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    struct quant_json_decimal decimal;
    char token[QUANT_JSON_TOKEN];
    char place[QUANT_JSON_PLACE];
    quant_json_scan_place(scan, quant_json_scan_offset(scan), place);
    const enum quant_status status = quant_json_scan_number(scan, &decimal, token, error);
    if (status != QUANT_OK)
        return status;
    if (quant_small_float(dtype)) {
        if (!store_small_float(dtype, elements, first, quant_json_decimal_double(&decimal)))
            return quant_source_error(scan->source, error, QUANT_OUT_OF_RANGE,
                                      "element %" PRIu64 " %s is %s, not a number of %s", index,
                                      place, token, info->name);
        return QUANT_OK;
    }
    int64_t value;
    if (!quant_json_decimal_integer(&decimal, &value))
        return quant_source_error(scan->source, error, QUANT_OUT_OF_RANGE,
                                  "element %" PRIu64 " %s is %s, not an integer", index, place,
                                  token);
    if (value < (int64_t)info->min || value > (int64_t)info->max)
        return quant_source_error(scan->source, error, QUANT_OUT_OF_RANGE,
                                  "element %" PRIu64 " %s is %s, outside %s (%.0f to %.0f)", index,
                                  place, token, info->name, info->min, info->max);
    store_integer(info->bits, elements, first, value);
    return QUANT_OK;
}
