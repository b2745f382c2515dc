/* SPDX-License-Identifier: MIT */
/* Activations in memory, and where they come from. */
#include "engine/tensor/activations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/shape.h"
#include "core/normal_source.h"
#include "engine/work/buffers.h"

static uint64_t floats_of(const struct quant_activations *activations)
{
    return quant_activations_groups(activations) * activations->nunits * QUANT_MULTIPLY_SAMPLES;
}

enum quant_status quant_activations_init(struct quant_activations *activations, uint64_t nsamples,
                                         uint64_t nunits, struct quant_error *error)
{
    uint64_t padded;
    uint64_t nbytes;
    *activations = (struct quant_activations){.nsamples = nsamples, .nunits = nunits};
    if (quant_checked_add(nsamples, QUANT_MULTIPLY_SAMPLES, &padded) &&
        quant_checked_mul(padded, nunits, &nbytes) &&
        quant_checked_mul(nbytes, sizeof(float), &nbytes) && nbytes <= SIZE_MAX)
        activations->x = calloc((size_t)floats_of(activations) + 1, sizeof(float));
    else
        nbytes = SIZE_MAX;
    return activations->x ? QUANT_OK : quant_error_no_memory(error, (size_t)nbytes, "activations");
}

void quant_activations_release(struct quant_activations *activations)
{
    free(activations->x);
    *activations = (struct quant_activations){.x = NULL};
}

void quant_activations_copy(struct quant_activations *to, const struct quant_activations *from)
{
    memcpy(to->x, from->x, (size_t)floats_of(from) * sizeof *to->x);
}

void quant_activations_rectify(struct quant_activations *activations)
{
    const uint64_t n = floats_of(activations);
    for (uint64_t i = 0; i < n; i++)
        activations->x[i] = activations->x[i] > 0 ? activations->x[i] : 0;
}

/* ---- Where samples come from ---- */

void quant_activations_draw(struct quant_activations *activations, uint64_t seed)
{
    struct quant_normal_source source = {.state = seed};
    for (uint64_t s = 0; s < activations->nsamples; s++)
        for (uint64_t u = 0; u < activations->nunits; u++)
            *quant_activation_at(activations, s, u) = quant_normal_next(&source);
}

static enum quant_status check_finite(const struct quant_reader *reader, const float *x, size_t n,
                                      uint64_t first, struct quant_error *error)
{
    char index[QUANT_SHAPE_TEXT];
    size_t i = 0;
    while (i < n && isfinite(x[i]))
        i++;
    if (i == n)
        return QUANT_OK;
    return quant_source_error(reader->source, error, QUANT_NONFINITE,
                              "a sample is not finite: %s at index %s",
                              isnan(x[i]) ? "nan" : "infinite or beyond float32",
                              quant_index_text(&reader->shape, reader->order, first + i, index));
}

/* Elements from the first-th on, to their places. */
static void place(struct quant_activations *activations, enum quant_order order, const float *x,
                  size_t n, uint64_t first)
{
    const bool is_fortran = order == QUANT_ORDER_FORTRAN;
    const uint64_t row = is_fortran ? activations->nsamples : activations->nunits;
    uint64_t outer = first / row;
    uint64_t inner = first % row;
    for (size_t i = 0; i < n; i++) {
        *quant_activation_at(activations, is_fortran ? inner : outer, is_fortran ? outer : inner) =
            x[i];
        if (++inner == row) {
            inner = 0;
            outer++;
        }
    }
}

enum quant_status quant_activations_load(struct quant_activations *activations,
                                         const struct quant_tensor *tensor,
                                         struct quant_error *error)
{
    struct quant_reader *reader = tensor->reader;
    const uint64_t n = activations->nsamples * activations->nunits;
    const enum quant_order order = reader->shape.ndim == 2 ? reader->order : QUANT_ORDER_C;
    struct quant_buffers buffers = {.x = NULL};
    const struct quant_buffers_needs needs = {.x = true};
    enum quant_status status = quant_buffers_reserve(&buffers, 1, QUANT_CHUNK, &needs, error);
    for (uint64_t first = 0; status == QUANT_OK && first < n; first += QUANT_CHUNK) {
        const size_t count = n - first < QUANT_CHUNK ? (size_t)(n - first) : QUANT_CHUNK;
        status = reader->ops->read_at(reader, first, buffers.x, count, buffers.stage, error);
        if (status == QUANT_OK)
            status = check_finite(reader, buffers.x, count, first, error);
        if (status == QUANT_OK)
            place(activations, order, buffers.x, count, first);
    }
    quant_buffers_release(&buffers, 1);
    return status;
}
