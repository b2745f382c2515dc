/* SPDX-License-Identifier: MIT */
/* The cells of the table of a report. */
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

/* Settings for the cells of all rows. */
struct report_cell_style {
    const struct quant_figure *error; /* of COLUMN_ERROR */
    bool counts_scales;  /* every row has several scales: show their number without a mark */
    bool has_tensors;    /* rows are tensors of containers */
    double bar_decibels; /* a full bar; an empty one is 0 */
    int bar_columns;
    bool is_utf8;
};

void report_cells_heading(struct report_cells *cells, const struct report_cell_style *style);

/* Fills the cells of a measured row. */
void report_cells_row(struct report_cells *cells, const struct report_cell_style *style,
                      const struct report_row *row);

/* Fills the cells of the total. */
void report_cells_total(struct report_cells *cells, const struct report_cell_style *style,
                        const struct quant_report *total);

/* Whether the figure always has a column, even if rows are not sorted by it. */
bool report_cells_have(const struct quant_figure *figure);

/* The end of a bar for values up to this one, in decibels: a multiple of 10. */
double report_bar_end(double decibels);

#endif
