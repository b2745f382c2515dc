/* SPDX-License-Identifier: MIT */
/* The public tables by index, NULL past the last: in short, for tests. */
#ifndef QUANT_TESTS_SUPPORT_NAMES_H
#define QUANT_TESTS_SUPPORT_NAMES_H

#include <quant/file.h>

static inline const char *method_name(size_t i)
{
    return quant_calibration_at(i) ? quant_calibration_at(i)->name : NULL;
}

static inline const char *method_summary(size_t i)
{
    return quant_calibration_at(i) ? quant_calibration_at(i)->summary : NULL;
}

static inline const char *method_argument(size_t i, double *initial)
{
    const struct quant_calibration_info *info = quant_calibration_at(i);
    if (!info || !info->argument)
        return NULL;
    *initial = info->initial;
    return info->argument;
}

static inline const char *format_name(size_t i)
{
    return quant_format_at(i) ? quant_format_at(i)->name : NULL;
}

static inline const char *format_summary(size_t i)
{
    return quant_format_at(i) ? quant_format_at(i)->summary : NULL;
}

static inline const char *isa_name(size_t i)
{
    return quant_isa_at(i) ? quant_isa_at(i)->name : NULL;
}

static inline const char *isa_summary(size_t i)
{
    return quant_isa_at(i) ? quant_isa_at(i)->summary : NULL;
}

static inline bool isa_supported(size_t i)
{
    return quant_isa_at(i) && quant_isa_at(i)->is_supported();
}

#endif
