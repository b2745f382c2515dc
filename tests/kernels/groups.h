/* SPDX-License-Identifier: MIT */
/* Calls of the kernels whose parameters change along the elements: parameters and elements of the
 * kinds that go wrong, and arrays for them between guards. */
#ifndef QUANT_TESTS_KERNELS_GROUPS_H
#define QUANT_TESTS_KERNELS_GROUPS_H

#include <float.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/guarded.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

enum { MOST_LENGTH = 4 * 32 + 3, MOST_SHIFT = 4, VALUES = 777 };

/* ---- Parameters and elements ----------------------------------------------------------------- */

/* What one call is about, with room for the longest. */
struct call {
    struct quant_params common;
    float scales[VALUES];
    int32_t zero_points[VALUES];
    float x[VALUES];
};

static const float odd_scales[] = {1,       0.1F,     0x1p-7F,   1e-30F,      1e38F,    FLT_MAX,
                                   FLT_MIN, 0x1p-99F, 0x1p-100F, 0x1.8p-101F, 0x1p-149F};

static const int32_t odd_zero_points[] = {
    0,        1,        -23,      -128,      127,       128,        129,     255,
    383,      -384,     512,      513,       -512,      -513,       4194304, 4194305,
    -4194304, -4194305, 16777217, INT32_MAX, INT32_MIN, -INT32_MAX,
};

/* How the zero points of a call are chosen. */
enum zeros {
    ZEROS_SAME,
    ZEROS_OF_TYPE,
    ZEROS_AROUND, /* where fixed point ends */
    ZEROS_ABOVE,  /* the same on one side */
    ZEROS_NEAR,
    ZEROS_ONE_ODD, /* in 48: most steps of a kernel hold none, and most calls at most one */
    ZEROS_COUNT
};

static inline int32_t pick_zero_point(struct random *random, const struct quant_dtype_info *info,
                                      enum zeros zeros, int32_t same)
{
    const int32_t least = (int32_t)info->least;
    const uint32_t width = (uint32_t)((int32_t)info->greatest - least) + 1;
    switch (zeros) {
    case ZEROS_SAME:
        return same;
    case ZEROS_OF_TYPE:
        return least + (int32_t)random_below(random, width);
    case ZEROS_AROUND:
        return (int32_t)random_below(random, 1100) - 550;
    case ZEROS_ABOVE:
        return (int32_t)random_below(random, 520);
    case ZEROS_NEAR:
        return (int32_t)random_below(random, (1U << 23) + 1) - (1 << 22);
    default:
        return (int32_t)random_below(random, 200) - 100;
    }
}

static inline float pick_scale(struct random *random, size_t round)
{
    if (round % 3 == 0) /* with -149 .. 127 as exponents */
        return random_scale(random);
    if (random_below(random, 40) == 0)
        return odd_scales[random_below(random, LENGTH(odd_scales))];
    return (float)ldexp(1 + random_unit(random), (int)random_below(random, 20) - 10);
}

/* The whole type, the symmetric part, a narrow one, two neighbours. */
static inline void set_common(struct quant_params *common, enum quant_dtype dtype, size_t round)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    *common = (struct quant_params){.dtype = dtype, .scale = (float)NAN, .zero_point = 77777};
    if (!info->is_integer)
        return;
    const int32_t least = (int32_t)info->least;
    const int32_t greatest = (int32_t)info->greatest;
    const int32_t narrow = greatest - least > 100 ? least + 100 : greatest - 1;
    common->qmin = (const int32_t[]){least, least + 1, least + 3, greatest - 1}[round % 4];
    common->qmax = (const int32_t[]){greatest, greatest, narrow, greatest}[round % 4];
    common->rounding = round / 4 % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
}

/* A call of quantize_runs, or, with runs of 1, of quantize_each: elements i to i + run - 1 have
 * the scale i / run. Ties are as frequent as may be, or rare, so that not each step holds one. */
static inline void fill_call(struct random *random, struct call *call, enum quant_dtype dtype,
                             size_t run, size_t round)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const enum zeros zeros = (enum zeros)(round % ZEROS_COUNT);
    const int32_t same = odd_zero_points[random_below(random, LENGTH(odd_zero_points))];
    const uint32_t odd = random_below(random, 48);
    const bool many_ties = round / ZEROS_COUNT % 2;
    set_common(&call->common, dtype, round / ZEROS_COUNT / 2);
    for (size_t i = 0; i < VALUES; i++) {
        const size_t group = i / run;
        if (i % run == 0) {
            call->scales[group] = pick_scale(random, round / ZEROS_COUNT);
            call->zero_points[group] =
                info->is_integer ? pick_zero_point(random, info, zeros, same) : 0;
            if (info->is_integer && zeros == ZEROS_ONE_ODD && group % 48 == odd)
                call->zero_points[group] = same;
        }
        const float s = call->scales[group];
        const int32_t z = call->zero_points[group];
        if (many_ties || random_below(random, 200) == 0)
            call->x[i] = random_element(random, s, z);
        else
            call->x[i] = (float)((random_unit(random) - 0.5) * 600 - z) * s;
    }
}

static inline struct quant_params params_of(const struct call *call, size_t group)
{
    struct quant_params params = call->common;
    params.scale = call->scales[group];
    params.zero_point = call->zero_points[group];
    return params;
}

static inline void fail_call(const struct quant_kernels *row, const char *function,
                             const struct call *call, size_t run, size_t n,
                             const unsigned char *found, const unsigned char *expected)
{
    const size_t size = (size_t)quant_dtype_bytes(call->common.dtype, 1);
    const size_t nbytes = (size_t)quant_dtype_bytes(call->common.dtype, n);
    size_t at = 0;
    while (at + size < nbytes && memcmp(found + at, expected + at, size) == 0)
        at += size;
    const size_t i = at * n / nbytes;
    uint32_t is = 0;
    uint32_t right = 0;
    memcpy(&is, found + at, size);
    memcpy(&right, expected + at, size);
    fail_msg("%s, %s of %s: run %zu, element %zu of %zu, bits 0x%x: found 0x%x, expected 0x%x; "
             "scale %a, z %d, %d..%d, rounding %d",
             row->name, function, quant_dtype_info(call->common.dtype)->name, run, i, n,
             bits_of(call->x[i]), is, right, (double)call->scales[i / run],
             call->zero_points[i / run], call->common.qmin, call->common.qmax,
             (int)call->common.rounding);
}

static inline bool has_scale(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && !info->is_unscaled;
}

/* ---- Places -----------------------------------------------------------------------------------
 */

/* Four arrays between guards: scales, zero points, elements, and what is made of them. */
struct places {
    struct guarded scales, zero_points, x, q;
};

static inline struct places places_new(size_t n)
{
    const size_t nbytes = (n + MOST_SHIFT) * sizeof(float);
    return (struct places){guarded_new(nbytes), guarded_new(nbytes), guarded_new(nbytes),
                           guarded_new(nbytes)};
}

static inline void places_free(struct places *places)
{
    guarded_free(&places->scales);
    guarded_free(&places->zero_points);
    guarded_free(&places->x);
    guarded_free(&places->q);
}

/* A copy that ends at the guard, or begins so many elements behind the other. */
static inline void *place_copy(const struct guarded *guarded, long shift, size_t size,
                               const void *from, size_t nbytes)
{
    void *to = guarded_place(guarded, shift < 0 ? -1 : shift * (long)size, nbytes);
    memcpy(to, from, nbytes);
    return to;
}

#endif
