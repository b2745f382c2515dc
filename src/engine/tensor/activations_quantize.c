/* SPDX-License-Identifier: MIT */
/* Activations as engines quantize them while a network runs. A sample is not contiguous in memory,
 * so each is gathered, mapped, and put back. */
#include <stdlib.h>

#include "base/error.h"
#include "core/elements.h"
#include "engine/tensor/activations.h"

/* One sample, and its integers. */
struct line {
    float *x;   /* owned */
    uint8_t *q; /* owned */
};

static const struct quant_spec specs[] = {
    [QUANT_ACTIVATIONS_PER_TOKEN] = {.dtype = QUANT_INT8, .scheme = QUANT_ABSMAX},
    [QUANT_ACTIVATIONS_PER_TENSOR] = {.dtype = QUANT_UINT8,
                                      .scheme = QUANT_ZERO_POINT,
                                      .include_zero = true},
};

static void gather(const struct quant_activations *activations, uint64_t sample, float *x)
{
    for (uint64_t u = 0; u < activations->nunits; u++)
        x[u] = *quant_activation_at(activations, sample, u);
}

static void map(struct quant_activations *activations, uint64_t sample,
                const struct quant_params *params, const struct line *line)
{
    const size_t n = (size_t)activations->nunits;
    gather(activations, sample, line->x);
    quant_elements_quantize(params, line->x, n, line->q);
    quant_elements_dequantize(params, line->q, n, line->x);
    for (uint64_t u = 0; u < n; u++)
        *quant_activation_at(activations, sample, u) = line->x[u];
}

static void observe(const struct quant_activations *activations, uint64_t sample,
                    const struct line *line, struct quant_observed *observed)
{
    gather(activations, sample, line->x);
    quant_elements_observe(observed, line->x, (size_t)activations->nunits);
}

/* The samples from first on, with one scale. */
static enum quant_status map_together(struct quant_activations *activations, uint64_t first,
                                      uint64_t end, const struct quant_spec *spec,
                                      const struct line *line, struct quant_error *error)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    for (uint64_t s = first; s < end; s++)
        observe(activations, s, line, &observed);
    const enum quant_status status = quant_choose(spec, &observed, &choice, error);
    for (uint64_t s = first; status == QUANT_OK && s < end; s++)
        map(activations, s, &choice.params, line);
    return status;
}

enum quant_status quant_activations_quantize(struct quant_activations *activations,
                                             enum quant_drift_activations how,
                                             struct quant_error *error)
{
    const size_t nunits = (size_t)activations->nunits;
    const uint64_t nsamples = activations->nsamples;
    const uint64_t step = how == QUANT_ACTIVATIONS_PER_TOKEN ? 1 : nsamples;
    const struct line line = {malloc((nunits + 1) * sizeof(float)), malloc(nunits + 1)};
    enum quant_status status =
        line.x && line.q ? QUANT_OK
                         : quant_error_no_memory(error, nunits * sizeof(float), "activations");
    for (uint64_t s = 0; status == QUANT_OK && s < nsamples; s += step)
        status = map_together(activations, s, s + step, &specs[how], &line, error);
    free(line.x);
    free(line.q);
    return status;
}
