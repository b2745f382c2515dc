/* SPDX-License-Identifier: MIT */
/* The statistics of a tensor in text. */
#include "cli/inspect_statistics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/option_values.h"

enum { LABEL = 11, ROOM = 256 };

struct block {
    const struct quant_inspected *tensor;
    const struct quant_statistics *found;
    uint64_t n; /* finite elements */
    int indent;
};

__attribute__((format(printf, 3, 4))) static void line(const struct block *block, const char *label,
                                                       const char *format, ...)
{
    va_list arguments;
    printf("%*s%-*s  ", block->indent, "", LABEL, label);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static double percent(uint64_t count, uint64_t all)
{
    return all > 0 ? 100 * (double)count / (double)all : 0;
}

static void print_moments(const struct block *block)
{
    const struct quant_statistics *found = block->found;
    char text[ROOM] = "";
    size_t used = 0;
    line(block, found->are_integers ? "integers" : "range", "%.6g .. %.6g",
         (double)found->observed.min, (double)found->observed.max);
    line(block, "mean", "%.6g, standard deviation %.6g", found->mean, found->deviation);
    for (size_t i = 0; i < QUANT_PERCENTILES && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%g %%: %.5g",
                                 i > 0 ? ", " : "", quant_percentile_at(i), found->percentiles[i]);
    line(block, "percentiles", "%s", text);
    line(block, "zeros", "%" PRIu64 " (%.3g %%)", found->zeros, percent(found->zeros, block->n));
}

/* "1 nan, 2 inf" */
static void print_nonfinite(const struct block *block)
{
    const struct quant_statistics *found = block->found;
    const struct quant_observed *observed = &found->observed;
    const struct quant_shape *shape = &block->tensor->shape;
    uint64_t index[QUANT_MAX_DIMS];
    char place[ROOM] = "";
    size_t used = 0;
    if (observed->nonfinite == 0)
        return;
    quant_shape_unravel(shape, block->tensor->order, observed->first_nonfinite, index);
    for (int i = 0; shape->ndim > 1 && i < shape->ndim && used < sizeof place; i++)
        used += (size_t)snprintf(place + used, sizeof place - used, "%s%" PRIu64,
                                 i > 0 ? ", " : ", index [", index[i]);
    if (used > 0 && used + 1 < sizeof place)
        snprintf(place + used, sizeof place - used, "]");
    line(block, "non-finite",
         "%" PRIu64 " (%" PRIu64 " nan, %" PRIu64 " inf, %" PRIu64
         " -inf), the first at element %" PRIu64 "%s",
         observed->nonfinite, found->nans, found->plus_infinities, found->minus_infinities,
         observed->first_nonfinite, place);
}

static void print_outliers(const struct block *block)
{
    const struct quant_outliers *outliers = &block->found->outliers;
    const struct quant_channel_spread *channels = &block->found->channels;
    if (outliers->min <= outliers->max)
        line(block, "outliers", "%" PRIu64 " (%.3g %%), all others in %.6g .. %.6g",
             outliers->count, percent(outliers->count, block->n), (double)outliers->min,
             (double)outliers->max);
    else
        line(block, "outliers", "%" PRIu64 " (%.3g %%)", outliers->count,
             percent(outliers->count, block->n));
    if (channels->count > 0)
        line(block, "channels",
             "%" PRIu64 " on axis 0, absmax %.5g (min), %.5g (median), %.5g (max)", channels->count,
             (double)channels->min, (double)channels->median, (double)channels->max);
}

static void print_levels(const struct block *block)
{
    const struct quant_statistics *found = block->found;
    const struct quant_inspected *tensor = block->tensor;
    const struct quant_dtype_info *info = quant_dtype_info(tensor->dtype);
    const bool is_quantized = tensor->role == QUANT_ROLE_QUANTIZED;
    const int32_t low = is_quantized ? tensor->recorded.params.qmin : (int32_t)info->min;
    const int32_t high = is_quantized ? tensor->recorded.params.qmax : (int32_t)info->max;
    if (found->levels == 0)
        return;
    line(block, "levels",
         "%" PRIu64 " of %" PRIu64 " used; %" PRIu64 " values are %" PRId32 ", %" PRIu64
         " are %" PRId32,
         found->levels_used, found->levels, found->at_ends[0], low, found->at_ends[1], high);
}

static void print_trial(const struct block *block, const char *label,
                        const struct quant_trial *trial, const char *what)
{
    const struct quant_report *report = &trial->report;
    const struct quant_params *params = &trial->choice.params;
    char method[ROOM] = "";
    if (!trial->is_made || report->n == 0)
        return;
    if (trial->choice.calibration && trial->choice.has_calibration_argument)
        snprintf(method, sizeof method, ", %s:%g", trial->choice.calibration,
                 trial->choice.calibration_argument);
    else if (trial->choice.calibration)
        snprintf(method, sizeof method, ", %s", trial->choice.calibration);
    if (report->mse > 0)
        line(block, label, "%s %s%s%s: mse %.3g, %.1f dB", choice_scheme(params->scheme),
             quant_dtype_info(params->dtype)->name, method, what, report->mse, report->sqnr_db);
    else
        line(block, label, "%s %s%s%s: nothing is lost", choice_scheme(params->scheme),
             quant_dtype_info(params->dtype)->name, method, what);
}

void inspect_print_statistics(const struct quant_inspected *tensor, int indent, bool is_ascii)
{
    const struct quant_statistics *found = &tensor->statistics;
    const struct block block = {tensor, found, found->observed.count - found->observed.nonfinite,
                                indent};
    char advice[INSPECT_ADVICE];
    if (block.n > 0)
        print_moments(&block);
    print_nonfinite(&block);
    if (block.n == 0) {
        line(&block, "elements", "no element is finite");
        return;
    }
    print_outliers(&block);
    if (found->are_integers)
        print_levels(&block);
    print_trial(&block, "quantized", &found->mapped, "");
    print_trial(&block, "", &found->by_mse, "");
    print_trial(&block, "", &found->per_channel, ", a scale for each channel");
    inspect_print_histogram(found, indent, is_ascii);
    inspect_advise(advice, tensor);
    if (advice[0] != '\0')
        line(&block, "advice", "%s", advice);
}
