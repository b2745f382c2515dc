/* SPDX-License-Identifier: MIT */
/* A histogram of five lines, in steps of an eighth of a character. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/inspect_statistics.h"

enum { ROWS = 5, STEPS = 8, MARK_ROOM = QUANT_HISTOGRAM_BINS * 4 };

double inspect_edge(const struct quant_histogram *histogram, size_t i)
{
    const double step = (histogram->high - histogram->low) / (double)histogram->nbins;
    return i == histogram->nbins ? histogram->high : histogram->low + (double)i * step;
}

bool inspect_has_clip(const struct quant_params *params)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    return info && !info->is_unscaled;
}

double inspect_clip(const struct quant_params *params, int end)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info || info->is_unscaled)
        return 0;
    if (!info->is_integer)
        return (end == 0 ? info->min : info->max) * (double)params->scale;
    const int32_t q = end == 0 ? params->qmin : params->qmax;
    return (double)((int64_t)q - params->zero_point) * (double)params->scale;
}

/* From 0 to ROWS * STEPS; at least one step for a count that is not 0. */
static int height_of(uint64_t count, uint64_t most)
{
    if (count == 0)
        return 0;
    const double share = most > 1 ? log1p((double)count) / log1p((double)most) : 1;
    const int height = (int)(share * ROWS * STEPS + 0.5);
    return height > 0 ? height : 1;
}

static const char *block(int height, bool is_ascii)
{
    static const char *const blocks[STEPS + 1] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                                  "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const letters[STEPS + 1] = {" ", ".", ".", ":", ":", "|", "|", "|", "#"};
    const int step = height < 0 ? 0 : height > STEPS ? STEPS : height;
    return is_ascii ? letters[step] : blocks[step];
}

static void print_bars(const struct quant_histogram *histogram, int indent, bool is_ascii)
{
    uint64_t most = 0;
    for (size_t i = 0; i < histogram->nbins; i++)
        most = histogram->counts[i] > most ? histogram->counts[i] : most;
    for (int row = ROWS; row-- > 0;) {
        printf("%*s", indent, "");
        size_t last = 0; /* no spaces at the end of a line */
        for (size_t i = 0; i < histogram->nbins; i++)
            if (height_of(histogram->counts[i], most) > row * STEPS)
                last = i + 1;
        for (size_t i = 0; i < last; i++)
            fputs(block(height_of(histogram->counts[i], most) - row * STEPS, is_ascii), stdout);
        if (row == ROWS - 1)
            printf("%*s %llu", (int)(histogram->nbins - last), "", (unsigned long long)most);
        putchar('\n');
    }
}

/* The column of a value, or the nearest one; *inside: whether the histogram holds it. */
static size_t column_of(const struct quant_histogram *histogram, double value, bool *inside)
{
    const double width = histogram->high - histogram->low;
    const double at = width > 0 ? (value - histogram->low) / width * (double)histogram->nbins : 0;
    /* minmax maps the range up to the rounding of the scale */
    *inside = at > -0.01 && at < (double)histogram->nbins + 0.01;
    if (!(at >= 0))
        return 0;
    return at >= (double)histogram->nbins ? histogram->nbins - 1 : (size_t)at;
}

static void print_marks(const struct quant_histogram *histogram, const struct quant_params *params,
                        int indent, bool is_ascii)
{
    const char *marks[QUANT_HISTOGRAM_BINS] = {NULL};
    size_t last = 0;
    for (int end = 0; end < 2; end++) {
        bool inside;
        const size_t column = column_of(histogram, inspect_clip(params, end), &inside);
        marks[column] = inside ? is_ascii ? "^" : "\u25b2" : end == 0 ? "<" : ">";
        last = column > last ? column : last;
    }
    printf("%*s", indent, "");
    for (size_t i = 0; i <= last; i++)
        fputs(marks[i] ? marks[i] : " ", stdout);
    putchar('\n');
}

void inspect_print_histogram(const struct quant_statistics *statistics, int indent, bool is_ascii)
{
    const struct quant_histogram *histogram = &statistics->histogram;
    const struct quant_trial *trial = &statistics->mapped;
    char low[32];
    char high[32];
    if (histogram->nbins == 0)
        return;
    print_bars(histogram, indent, is_ascii);
    if (trial->is_made && trial->choice.has_range && inspect_has_clip(&trial->choice.params))
        print_marks(histogram, &trial->choice.params, indent, is_ascii);
    snprintf(low, sizeof low, "%.4g", histogram->low);
    snprintf(high, sizeof high, "%.4g", histogram->high);
    const int between = (int)histogram->nbins - (int)strlen(low);
    printf("%*s%s%*s\n", indent, "", low,
           between > (int)strlen(high) ? between : (int)strlen(high) + 2, high);
}
