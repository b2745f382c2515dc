/* SPDX-License-Identifier: MIT */
/*
 * Elements are mapped again a piece at a time, on the stack, and compared as bytes; one by one only
 * in a piece that differs.
 *
 * Two quantizations of one float x give values that are each within half a step of x, so they are
 * at most half the sum of the two steps apart; unless one of them was clamped, when it may lie
 * farther inside.
 */
#include "engine/files/verify_compare.h"

#include <math.h>
#include <string.h>

#include "base/nibble.h"
#include "core/group_params.h"

/* Elements at a time: even, so that 4-bit ones are cut between bytes. */
enum { PIECE = 1024 };

uint32_t quant_element_bits(enum quant_dtype dtype, const void *q, size_t i)
{
    switch (quant_dtype_info(dtype)->bits) {
    case 4:
        return quant_nibble_get(q, i);
    case 8:
        return ((const uint8_t *)q)[i];
    case 16:
        return ((const uint16_t *)q)[i];
    default:
        return ((const uint32_t *)q)[i];
    }
}

int32_t quant_element_integer(enum quant_dtype dtype, uint32_t bits)
{
    switch (dtype) {
    case QUANT_INT4:
        return quant_nibble_signed(bits);
    case QUANT_INT8:
        return (int8_t)(uint8_t)bits;
    case QUANT_INT16:
        return (int16_t)(uint16_t)bits;
    default:
        return (int32_t)bits;
    }
}

static const unsigned char *at_element(enum quant_dtype dtype, const void *q, size_t i)
{
    return (const unsigned char *)q + quant_dtype_bytes(dtype, i);
}

/* ---- Loading ---- */

enum quant_status quant_compare_begin(const struct quant_quantized_side *own,
                                      const struct quant_against *against, unsigned workers,
                                      struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (own->groups)
        status = quant_group_source_share(own->groups, workers, false, error);
    if (status == QUANT_OK && !against->original && against->other.groups)
        status = quant_group_source_share(against->other.groups, workers, false, error);
    return status;
}

enum quant_status quant_compare_load(const struct quant_quantized_side *own,
                                     const struct quant_against *against,
                                     const struct quant_chunk *chunk,
                                     const struct quant_buffers *buffers, struct quant_error *error)
{
    struct quant_chunk beside = *chunk;
    const bool has_original = against->original;
    struct quant_reader *reader = has_original ? against->original->reader : against->other.reader;
    enum quant_status status =
        quant_reader_load(reader, true, &beside, buffers->x, buffers->stage, error);
    if (status == QUANT_OK && own->groups)
        status = quant_group_source_load(own->groups, chunk, error);
    if (status == QUANT_OK && !has_original && against->other.groups)
        status = quant_group_source_load(against->other.groups, chunk, error);
    return status;
}

/* ---- The original ---- */

static void requantize(const struct quant_quantized_side *own, const struct quant_chunk *chunk,
                       size_t i, size_t n, const float *x, void *q)
{
    if (!own->groups) {
        quant_quantize(own->params, x, n, q);
        return;
    }
    const struct quant_group_part part = quant_group_source_part(own->groups, chunk);
    quant_quantize_groups(own->params, part.grouping, &part.params, chunk->first + i, x, n, q);
}

/* Half the distance from a 16-bit scale to the next. */
static float half_ulp(float scale, enum quant_dtype dtype)
{
    enum { BFLOAT16_DIGITS = 8, FLOAT16_DIGITS = 11, FLOAT16_LEAST = -25 };
    int exponent;
    frexpf(scale, &exponent);
    if (dtype == QUANT_BFLOAT16)
        return ldexpf(1, exponent - BFLOAT16_DIGITS - 1);
    const int half = exponent - FLOAT16_DIGITS - 1;
    return ldexpf(1, half > FLOAT16_LEAST ? half : FLOAT16_LEAST);
}

/* A scale that was rounded to 16 bits after it was used: any that is stored as this one may have
 * made the integer, and the larger it was, the smaller is the integer, or the other way around. */
static bool is_of_unrounded(const struct quant_params *stored, float x, uint32_t bits)
{
    struct quant_params params = *stored;
    const float half = half_ulp(params.scale, params.scale_dtype);
    uint32_t ends[2];
    for (int i = 0; i < 2; i++) {
        int32_t given = 0;
        params.factor = params.scale + (i == 0 ? -half : half);
        quant_quantize(&params, &x, 1, &given);
        ends[i] = quant_element_bits(params.dtype, &given, 0);
    }
    return (ends[0] <= bits && bits <= ends[1]) || (ends[1] <= bits && bits <= ends[0]);
}

