/* SPDX-License-Identifier: MIT */
#include "core/group_params.h"

#include <stdlib.h>

bool quant_group_params_init(struct quant_group_params *groups, uint64_t count, bool has_factors,
                             bool has_biases)
{
    *groups = (struct quant_group_params){.first = 0};
    if (count >= SIZE_MAX / sizeof *groups->scales)
        return false;
    const size_t room = (size_t)count + 1; /* never 0 */
    groups->scales = malloc(room * sizeof *groups->scales);
    groups->zero_points = malloc(room * sizeof *groups->zero_points);
    if (has_factors)
        groups->factors = malloc(room * sizeof *groups->factors);
    if (has_biases)
        groups->biases = malloc(room * sizeof *groups->biases);
    return groups->scales && groups->zero_points && (groups->factors || !has_factors) &&
           (groups->biases || !has_biases);
}

void quant_group_params_release(struct quant_group_params *groups)
{
    free(groups->scales);
    free(groups->zero_points);
    free(groups->factors);
    free(groups->biases);
    *groups = (struct quant_group_params){.first = 0};
}
