/* SPDX-License-Identifier: MIT */
/* The public functions on arrays. Each calls one kernel of the set in use. Kernels may add 0 to a
 * pointer, which is undefined for NULL, so they never see arrays of no elements. */
#include "core/elements.h"

#include <math.h>

#include "base/float_environment.h"
#include "core/biased_elements.h"
#include "core/mapped_elements.h"
#include "core/observed.h"
#include "kernels/ggml_blocks.h"
#include "kernels/kernels.h"

void quant_elements_observe(struct quant_observed *observed, const float *x, size_t n)
{
    if (n > 0)
        quant_kernels()->observe(x, n, observed);
}

void quant_elements_quantize(const struct quant_params *params, const float *x, size_t n, void *q)
{
    const struct quant_block_type *block = quant_ggml_block(params->dtype);
    if (n == 0)
        return;
    if (block)
        quant_ggml_quantize(block, x, n, q);
    else if (params->mapping == QUANT_MAP_PLAIN)
        quant_kernels()->quantize[params->dtype](params, x, n, q);
    else
        quant_mapped_quantize(params, x, n, q);
}

void quant_elements_dequantize(const struct quant_params *params, const void *q, size_t n, float *x)
{
    const struct quant_block_type *block = quant_ggml_block(params->dtype);
    if (block)
        quant_ggml_dequantize(block, q, n, x);
    else if (n > 0 && quant_params_have_biases(params))
        quant_biased_dequantize(params, q, n, x);
    else if (n > 0)
        quant_kernels()->dequantize[params->dtype](params, q, n, x);
}

bool quant_elements_can_map(const struct quant_params *params)
{
    const struct quant_dtype_info *info = params ? quant_dtype_info(params->dtype) : NULL;
    return info && (info->quantizes || info->block_nelems > 0);
}

void quant_observe(struct quant_observed *observed, const float *x, size_t n)
{
    QUANT_DEFAULT_FLOATS(caller);
    quant_elements_observe(observed, x, n);
}

void quant_quantize(const struct quant_params *params, const float *x, size_t n, void *q)
{
    QUANT_DEFAULT_FLOATS(caller);
    if (quant_elements_can_map(params))
        quant_elements_quantize(params, x, n, q);
}

void quant_dequantize(const struct quant_params *params, const void *q, size_t n, float *x)
{
    QUANT_DEFAULT_FLOATS(caller);
    if (quant_elements_can_map(params))
        quant_elements_dequantize(params, q, n, x);
}

void quant_observed_join(struct quant_observed *observed, const struct quant_observed *part)
{
    if (observed->nonfinite == 0 && part->nonfinite > 0) {
        observed->first_nonfinite = observed->count + part->first_nonfinite;
        observed->nonfinite_value = part->nonfinite_value;
    }
    observed->nonfinite += part->nonfinite;
    observed->count += part->count;
    observed->min = fminf(observed->min, part->min);
    observed->max = fmaxf(observed->max, part->max);
}