/* Where the engine stores the inverse of the scale, the scale does not say which of two or three
 * neighbours it was: any of them may have made the integer. */
static bool is_of_neighbour(const struct quant_quantized_side *own, const struct quant_chunk *chunk,
                            size_t i, float x, uint32_t bits)
{
    struct quant_params params = *own->params;
    int32_t given = 0;
    const bool is_rounded =
        params.mapping == QUANT_MAP_BIAS && !params.exact && params.scale_dtype != QUANT_FLOAT32;
    if (params.mapping != QUANT_MAP_FACTOR && !is_rounded)
        return false;
    if (own->groups) {
        const struct quant_group_part part = quant_group_source_part(own->groups, chunk);
        const uint64_t group = quant_grouping_group_of(part.grouping, chunk->first + i);
        params = quant_group_params_of(own->params, &part.params, group);
    }
    if (is_rounded)
        return is_of_unrounded(&params, x, bits);
    float factor = 1 / params.scale;
    for (int step = 0; step < 2; step++)
        factor = nextafterf(factor, 0);
    for (int step = 0; step < 5; step++, factor = nextafterf(factor, INFINITY)) {
        params.factor = factor;
        quant_quantize(&params, &x, 1, &given);
        if (1 / factor == params.scale && quant_element_bits(params.dtype, &given, 0) == bits)
            return true;
    }
    return false;
}

static void compare_with_original(const struct quant_quantized_side *own,
                                  const struct quant_chunk *chunk,
                                  const struct quant_buffers *buffers,
                                  struct quant_differences *found)
{
    const enum quant_dtype dtype = own->params->dtype;
    int32_t given[PIECE]; /* room for the widest */
    for (size_t i = 0; i < chunk->count; i += PIECE) {
        const size_t n = chunk->count - i < PIECE ? chunk->count - i : PIECE;
        const unsigned char *q = at_element(dtype, buffers->q, i);
        requantize(own, chunk, i, n, buffers->x + i, given);
        if (memcmp(q, given, (size_t)quant_dtype_bytes(dtype, n)) == 0)
            continue;
        for (size_t k = 0; k < n; k++) { /* the padding may be all that differs */
            const uint32_t bits = quant_element_bits(dtype, q, k);
            const uint32_t expected = quant_element_bits(dtype, given, k);
            if (bits == expected || is_of_neighbour(own, chunk, i + k, buffers->x[i + k], bits))
                continue;
            found->integers_differ = true;
            if (found->count++ > 0)
                continue;
            found->first = chunk->first + i + k;
            found->found = bits;
            found->expected = expected;
        }
    }
}

/* ---- The other side ---- */

/* What restores a piece of a chunk. */
struct piece {
    const struct quant_quantized_side *side;
    const struct quant_chunk *chunk;
    size_t i; /* of its first element in the chunk */
    const unsigned char *q;
};

static void restore(const struct piece *piece, size_t n, float *x)
{
    const struct quant_quantized_side *side = piece->side;
    if (!side->groups) {
        quant_dequantize(side->params, piece->q, n, x);
        return;
    }
    const struct quant_group_part part = quant_group_source_part(side->groups, piece->chunk);
    quant_dequantize_groups(side->params, part.grouping, &part.params,
                            piece->chunk->first + piece->i, piece->q, n, x);
}

static double scale_of(const struct piece *piece, size_t k)
{
    const struct quant_quantized_side *side = piece->side;
    if (!side->groups)
        return (double)side->params->scale;
    const struct quant_group_part part = quant_group_source_part(side->groups, piece->chunk);
    const uint64_t group =
        quant_grouping_group_of(part.grouping, piece->chunk->first + piece->i + k);
    return (double)part.params.scales[group - part.params.first];
}

/* Half a step at x. Floats have steps of their own, in proportion. */
static double half_step(const struct piece *piece, size_t k, float x)
{
    const struct quant_dtype_info *info = quant_dtype_info(piece->side->params->dtype);
    const double scale = fabs(scale_of(piece, k));
    return info->is_integer ? scale / 2
                            : fabs((double)x) * info->epsilon / 2 + scale * info->epsilon / 256;
}

