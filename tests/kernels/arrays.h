/* SPDX-License-Identifier: MIT */
/*
 * The kernels that turn an array into another (quantize, dequantize, widen), seen as one: bytes in,
 * bytes out. compare_* fails the test where a row's bytes are not the scalar row's.
 */
#ifndef QUANT_TESTS_KERNELS_ARRAYS_H
#define QUANT_TESTS_KERNELS_ARRAYS_H

#include <string.h>

#include "../support/floats.h"
#include "../support/guarded.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

enum operation_kind { QUANTIZE, DEQUANTIZE, WIDEN };

struct operation {
    enum operation_kind kind;
    enum quant_dtype dtype; /* of the integers, or of what is widened */
    struct quant_params params;
    bool big;
};

/* Four vectors of 64 single bytes, and a tail. */
enum { MOST_LENGTH = 4 * 64 + 3, MOST_SHIFT = 16, MOST_SIZE = 8 };

static inline size_t source_bytes(const struct operation *operation, size_t n)
{
    return operation->kind == QUANTIZE ? n * sizeof(float)
                                       : (size_t)quant_dtype_bytes(operation->dtype, n);
}

static inline size_t result_bytes(const struct operation *operation, size_t n)
{
    return operation->kind == QUANTIZE ? (size_t)quant_dtype_bytes(operation->dtype, n)
                                       : n * sizeof(float);
}

/* Of one element, or of the two that share a byte. */
static inline size_t source_size(const struct operation *operation)
{
    return source_bytes(operation, 1);
}

static inline size_t result_size(const struct operation *operation)
{
    return result_bytes(operation, 1);
}

/* What is widened may lie anywhere, floats and integers lie as their type asks. */
static inline size_t source_step(const struct operation *operation)
{
    return operation->kind == WIDEN ? 1 : source_size(operation);
}

static inline void operate(const struct quant_kernels *row, const struct operation *operation,
                           const void *source, size_t n, void *result)
{
    switch (operation->kind) {
    case QUANTIZE:
        row->quantize[operation->dtype](&operation->params, source, n, result);
        return;
    case DEQUANTIZE:
        row->dequantize[operation->dtype](&operation->params, source, n, result);
        return;
    case WIDEN:
        row->widen[operation->dtype](source, n, operation->big, result);
        return;
    }
}

static inline void fail_difference(const struct quant_kernels *row,
                                   const struct operation *operation, const unsigned char *source,
                                   size_t n, const unsigned char *result,
                                   const unsigned char *expected, const char *where)
{
    const size_t size = result_size(operation);
    const struct quant_params *params = &operation->params;
    const size_t nunits = result_bytes(operation, n) / size;
    size_t unit = 0;
    while (unit + 1 < nunits && memcmp(result + unit * size, expected + unit * size, size) == 0)
        unit++;
    const size_t i = unit * n / nunits; /* the first that the unit holds */
    uint64_t from = 0;
    uint32_t found = 0;
    uint32_t right = 0;
    memcpy(&from, source + source_bytes(operation, i), source_size(operation));
    memcpy(&found, result + unit * size, size);
    memcpy(&right, expected + unit * size, size);
    fail_msg("%s, operation %d, %s: element %zu of %zu (%s), bits 0x%llx: found 0x%x, expected "
             "0x%x; scale %a, z %d, %d..%d, rounding %d",
             row->name, (int)operation->kind, quant_dtype_info(operation->dtype)->name, i, n, where,
             (unsigned long long)from, found, right, (double)params->scale, params->zero_point,
             params->qmin, params->qmax, (int)params->rounding);
}

/* n elements wherever they lie. */
static inline void compare_values(const struct quant_kernels *row,
                                  const struct operation *operation, const void *source, size_t n,
                                  unsigned char *result, unsigned char *expected)
{
    operate(&quant_kernels_scalar, operation, source, n, expected);
    operate(row, operation, source, n, result);
    if (memcmp(result, expected, result_bytes(operation, n)) != 0)
        fail_difference(row, operation, source, n, result, expected, "values");
}

struct placement {
    struct guarded from;
    struct guarded to;
    long source_offset; /* as guarded_place takes it */
    long result_offset;
};

/* n elements at a stated place between the guards, with canaries around the result. expected holds
 * the scalar row's result of the same elements. */
static inline void compare_placed(const struct quant_kernels *row,
                                  const struct operation *operation, const void *elements, size_t n,
                                  const struct placement *placement, const unsigned char *expected)
{
    const size_t nbytes = source_bytes(operation, n);
    const size_t nresult = result_bytes(operation, n);
    unsigned char *source = guarded_place(&placement->from, placement->source_offset, nbytes);
    unsigned char *result = guarded_place(&placement->to, placement->result_offset, nresult);
    memcpy(source, elements, nbytes);
    guarded_arm(&placement->to, result, nresult);
    operate(row, operation, source, n, result);
    if (memcmp(result, expected, nresult) != 0)
        fail_difference(row, operation, source, n, result, expected, "placed");
    if (!guarded_intact(&placement->to, result, nresult))
        fail_msg("%s, operation %d, %s: n %zu at offsets %ld, %ld: bytes beside the result changed",
                 row->name, (int)operation->kind, quant_dtype_info(operation->dtype)->name, n,
                 placement->source_offset, placement->result_offset);
    if (memcmp(source, elements, nbytes) != 0)
        fail_msg("%s, operation %d: the source was changed", row->name, (int)operation->kind);
}

/* In a slow build, and for the row that the others are compared with, two shifts meet at every
 * fourth length only: each length still meets every shift of either side. */
static inline bool are_compared(const struct quant_kernels *row, size_t n, long from, long to)
{
    const bool is_thin = IS_SLOW_BUILD || row == &quant_kernels_scalar;
    return !is_thin || from < 0 || to < 0 || (n + (size_t)from + (size_t)to) % 4 == 0;
}

/* Every length, with source and result at every shift behind a guard or ending at one. elements has
 * MOST_LENGTH of them. */
static inline void compare_placements(const struct quant_kernels *row,
                                      const struct operation *operation, const void *elements)
{
    unsigned char expected[MOST_LENGTH * MOST_SIZE];
    struct placement placement = {
        .from = guarded_new((size_t)(MOST_LENGTH + MOST_SHIFT) * MOST_SIZE),
        .to = guarded_new((size_t)(MOST_LENGTH + MOST_SHIFT) * MOST_SIZE),
    };
    const long from_step = (long)source_step(operation);
    const long to_step = (long)result_size(operation);
    for (size_t n = 0; n <= MOST_LENGTH; n++) {
        operate(&quant_kernels_scalar, operation, elements, n, expected);
        for (long from = -1; from < MOST_SHIFT; from++)
            for (long to = -1; to < MOST_SHIFT; to++) {
                if (!are_compared(row, n, from, to))
                    continue;
                placement.source_offset = from < 0 ? -1 : from * from_step;
                placement.result_offset = to < 0 ? -1 : to * to_step;
                compare_placed(row, operation, elements, n, &placement, expected);
            }
    }
    guarded_free(&placement.from);
    guarded_free(&placement.to);
}

#endif
