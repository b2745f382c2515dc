/* SPDX-License-Identifier: MIT */
/* Room for the parameters of groups, some of them, and those of one group. */
#ifndef QUANT_CORE_GROUP_PARAMS_H
#define QUANT_CORE_GROUP_PARAMS_H

#include <quant/groups.h>

/* Allocates arrays for count groups, of factors and biases only if it has them; first is 0. false:
 * no memory; what there is of it is to be released. */
bool quant_group_params_init(struct quant_group_params *groups, uint64_t count, bool has_factors,
                             bool has_biases);

/* Fine on a zeroed one. */
void quant_group_params_release(struct quant_group_params *groups);

/* Sets what the group has of its own. */
static inline void quant_group_params_set(const struct quant_group_params *groups, uint64_t group,
                                          const struct quant_params *params)
{
    const uint64_t i = group - groups->first;
    groups->scales[i] = params->scale;
    groups->zero_points[i] = params->zero_point;
    if (groups->factors)
        groups->factors[i] = params->factor;
    if (groups->biases)
        groups->biases[i] = params->bias;
}

/* All parameters of the group. */
static inline struct quant_params quant_group_params_of(const struct quant_params *common,
                                                        const struct quant_group_params *groups,
                                                        uint64_t group)
{
    const uint64_t i = group - groups->first;
    struct quant_params params = *common;
    params.scale = groups->scales[i];
    params.zero_point = groups->zero_points[i];
    params.factor = groups->factors ? groups->factors[i] : 0;
    params.bias = groups->biases ? groups->biases[i] : 0;
    return params;
}

/* The groups from the i-th of them on. */
static inline struct quant_group_params
quant_group_params_from(const struct quant_group_params *groups, uint64_t i)
{
    return (struct quant_group_params){
        .first = groups->first + i,
        .scales = groups->scales + i,
        .zero_points = groups->zero_points + i,
        .factors = groups->factors ? groups->factors + i : NULL,
        .biases = groups->biases ? groups->biases + i : NULL,
    };
}

#endif
