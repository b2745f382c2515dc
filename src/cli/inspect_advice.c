/* SPDX-License-Identifier: MIT */
/* One line from what was measured; nothing in it is a guess. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/inspect_statistics.h"

/* Decibels: a smaller gain is not worth an option. */
static const double WORTH = 0.5;

__attribute__((format(printf, 2, 3))) static void add(char text[static INSPECT_ADVICE],
                                                      const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, INSPECT_ADVICE - used, format, arguments);
    va_end(arguments);
}

/* What a trial loses less than what is mapped, in decibels; INFINITY: it loses nothing. */
static double gain_of(const struct quant_statistics *found, const struct quant_trial *trial)
{
    if (!trial->is_made || !(found->mapped.report.mse > 0))
        return 0;
    return trial->report.mse > 0 ? 10 * log10(found->mapped.report.mse / trial->report.mse)
                                 : (double)INFINITY;
}

static void add_gain(char text[static INSPECT_ADVICE], const struct quant_statistics *found,
                     const struct quant_trial *trial)
{
    const double gain = gain_of(found, trial);
    if (isinf(gain))
        add(text, " loses nothing");
    else
        add(text, " loses %.1f dB less", gain);
    add(text, ": mse %.3g, not %.3g", trial->report.mse, found->mapped.report.mse);
}

static void advise_floats(char text[static INSPECT_ADVICE], const struct quant_statistics *found)
{
    const uint64_t n = found->observed.count - found->observed.nonfinite;
    const double by_mse = gain_of(found, &found->by_mse);
    const double per_channel = gain_of(found, &found->per_channel);
    if (!found->mapped.is_made || n == 0)
        return;
    if (found->mapped.report.mse == 0) {
        add(text, "nothing is lost");
    } else if (by_mse >= WORTH && by_mse >= per_channel) {
        add(text, "%" PRIu64 " of %" PRIu64 " values set%s the range; -m mse",
            found->outliers.count, n, found->outliers.count == 1 ? "s" : "");
        add_gain(text, found, &found->by_mse);
    } else if (per_channel >= WORTH) {
        add(text, "per channel (--axis 0)");
        add_gain(text, found, &found->per_channel);
    } else if (found->by_mse.is_made || found->per_channel.is_made) {
        add(text, "%s%s%s gain%s less than %g dB", found->per_channel.is_made ? "--axis 0" : "",
            found->by_mse.is_made && found->per_channel.is_made ? " and " : "",
            found->by_mse.is_made ? "-m mse" : "",
            found->by_mse.is_made && found->per_channel.is_made ? "" : "s", WORTH);
    }
    if (found->observed.nonfinite > 0)
        add(text, "%squantize needs --nonfinite saturate", text[0] == '\0' ? "" : "; ");
}

static void advise_integers(char text[static INSPECT_ADVICE], const struct quant_inspected *tensor)
{
    const struct quant_statistics *found = &tensor->statistics;
    const double n = (double)found->observed.count;
    const double ends = (double)(found->at_ends[0] + found->at_ends[1]);
    const double own = 2 * (double)tensor->recorded.scale_count; /* each range has its two ends */
    if (tensor->role != QUANT_ROLE_QUANTIZED || n == 0 || found->levels == 0)
        return;
    if (ends - own > n / 100)
        add(text, "%.3g %% of the values are at the ends of the range", 100 * ends / n);
    else
        add(text, "%" PRIu64 " of %" PRIu64 " levels are used", found->levels_used, found->levels);
}

void inspect_advise(char text[static INSPECT_ADVICE], const struct quant_inspected *tensor)
{
    text[0] = '\0';
    if (tensor->statistics.are_integers)
        advise_integers(text, tensor);
    else
        advise_floats(text, &tensor->statistics);
}
