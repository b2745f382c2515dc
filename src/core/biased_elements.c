/* SPDX-License-Identifier: MIT */
/* First the integers as numbers, a piece at a time that stays in the cache; then each group's are
 * multiplied and added to. Groups have 32 elements or more, so the loop over a group is long enough
 * to be vectorized by compilers. */
#include "core/biased_elements.h"

#include "base/grouping.h"
#include "kernels/kernels.h"

/* Even, so that 4-bit elements are cut between bytes. */
enum { PIECE = 4096 };

/* Two roundings: the product's and the sum's. */
static void scale_and_add(float scale, float bias, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * scale + bias;
}

static void convert(const struct quant_params *params, const void *q, size_t n, float *x)
{
    struct quant_params plain = *params;
    plain.scale = 1;
    plain.zero_point = 0;
    quant_kernels()->dequantize[params->dtype](&plain, q, n, x);
}

void quant_biased_dequantize(const struct quant_params *params, const void *q, size_t n, float *x)
{
    convert(params, q, n, x);
    scale_and_add(params->scale, params->bias, n, x);
}

void quant_biased_dequantize_groups(const struct quant_params *common,
                                    const struct quant_grouping *grouping,
                                    const struct quant_group_params *groups, uint64_t first,
                                    const void *q, size_t n, float *x)
{
    struct quant_stretch stretch = quant_stretch_at(grouping, first);
    const unsigned char *bytes = q;
    while (n > 0) {
        const size_t piece = n < PIECE ? n : PIECE;
        convert(common, bytes, piece, x);
        for (size_t i = 0; i < piece;) {
            const size_t m = stretch.left < piece - i ? (size_t)stretch.left : piece - i;
            const uint64_t at = stretch.group - groups->first;
            scale_and_add(groups->scales[at], groups->biases[at], m, x + i);
            quant_stretch_advance(&stretch, m);
            i += m;
        }
        x += piece;
        bytes += quant_dtype_bytes(common->dtype, piece);
        n -= piece;
    }
}
