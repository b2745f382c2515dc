/* SPDX-License-Identifier: MIT */
/* Inputs for the kernels that have a scale and a zero point for each element or run. */
#ifndef QUANT_TESTS_KERNELS_GROUPS_H
#define QUANT_TESTS_KERNELS_GROUPS_H

#include "kinds.h"

/* The arrays of such a call. */
enum { SCALES, ZERO_POINTS, X, Q };

/* Parameters for all groups: the whole type, the symmetric part, a narrow range or two neighbours,
 * and either rounding. Scale and zero point are rubbish, which kernels must not use. */
void group_common_set(struct quant_params *common, enum quant_dtype dtype, size_t round);

/* Hard scales and zero points for dtype, and elements for them. */
void group_inputs_fill(struct random *random, size_t round, enum quant_dtype dtype,
                       struct call *call);

/* Typical elements. All groups have the same scale, so the work is that of one scale; their zero
 * points may differ. */
void group_inputs_fill_same(struct random *random, struct call *call, bool has_zero_points);

/* Sets call->run to a length of runs that kernels take, if not all of them in one round. */
void group_runs_shape(struct call *call, size_t round);

/* The parameters of each element of runs: what callers use where a row lacks a function for runs.
 */
struct group_each {
    float *scales;        /* owned */
    int32_t *zero_points; /* owned */
};

struct group_each group_each_of(const struct call *call);
void group_each_release(struct group_each *each);

#endif
