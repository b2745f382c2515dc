/* SPDX-License-Identifier: MIT */
/* Which tensors of a model llama-quantize leaves as they are, by their names. */
#ifndef QUANT_CORE_GGML_NAMES_H
#define QUANT_CORE_GGML_NAMES_H

#include <stdbool.h>

/* Whether `llama-quantize --pure` quantizes a tensor of this name with two dimensions or more: its
 * name ends in "weight", and it is not one that a model needs in full, such as a norm, the router
 * of a mixture of experts, or an embedding of positions. */
bool quant_ggml_quantizes(const char *name);

#endif
