/* SPDX-License-Identifier: MIT */
/* The bars of the table: one figure, drawn from an end that all rows have in common to another. */
#ifndef QUANT_CLI_REPORT_BAR_H
#define QUANT_CLI_REPORT_BAR_H

#include <quant/quant.h>

enum {
    REPORT_BAR_MIN = 8,
    REPORT_BAR_MAX = 32,
    REPORT_BAR_ROOM = 3 * REPORT_BAR_MAX + 8 /* bytes: three for a block in UTF-8 */
};

struct report_bar {
    const struct quant_figure *figure; /* its absolute value is drawn */
    bool is_utf8;                      /* blocks in steps of an eighth; else '#' */
    bool is_log;
    double min; /* of the positive values so far; INFINITY: none */
    double max; /* 0: none */
    double from;
    double to;
};

/* A bar of this figure, for no rows yet. */
struct report_bar report_bar_of(const struct quant_figure *figure);

/* Takes in the value of a row. */
void report_bar_take(struct report_bar *bar, const struct quant_report *report);

/* Whether the total has a bar too: not if it is the sum of the rows, whose bars would be short
 * beside it, and not if the figure has no total. */
bool report_bar_has_total(const struct report_bar *bar);

/* Chooses the ends, after the last row: powers of ten on a logarithmic scale if the values span two
 * decades or more; else from 0 to a round number. Decibels are logarithms already: they begin at 0,
 * and a negative value has no bar. */
void report_bar_scale(struct report_bar *bar);

/* The fewest columns that the bar and its heading take. */
int report_bar_columns(const struct report_bar *bar);

/* "0      50", or "1e-8  log  1e-5": the two ends. */
void report_bar_print_heading(char text[REPORT_BAR_ROOM], const struct report_bar *bar,
                              int columns);

/* No bar for 0 and for a figure without a value; a full one for sqnr_db if nothing was lost. Any
 * other value has at least the smallest step. */
void report_bar_print(char text[REPORT_BAR_ROOM], const struct report_bar *bar, int columns,
                      const struct quant_report *report);

#endif