/* -1 or 1: at the lower or upper end of the target range, where values outside were put. */
static int end_of(const struct piece *piece, size_t k)
{
    const struct quant_params *params = piece->side->params;
    if (!quant_dtype_info(params->dtype)->is_integer)
        return 0;
    const int32_t q =
        quant_element_integer(params->dtype, quant_element_bits(params->dtype, piece->q, k));
    return q <= params->qmin ? -1 : q >= params->qmax ? 1 : 0;
}

static bool are_of_one_float(const struct piece *own, const struct piece *other, size_t k, float x,
                             float other_x)
{
    const double difference = (double)other_x - (double)x;
    const double room = half_step(own, k, x) + half_step(other, k, other_x);
    const int own_end = end_of(own, k);
    const int other_end = end_of(other, k);
    if (fabs(difference) <= room * (1 + 0x1p-20))
        return true;
    return difference > 0 ? own_end > 0 || other_end < 0 : own_end < 0 || other_end > 0;
}

static void compare_values(const struct piece *own, const struct piece *other, size_t n,
                           struct quant_differences *found)
{
    float x[PIECE];
    float other_x[PIECE];
    restore(own, n, x);
    restore(other, n, other_x);
    if (memcmp(x, other_x, n * sizeof *x) == 0)
        return;
    for (size_t k = 0; k < n; k++) {
        if (x[k] == other_x[k] || (isnan(x[k]) && isnan(other_x[k])))
            continue;
        const double a = scale_of(own, k);
        const double b = scale_of(other, k);
        found->values_differ = true;
        found->scales = fmax(found->scales, fabs(a - b) / fmax(fabs(a), fabs(b)));
        if (are_of_one_float(own, other, k, x[k], other_x[k]) || found->count++ > 0)
            continue;
        found->first = own->chunk->first + own->i + k;
        found->x = x[k];
        found->other_x = other_x[k];
    }
}

/* Without the scales of the other side. */
static void compare_integers(const struct piece *own, const struct piece *other, size_t n,
                             struct quant_differences *found)
{
    const enum quant_dtype dtype = own->side->params->dtype;
    for (size_t k = 0; k < n; k++) {
        const uint32_t bits = quant_element_bits(dtype, own->q, k);
        const uint32_t expected = quant_element_bits(dtype, other->q, k);
        if (bits == expected || found->count++ > 0)
            continue;
        found->first = own->chunk->first + own->i + k;
        found->found = bits;
        found->expected = expected;
    }
}

static void compare_with_other(const struct quant_quantized_side *own,
                               const struct quant_against *against, const struct quant_chunk *chunk,
                               const struct quant_buffers *buffers, struct quant_differences *found)
{
    const struct quant_quantized_side *side = &against->other;
    const enum quant_dtype dtype = own->params->dtype;
    for (size_t i = 0; i < chunk->count; i += PIECE) {
        const size_t n = chunk->count - i < PIECE ? chunk->count - i : PIECE;
        const struct piece a = {own, chunk, i, at_element(dtype, buffers->q, i)};
        const struct piece b = {side, chunk, i, at_element(side->params->dtype, buffers->x, i)};
        const bool differs = dtype != side->params->dtype ||
                             memcmp(a.q, b.q, (size_t)quant_dtype_bytes(dtype, n)) != 0;
        found->integers_differ = found->integers_differ || differs;
        if (!against->is_unscaled)
            compare_values(&a, &b, n, found);
        else if (differs)
            compare_integers(&a, &b, n, found);
    }
}

/* ---- Either ---- */

void quant_compare_chunk(const struct quant_quantized_side *own,
                         const struct quant_against *against, const struct quant_chunk *chunk,
                         const struct quant_buffers *buffers, struct quant_differences *found)
{
    if (against->original)
        compare_with_original(own, chunk, buffers, found);
    else
        compare_with_other(own, against, chunk, buffers, found);
}

void quant_differences_join(struct quant_differences *all, const struct quant_differences *next)
{
    if (all->count == 0) {
        all->first = next->first;
        all->found = next->found;
        all->expected = next->expected;
        all->x = next->x;
        all->other_x = next->other_x;
    }
    all->integers_differ |= next->integers_differ;
    all->values_differ |= next->values_differ;
    all->scales = fmax(all->scales, next->scales);
    all->count += next->count;
}
