/* SPDX-License-Identifier: MIT */
/* Kernels make a code of one or two bytes for each element. 4-bit codes are packed afterwards, a
 * piece at a time: so a group may begin at any element. */
#include "core/mapped_elements.h"

#include "base/grouping.h"
#include "base/nibble.h"
#include "kernels/kernels.h"

/* Codes on the stack; even, so that pieces are cut between bytes. */
enum { PIECE = 1024 };

static unsigned bits_of(const struct quant_params *params)
{
    return quant_dtype_info(params->dtype)->bits;
}

/* 4-bit codes are not packed. */
static void make_codes(const struct quant_params *params, const float *x, size_t n, void *codes)
{
    const struct quant_kernels *kernels = quant_kernels();
    (bits_of(params) == 16 ? kernels->mapped_16 : kernels->mapped_8)(params, x, n, codes);
}

static void pack(const unsigned char *codes, size_t n, void *q)
{
    for (size_t i = 0; i < n; i++)
        quant_nibble_put(q, i, codes[i] & 0xFU);
}

void quant_mapped_quantize(const struct quant_params *params, const float *x, size_t n, void *q)
{
    unsigned char codes[PIECE];
    unsigned char *packed = q;
    if (bits_of(params) != 4) {
        make_codes(params, x, n, q);
        return;
    }
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t m = n - i < PIECE ? n - i : PIECE;
        make_codes(params, x + i, m, codes);
        pack(codes, m, packed + i / 2);
    }
}

/* ---- Groups ---- */

static struct quant_params params_of(const struct quant_params *common,
                                     const struct quant_group_params *groups, uint64_t group)
{
    struct quant_params params = *common;
    const uint64_t i = group - groups->first;
    params.scale = groups->scales[i];
    params.zero_point = groups->zero_points[i];
    params.factor = groups->factors ? groups->factors[i] : 0;
    return params;
}

/* The codes of the next n elements. */
static void make_group_codes(const struct quant_params *common, struct quant_stretch *stretch,
                             const struct quant_group_params *groups, const float *x, size_t n,
                             unsigned char *codes)
{
    const size_t size = bits_of(common) == 16 ? 2 : 1;
    for (size_t i = 0; i < n;) {
        const size_t m = stretch->left < n - i ? (size_t)stretch->left : n - i;
        const struct quant_params params = params_of(common, groups, stretch->group);
        make_codes(&params, x + i, m, codes + i * size);
        quant_stretch_advance(stretch, m);
        i += m;
    }
}

void quant_mapped_quantize_groups(const struct quant_params *common,
                                  const struct quant_grouping *grouping,
                                  const struct quant_group_params *groups, uint64_t first,
                                  const float *x, size_t n, void *q)
{
    unsigned char codes[PIECE];
    unsigned char *packed = q;
    struct quant_stretch stretch = quant_stretch_at(grouping, first);
    if (bits_of(common) != 4) {
        make_group_codes(common, &stretch, groups, x, n, q);
        return;
    }
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t m = n - i < PIECE ? n - i : PIECE;
        make_group_codes(common, &stretch, groups, x + i, m, codes);
        pack(codes, m, packed + i / 2);
    }
}
