/* SPDX-License-Identifier: MIT */
/* The cells of the table of a report. */
#ifndef QUANT_CLI_REPORT_CELLS_H
#define QUANT_CLI_REPORT_CELLS_H

#include "cli/report_bar.h"
#include "cli/report_rows.h"

enum report_column {
    COLUMN_NAME,
    COLUMN_DTYPE,
    COLUMN_SHAPE,
    COLUMN_SCALE,
    COLUMN_ERROR, /* mse, or the figure that rows are sorted by */
    COLUMN_SQNR,
    COLUMN_MAX_ERROR,
    COLUMN_RATIO,
    COLUMN_BAR, /* shown after the column of its figure */
    COLUMNS
};

enum { CELL_ROOM = REPORT_BAR_ROOM };

/* All but the name. */
struct report_cells {
    char text[COLUMNS][CELL_ROOM];
};

/* Settings for the cells of all rows. */
struct report_cell_style {
    const struct quant_figure *error; /* of COLUMN_ERROR */
    bool counts_scales; /* every row has several scales: show their number without a mark */
    bool has_tensors;   /* rows are tensors of containers */
    struct report_bar bar;
    int bar_columns;
};

void report_cells_heading(struct report_cells *cells, const struct report_cell_style *style);

/* Fills the cells of a measured row. */
void report_cells_row(struct report_cells *cells, const struct report_cell_style *style,
                      const struct report_row *row);

/* Fills the cells of the total. */
void report_cells_total(struct report_cells *cells, const struct report_cell_style *style,
                        const struct quant_report *total);

/* The column that shows the figure: its own if it always has one, even if rows are not sorted by
 * it; else COLUMN_ERROR. */
enum report_column report_cells_column(const struct quant_figure *figure);

/* Writes the figure with three digits; "exact" for sqnr_db if nothing was lost, "-" if there is no
 * value. */
void report_cells_figure(char cell[CELL_ROOM], const struct quant_figure *figure,
                         const struct quant_report *report);

#endif
