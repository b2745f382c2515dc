/* SPDX-License-Identifier: MIT */
/* The table of calibration methods, and the public list of them, which ends with auto. method.h
 * says how to add one. */
#include "methods/method.h"

#include <string.h>

static const struct quant_calibration *const table[] = {
    &quant_calibration_minmax, /* the default */
    &quant_calibration_percentile, &quant_calibration_mse,   &quant_calibration_entropy,
    &quant_calibration_octav,      &quant_calibration_sigma,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

_Static_assert((int)TABLE_LENGTH <= (int)QUANT_CALIBRATION_MAX, "room for every method");

static const char auto_name[] = "auto";
static const char auto_summary[] = "the one of these with the smallest mse for the given scheme";

const struct quant_calibration *quant_method_at(size_t i)
{
    return i < TABLE_LENGTH ? table[i] : NULL;
}

size_t quant_calibration_index(const struct quant_calibration *method)
{
    size_t i = 0;
    while (table[i] != method)
        i++;
    return i;
}

const struct quant_calibration *quant_calibration_from_name(const char *name)
{
    if (!name)
        return table[0];
    for (size_t i = 0; i < TABLE_LENGTH; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

bool quant_calibration_is_auto(const char *name)
{
    return name && strcmp(name, auto_name) == 0;
}

const char *quant_plan_method_name(const struct quant_plan *plan)
{
    return plan->method ? plan->method->name : auto_name;
}

/* ---- The public list ---- */

const struct quant_calibration_info *quant_calibration_at(size_t i)
{
    static const struct quant_calibration_info of_auto = {.name = auto_name,
                                                          .summary = auto_summary};
    return i < TABLE_LENGTH ? &table[i]->info : i == TABLE_LENGTH ? &of_auto : NULL;
}
