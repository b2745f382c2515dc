/* SPDX-License-Identifier: MIT */
/* The table of calibration methods, and the one that takes the range as it was seen. */
#include "core/calibration.h"

#include <string.h>

/* Adding 0 turns -0 into 0, so that a sidecar does not depend on which of the two came first. */
static void minmax_range(const struct quant_observed *observed, double *lo, double *hi)
{
    *lo = (double)observed->least + 0.0;
    *hi = (double)observed->greatest + 0.0;
}

static const struct quant_calibration minmax = {
    .name = "minmax",
    .summary = "from the least to the greatest finite element",
    .range = minmax_range,
};

static const struct quant_calibration *const table[] = {
    &minmax, /* the default */
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

const struct quant_calibration *quant_calibration_from_name(const char *name)
{
    if (!name)
        return table[0];
    for (size_t i = 0; i < TABLE_LENGTH; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

const char *quant_calibration_name(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->name : NULL;
}

const char *quant_calibration_summary(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->summary : NULL;
}
