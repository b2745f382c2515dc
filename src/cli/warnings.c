/* SPDX-License-Identifier: MIT */
/* Prints notes as sentences. */
#include "cli/warnings.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/message.h"

enum { WHICH_ROOM = 128 };

static void warn_one(const char *path, const struct quant_choice *choice)
{
    const struct quant_params *params = &choice->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const double scale = (double)params->scale;
    if (choice->notes & QUANT_NOTE_SCALE_RAISED_FAR)
        message_warning("'%s': the range is narrow and far from 0: the scale was raised to %.9g, "
                        "and zero point %" PRId32 " lies outside %s (%.0f..%.0f); --include-zero "
                        "keeps it inside",
                        path, scale, params->zero_point, info->name, info->min, info->max);
    else if (choice->notes & QUANT_NOTE_ZERO_POINT_OUTSIDE)
        message_warning("'%s': zero point %" PRId32 " lies outside %s (%.0f..%.0f); --include-zero "
                        "keeps it inside",
                        path, params->zero_point, info->name, info->min, info->max);
    if (choice->notes & QUANT_NOTE_SCALE_RAISED)
        message_warning("'%s': the scale was raised to %.9g, the smallest normal %s", path, scale,
                        quant_dtype_info(params->scale_dtype)->name);
    if (choice->notes & QUANT_NOTE_SCALE_LOWERED)
        message_warning("'%s': the scale was lowered to %.9g, the largest %s, which clips "
                        "elements; --scale-dtype bfloat16 has a wider range",
                        path, scale, quant_dtype_info(params->scale_dtype)->name);
    if (choice->notes & QUANT_NOTE_RESTORES_INFINITE)
        message_warning("'%s': the scale %.9g restores the largest %s values as infinity; a "
                        "smaller --scale keeps them finite",
                        path, scale, info->name);
}

/* "3 of 64 channels" and "the first in channel 7". */
struct which {
    uint64_t count;
    char how_many[WHICH_ROOM];
    char first[WHICH_ROOM];
};

static bool find_which(const struct quant_quantize_result *result, enum quant_note note,
                       struct which *which)
{
    unsigned kind = 0;
    while (1u << kind != (unsigned)note)
        kind++;
    const struct quant_group_notes *notes = &result->group_notes;
    which->count = notes->count[kind];
    const char *unit = result->grouping.block_size > 0 ? "block" : "channel";
    snprintf(which->how_many, sizeof which->how_many, "%" PRIu64 " of %" PRIu64 " %ss",
             notes->count[kind], result->grouping.count, unit);
    snprintf(which->first, sizeof which->first, "the first in %s %" PRIu64, unit,
             notes->first[kind]);
    return notes->count[kind] > 0;
}

static double smallest_normal(enum quant_dtype dtype)
{
    return dtype == QUANT_FLOAT16 ? 0x1p-14 : (double)FLT_MIN; /* bfloat16 has float32's */
}

static void warn_groups(const char *path, const struct quant_quantize_result *result)
{
    const struct quant_params *params = &result->choice.params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const char *scale_type = quant_dtype_info(params->scale_dtype)->name;
    struct which which;
    uint64_t far_groups = 0;
    if (find_which(result, QUANT_NOTE_SCALE_RAISED_FAR, &which)) {
        far_groups = which.count;
        message_warning("'%s': the ranges of %s are narrow and far from 0: their scales were "
                        "raised, and their zero points lie outside %s (%.0f..%.0f), %s; "
                        "--include-zero keeps them inside",
                        path, which.how_many, info->name, info->min, info->max, which.first);
    }
    if (find_which(result, QUANT_NOTE_ZERO_POINT_OUTSIDE, &which) && which.count > far_groups)
        message_warning("'%s': the zero points of %s lie outside %s (%.0f..%.0f), %s; "
                        "--include-zero keeps them inside",
                        path, which.how_many, info->name, info->min, info->max, which.first);
    if (find_which(result, QUANT_NOTE_SCALE_RAISED, &which))
        message_warning("'%s': the scales of %s were raised to %.9g, %s", path, which.how_many,
                        smallest_normal(params->scale_dtype), which.first);
    if (find_which(result, QUANT_NOTE_SCALE_LOWERED, &which))
        message_warning("'%s': the scales of %s were lowered to the largest %s, which clips "
                        "elements, %s; --scale-dtype bfloat16 has a wider range",
                        path, which.how_many, scale_type, which.first);
    if (find_which(result, QUANT_NOTE_RESTORES_INFINITE, &which))
        message_warning("'%s': the scales of %s restore the largest %s values as infinity, %s",
                        path, which.how_many, info->name, which.first);
}

void warnings_print(const char *path, const struct quant_quantize_result *result)
{
    if (result->grouping.axis >= 0)
        warn_groups(path, result);
    else
        warn_one(path, &result->choice);
}

void warnings_print_tensors(const char *path, unsigned note, size_t n, const char *first,
                            const struct quant_params *params)
{
    const struct quant_dtype_info *info = params ? quant_dtype_info(params->dtype) : NULL;
    const char *scale_type =
        params ? quant_dtype_info(params->scale_dtype)->name : "number of their type";
    char range[64] = "";
    if (info)
        snprintf(range, sizeof range, " (%.0f..%.0f)", info->min, info->max);
    if (note == QUANT_NOTE_ZERO_POINT_OUTSIDE)
        message_warning("'%s': %zu tensor%s zero points outside %s%s, first '%s'; "
                        "--include-zero keeps them inside",
                        path, n, n == 1 ? " has" : "s have", info ? info->name : "their types",
                        range, first);
    if (note == QUANT_NOTE_SCALE_RAISED_FAR)
        message_warning("'%s': %zu tensors have ranges that are narrow and far from 0, so their "
                        "scales were raised, first '%s'; --include-zero keeps zero points inside",
                        path, n, first);
    if (note == QUANT_NOTE_SCALE_RAISED)
        message_warning("'%s': %zu tensors have scales that were raised to the smallest normal %s, "
                        "first '%s'",
                        path, n, scale_type, first);
    if (note == QUANT_NOTE_SCALE_LOWERED)
        message_warning("'%s': %zu tensors have scales that were lowered to the largest %s, which "
                        "clips elements, first '%s'; --scale-dtype bfloat16 has a wider range",
                        path, n, scale_type, first);
    if (note == QUANT_NOTE_RESTORES_INFINITE)
        message_warning("'%s': the scale restores the outermost %s values of %zu tensors as "
                        "infinity, first '%s'; a smaller --scale keeps them finite",
                        path, info ? info->name : "stored", n, first);
}
