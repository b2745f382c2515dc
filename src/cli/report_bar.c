/* SPDX-License-Identifier: MIT */
/* Draws in steps of an eighth of a character, or of a whole one without UTF-8. */
#include "cli/report_bar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text_columns.h"

enum { LABEL = 16 };

static bool is_decibels(const struct report_bar *bar)
{
    return strcmp(bar->figure->key, "sqnr_db") == 0;
}

/* What is drawn: not negative; INFINITY: more than any other; 0 if there is no value. */
static double value_of(const struct report_bar *bar, const struct quant_report *report)
{
    const double value = bar->figure->get(report);
    if (is_decibels(bar) && report->n > 0 && report->sum_squared_error == 0)
        return (double)INFINITY;
    if (isnan(value) || (is_decibels(bar) && value < 0))
        return 0;
    return fabs(value);
}

struct report_bar report_bar_of(const struct quant_figure *figure)
{
    return (struct report_bar){
        .figure = figure, .is_utf8 = text_is_utf8(), .min = (double)INFINITY};
}

void report_bar_take(struct report_bar *bar, const struct quant_report *report)
{
    const double value = value_of(bar, report);
    if (!(value > 0) || isinf(value))
        return;
    bar->min = fmin(bar->min, value);
    bar->max = fmax(bar->max, value);
}

bool report_bar_has_total(const struct report_bar *bar)
{
    const struct quant_figure *figure = bar->figure;
    return figure->has_total && !figure->is_count && strncmp(figure->key, "sum_", 4) != 0;
}

/* The smallest of 1, 2, 5, 10, 20, 50 ... that is not below value. */
static double round_up(double value)
{
    static const double steps[] = {1, 2, 5};
    const double unit = pow(10, floor(log10(value)));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (value <= steps[i] * unit)
            return steps[i] * unit;
    return 10 * unit;
}

void report_bar_scale(struct report_bar *bar)
{
    bar->from = 0;
    bar->is_log = !is_decibels(bar) && bar->max >= 100 * bar->min;
    if (bar->is_log) {
        bar->from = pow(10, floor(log10(bar->min)));
        bar->to = pow(10, ceil(log10(bar->max)));
    } else if (is_decibels(bar)) {
        bar->to = fmax(10, 10 * ceil(bar->max / 10));
    } else {
        bar->to = bar->max > 0 ? round_up(bar->max) : 1;
    }
}

/* ---- The heading ---- */

/* 1e-8, 0.05, 200. */
static void print_end(char text[LABEL], double value)
{
    const bool is_long = value != 0 && (value < 0.001 || value >= 1e5);
    snprintf(text, LABEL, is_long ? "%.0e" : "%g", value); /* it has one digit other than 0 */
    char *exponent = strchr(text, 'e');
    if (!exponent)
        return;
    const long power = strtol(exponent + 1, NULL, 10);
    snprintf(exponent, LABEL - (size_t)(exponent - text), "e%ld", power);
}

static const char *middle_of(const struct report_bar *bar)
{
    return bar->is_log ? "log" : "";
}

int report_bar_columns(const struct report_bar *bar)
{
    char from[LABEL];
    char to[LABEL];
    print_end(from, bar->from);
    print_end(to, bar->to);
    const size_t middle = strlen(middle_of(bar));
    const int needed = (int)(strlen(from) + 1 + middle + (middle > 0 ? 1 : 0) + strlen(to));
    return needed > REPORT_BAR_MIN ? needed : REPORT_BAR_MIN;
}

void report_bar_print_heading(char text[REPORT_BAR_ROOM], const struct report_bar *bar, int columns)
{
    char from[LABEL];
    char to[LABEL];
    print_end(from, bar->from);
    print_end(to, bar->to);
    const char *middle = middle_of(bar);
    const int spaces = columns - (int)(strlen(from) + strlen(middle) + strlen(to));
    const int left = spaces > 0 ? spaces / 2 : 0;
    const int right = spaces > 0 ? spaces - left : 0;
    snprintf(text, REPORT_BAR_ROOM, "%s%*s%s%*s%s", from, left, "", middle, right, "", to);
}

/* ---- The bar ---- */

static double share_of(const struct report_bar *bar, double value)
{
    if (isinf(value))
        return 1;
    if (!bar->is_log)
        return value / bar->to;
    return log(value / bar->from) / log(bar->to / bar->from);
}

void report_bar_print(char text[REPORT_BAR_ROOM], const struct report_bar *bar, int columns,
                      const struct quant_report *report)
{
    static const char *const eighths[] = {"",       "\u258F", "\u258E", "\u258D",
                                          "\u258C", "\u258B", "\u258A", "\u2589"};
    const double value = value_of(bar, report);
    const int parts = bar->is_utf8 ? 8 : 1;
    int filled = 0;
    if (value > 0)
        filled = (int)lround(fmin(fmax(share_of(bar, value), 0), 1) * columns * parts);
    if (value > 0 && filled == 0)
        filled = 1;
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < filled / parts; i++)
        used += (size_t)snprintf(text + used, REPORT_BAR_ROOM - used, "%s",
                                 bar->is_utf8 ? "\u2588" : "#");
    snprintf(text + used, REPORT_BAR_ROOM - used, "%s", eighths[filled % parts]);
}
