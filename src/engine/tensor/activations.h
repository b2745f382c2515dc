/* SPDX-License-Identifier: MIT */
/* What goes from one layer to the next: a number for each sample and unit. */
#ifndef QUANT_ENGINE_TENSOR_ACTIVATIONS_H
#define QUANT_ENGINE_TENSOR_ACTIVATIONS_H

#include <quant/drift.h>

#include "engine/tensor/tensor.h"
#include "kernels/kernels.h"

/* Samples are in groups of QUANT_MULTIPLY_SAMPLES, which are multiplied together. The number of
 * unit u of sample s is x[(s / 8 * nunits + u) * 8 + s % 8]; samples that fill the last group up
 * are 0. Zeroed, it is released. */
struct quant_activations {
    float *x; /* owned */
    uint64_t nsamples;
    uint64_t nunits;
};

/* All 0. QUANT_NO_MEMORY. */
enum quant_status quant_activations_init(struct quant_activations *activations, uint64_t nsamples,
                                         uint64_t nunits, struct quant_error *error);

/* Fine on zeros. */
void quant_activations_release(struct quant_activations *activations);

static inline uint64_t quant_activations_groups(const struct quant_activations *activations)
{
    return activations->nsamples / QUANT_MULTIPLY_SAMPLES +
           (activations->nsamples % QUANT_MULTIPLY_SAMPLES > 0);
}

static inline float *quant_activation_at(const struct quant_activations *activations,
                                         uint64_t sample, uint64_t unit)
{
    const uint64_t group = sample / QUANT_MULTIPLY_SAMPLES;
    return &activations->x[(group * activations->nunits + unit) * QUANT_MULTIPLY_SAMPLES +
                           sample % QUANT_MULTIPLY_SAMPLES];
}

/* Random numbers, sample after sample. */
void quant_activations_draw(struct quant_activations *activations, uint64_t seed);

/* Reads them from a tensor of shape (nsamples, nunits), or (nunits) for one sample, which is at its
 * first element and read by position. QUANT_NONFINITE. */
enum quant_status quant_activations_load(struct quant_activations *activations,
                                         const struct quant_tensor *tensor,
                                         struct quant_error *error);

/* Makes the same as another: of the same size. */
void quant_activations_copy(struct quant_activations *to, const struct quant_activations *from);

/* Replaces numbers below 0 by 0. */
void quant_activations_rectify(struct quant_activations *activations);

/* Quantizes and restores them: not for QUANT_ACTIVATIONS_FLOAT. QUANT_NO_MEMORY. */
enum quant_status quant_activations_quantize(struct quant_activations *activations,
                                             enum quant_drift_activations how,
                                             struct quant_error *error);

/* Fills in the outputs of *layer, and if it has a ReLU the units that are switched, from the
 * outputs of the two stacks. Returns false if a number is not finite: figures then have no meaning.
 */
bool quant_activations_compare(const struct quant_activations *original,
                               const struct quant_activations *restored,
                               struct quant_drift_layer *layer);

#endif
