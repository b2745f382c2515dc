/* SPDX-License-Identifier: MIT */
/* Shapes and indices as numbers and as text. */
#include "base/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"

bool quant_shape_count(const struct quant_shape *shape, uint64_t *nelems)
{
    if (shape->ndim < 0 || shape->ndim > QUANT_MAX_DIMS)
        return false;
    uint64_t nonzero = 1;
    bool empty = false;
    for (int i = 0; i < shape->ndim; i++) {
        if (shape->dims[i] == 0)
            empty = true;
        else if (!quant_checked_mul(nonzero, shape->dims[i], &nonzero) || nonzero > INT64_MAX)
            return false;
    }
    *nelems = empty ? 0 : nonzero;
    return true;
}

struct quant_shape quant_shape_of(const uint64_t *dims, size_t ndim)
{
    struct quant_shape shape = {.ndim = (int)ndim};
    if (ndim > 0)
        memcpy(shape.dims, dims, ndim * sizeof *dims);
    return shape;
}

bool quant_shape_has_order(const struct quant_shape *shape)
{
    int extended = 0;
    for (int i = 0; i < shape->ndim; i++)
        extended += shape->dims[i] != 1;
    return extended > 1;
}

bool quant_shape_equal(const struct quant_shape *a, const struct quant_shape *b)
{
    return a->ndim == b->ndim && memcmp(a->dims, b->dims, (size_t)a->ndim * sizeof a->dims[0]) == 0;
}

/* "1, 2, 3" between brackets; numbers that do not fit are replaced by "...". */
static const char *list_text(const uint64_t *numbers, int count, char open, const char *close,
                             char text[QUANT_SHAPE_TEXT])
{
    enum { ROOM_FOR_REST = sizeof ", ...]" };
    size_t length = 0;
    text[length++] = open;
    for (int i = 0; i < count; i++) {
        char word[32];
        const int width = snprintf(word, sizeof word, "%s%llu", i == 0 ? "" : ", ",
                                   (unsigned long long)numbers[i]);
        if (length + (size_t)width + ROOM_FOR_REST > QUANT_SHAPE_TEXT) {
            length += (size_t)snprintf(text + length, QUANT_SHAPE_TEXT - length, ", ...");
            break;
        }
        memcpy(text + length, word, (size_t)width);
        length += (size_t)width;
    }
    snprintf(text + length, QUANT_SHAPE_TEXT - length, "%s", close);
    return text;
}

const char *quant_shape_text(const struct quant_shape *shape, char text[QUANT_SHAPE_TEXT])
{
    return list_text(shape->dims, shape->ndim, '(', shape->ndim == 1 ? ",)" : ")", text);
}

void quant_shape_unravel(const struct quant_shape *shape, enum quant_order order, uint64_t flat,
                         uint64_t index[QUANT_MAX_DIMS])
{
    for (int i = 0; shape->ndim <= QUANT_MAX_DIMS && i < shape->ndim; i++) {
        const int axis = order == QUANT_ORDER_C ? shape->ndim - 1 - i : i;
        const uint64_t extent = shape->dims[axis] > 0 ? shape->dims[axis] : 1;
        index[axis] = flat % extent;
        flat /= extent;
    }
}

const char *quant_index_text(const struct quant_shape *shape, enum quant_order order, uint64_t flat,
                             char text[QUANT_SHAPE_TEXT])
{
    uint64_t index[QUANT_MAX_DIMS];
    quant_shape_unravel(shape, order, flat, index);
    return list_text(index, shape->ndim, '[', "]", text);
}
