/* SPDX-License-Identifier: MIT */
/* The size of what is stored besides the elements: scales, and zero points or biases if they are
 * needed. */
#include <quant/profiles.h>

enum { ZERO_POINT_BYTES = 4 };

bool quant_params_have_zero_points(const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || !info->is_integer || quant_params_have_biases(params))
        return false;
    const bool has_zero = params->qmin <= 0 && params->qmax >= 0; /* else z is not 0 */
    return params->scheme == QUANT_ZERO_POINT || info->min >= 0 || !has_zero ||
           params->zero_point != 0;
}

bool quant_params_have_biases(const struct quant_params *params)
{
    return params->profile && params->profile->has_biases;
}

uint64_t quant_scale_bytes(const struct quant_params *params, uint64_t count)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || info->is_unscaled)
        return 0;
    const enum quant_dtype stored =
        params->scale_dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : params->scale_dtype;
    const uint64_t scale = quant_dtype_bytes(stored, 1);
    const uint64_t beside = quant_params_have_biases(params)        ? scale
                            : quant_params_have_zero_points(params) ? (uint64_t)ZERO_POINT_BYTES
                                                                    : 0;
    const uint64_t size = scale + beside;
    return count > UINT64_MAX / size ? UINT64_MAX : count * size;
}
