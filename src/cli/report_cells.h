/* SPDX-License-Identifier: MIT */
/* The cells of a report's table. */
#ifndef QUANT_CLI_REPORT_CELLS_H
#define QUANT_CLI_REPORT_CELLS_H

#include "cli/report_rows.h"

enum report_column {
    COLUMN_NAME,
    COLUMN_DTYPE,
    COLUMN_SHAPE,
    COLUMN_SCALE,
    COLUMN_ERROR, /* mse, or the figure that rows are sorted by */
    COLUMN_SQNR,
    COLUMN_BAR,
    COLUMN_MAX_ERROR,
    COLUMN_RATIO,
    COLUMNS
};

enum { CELL_ROOM = 48 };

/* All but the name. */
struct report_cells {
    char text[COLUMNS][CELL_ROOM];
};

/* What the cells of all rows have in common. */
struct report_cell_style {
    const struct quant_figure *error; /* of COLUMN_ERROR */
    bool counts_scales;  /* every row has several scales: their numbers, without a mark */
    double bar_decibels; /* what a full bar stands for, from 0 on */
    int bar_columns;
    bool is_utf8;
};

void report_cells_heading(struct report_cells *cells, const struct report_cell_style *style);

/* Of a row that was measured. */
void report_cells_row(struct report_cells *cells, const struct report_cell_style *style,
                      const struct report_row *row);

/* Of all files together. */
void report_cells_total(struct report_cells *cells, const struct report_cell_style *style,
                        const struct quant_report *total);

/* Whether the figure has a column without being sorted by. */
bool report_cells_have(const struct quant_figure *figure);

/* A bar for values up to this one: its end in decibels, a multiple of 10. */
double report_bar_end(double decibels);

#endif
