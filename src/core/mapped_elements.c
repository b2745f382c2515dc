/* SPDX-License-Identifier: MIT */
/* Kernels make a code of one or two bytes for each element. 4-bit codes are packed afterwards, a
 * piece at a time: so a group may begin at any element. */
#include "core/mapped_elements.h"

#include <string.h>

#include "base/grouping.h"
#include "base/nibble.h"
#include "core/group_params.h"
#include "kernels/kernels.h"

/* Codes on the stack; even, so that pieces are cut between bytes. Long, so that they hold several
 * rows of channels side by side. */
enum { PIECE = 16384 };

/* Channels side by side are mapped over FEW_ROWS or more, one channel after the other: calls of
 * a kernel for single elements take ten times as long. */
enum { FEW_ROWS = 4, MANY_ROWS = 256 };

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

static size_t code_size(const struct quant_params *common)
{
    return bits_of(common) == 16 ? 2 : 1;
}

/* n elements of one channel, which are row elements apart. */
static void make_channel_codes(const struct quant_params *params, size_t row, const float *x,
                               size_t n, unsigned char *codes)
{
    float gathered[MANY_ROWS];
    int16_t made[MANY_ROWS];
    const size_t size = code_size(params);
    for (size_t i = 0; i < n; i++)
        gathered[i] = x[i * row];
    make_codes(params, gathered, n, made);
    for (size_t i = 0; i < n; i++)
        memcpy(codes + i * row * size, (const unsigned char *)made + i * size, size);
}

/* How many of the next n elements are rows of channels side by side, enough of them to map by
 * channel; 0 if they are not. */
static size_t rows_ahead(const struct quant_stretch *stretch, size_t n)
{
    const struct quant_grouping *grouping = stretch->grouping;
    const size_t row = (size_t)grouping->row;
    const size_t left = stretch->panel_left < n ? (size_t)stretch->panel_left : n;
    if (grouping->repeat != 1 || grouping->ngroups == 1 || left / row < FEW_ROWS)
        return 0;
    return left / row < MANY_ROWS ? left / row * row : MANY_ROWS * row;
}

/* The codes of the next n elements, which are whole rows from any channel on. */
static void make_row_codes(const struct quant_params *common, const struct quant_stretch *stretch,
                           const struct quant_group_params *groups, const float *x, size_t n,
                           unsigned char *codes)
{
    const size_t row = (size_t)stretch->grouping->row;
    const uint64_t first = stretch->panel.first_group;
    const uint64_t channel = stretch->group - first;
    for (size_t i = 0; i < row; i++) {
        const struct quant_params params =
            quant_group_params_of(common, groups, first + (channel + i) % row);
        make_channel_codes(&params, row, x + i, n / row, codes + i * code_size(common));
    }
}

/* The codes of n elements from element `first` on. */
static void make_group_codes(const struct quant_params *common,
                             const struct quant_grouping *grouping,
                             const struct quant_group_params *groups, uint64_t first,
                             const float *x, size_t n, unsigned char *codes)
{
    const size_t size = code_size(common);
    struct quant_stretch stretch = quant_stretch_at(grouping, first);
    for (size_t i = 0; i < n;) {
        const size_t rows = rows_ahead(&stretch, n - i);
        if (rows > 0) {
            make_row_codes(common, &stretch, groups, x + i, rows, codes + i * size);
            i += rows;
            if (i < n)
                stretch = quant_stretch_at(grouping, first + i);
            continue;
        }
        const size_t m = stretch.left < n - i ? (size_t)stretch.left : n - i;
        const struct quant_params params = quant_group_params_of(common, groups, stretch.group);
        make_codes(&params, x + i, m, codes + i * size);
        quant_stretch_advance(&stretch, m);
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
    if (bits_of(common) != 4) {
        make_group_codes(common, grouping, groups, first, x, n, q);
        return;
    }
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t m = n - i < PIECE ? n - i : PIECE;
        make_group_codes(common, grouping, groups, first + i, x + i, m, codes);
        pack(codes, m, packed + i / 2);
    }
}
