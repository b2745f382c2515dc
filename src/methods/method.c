/* SPDX-License-Identifier: MIT */
/* The table of calibration methods. */
#include "methods/method.h"

#include <string.h>

static const struct quant_calibration *const table[] = {
    &quant_calibration_minmax, /* the default */
    &quant_calibration_percentile, &quant_calibration_mse,   &quant_calibration_entropy,
    &quant_calibration_octav,      &quant_calibration_sigma, &quant_calibration_auto,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

_Static_assert((int)TABLE_LENGTH <= (int)QUANT_CALIBRATION_MOST, "room for every method");

const struct quant_calibration *quant_calibration_from_name(const char *name)
{
    if (!name)
        return table[0];
    for (size_t i = 0; i < TABLE_LENGTH; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

double quant_calibration_argument_of(const struct quant_spec *spec)
{
    return spec->has_calibration_argument ? spec->calibration_argument
                                          : quant_calibration_from_name(spec->calibration)->initial;
}

const char *quant_calibration_name(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->name : NULL;
}

const char *quant_calibration_summary(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->summary : NULL;
}

const char *quant_calibration_argument(size_t i, double *initial)
{
    if (i >= TABLE_LENGTH || !table[i]->argument)
        return NULL;
    *initial = table[i]->initial;
    return table[i]->argument;
}
