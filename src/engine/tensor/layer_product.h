/* SPDX-License-Identifier: MIT */
/* The outputs of a layer, of both stacks in one pass over its weights. */
#ifndef QUANT_ENGINE_TENSOR_LAYER_PRODUCT_H
#define QUANT_ENGINE_TENSOR_LAYER_PRODUCT_H

#include "engine/tensor/activations.h"
#include "engine/tensor/weight_pair.h"

/* The activations of one place in the network, by stack. */
struct quant_both_stacks {
    struct quant_activations original; /* with the weights as they are */
    struct quant_activations restored; /* with quantized ones */
};

struct quant_layer_product {
    /* All borrowed: */
    const struct quant_weight_pair *pair; /* quantized */
    const struct quant_both_stacks *inputs;
    struct quant_both_stacks *outputs; /* of the layer's size; each number is set */
    const struct quant_cancel *cancel;
    struct quant_pool *pool;
    struct quant_progress *progress; /* gets the elements of the matrix */
};

/* Errors: those of reading, QUANT_NO_MEMORY, QUANT_CANCELLED. */
enum quant_status quant_layer_multiply(const struct quant_layer_product *product,
                                       struct quant_error *error);

#endif
