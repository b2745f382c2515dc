/* SPDX-License-Identifier: MIT */
/* Writes numbers with three digits in the fewest characters. */
#include "cli/report_cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum report_column column;
    const char *key;
    const char *heading;
} figure_columns[] = {
    {COLUMN_SQNR, "sqnr_db", "sqnr_db"},
    {COLUMN_MAX_ERROR, "max_abs_error", "max_err"},
    {COLUMN_RATIO, "ratio", "ratio"},
};

enum { FIGURE_COLUMNS = sizeof figure_columns / sizeof figure_columns[0] };

enum report_column report_cells_column(const struct quant_figure *figure)
{
    for (size_t i = 0; i < FIGURE_COLUMNS; i++)
        if (strcmp(figure->key, figure_columns[i].key) == 0)
            return figure_columns[i].column;
    return COLUMN_ERROR;
}

/* ---- Numbers ---- */

/* 1.23e-5, not 1.23e-05. */
static void drop_exponent_zero(char *text)
{
    char *exponent = strchr(text, 'e');
    if (!exponent)
        return;
    char *to = exponent + 1;
    if (*to == '-')
        to++;
    const char *from = exponent + 2;
    while (*from == '0' && from[1] != '\0')
        from++;
    memmove(to, from, strlen(from) + 1);
}

static void print_three_digits(char cell[CELL_ROOM], double value)
{
    snprintf(cell, CELL_ROOM, "%.3g", value);
    /* Below 0.001 the exponent is shorter than the zeros. */
    if (fabs(value) < 0.001 && value != 0)
        snprintf(cell, CELL_ROOM, "%.2e", value);
    drop_exponent_zero(cell);
}

static bool is_lossless(const struct quant_report *report)
{
    return report->n > 0 && report->sum_squared_error == 0;
}

void report_cells_figure(char cell[CELL_ROOM], const struct quant_figure *figure,
                         const struct quant_report *report)
{
    const double value = figure->get(report);
    if (isnan(value))
        snprintf(cell, CELL_ROOM, "%s",
                 strcmp(figure->key, "sqnr_db") == 0 && is_lossless(report) ? "exact" : "-");
    else if (figure->is_count)
        snprintf(cell, CELL_ROOM, "%.0f", value);
    else if (strcmp(figure->key, "sqnr_db") == 0)
        snprintf(cell, CELL_ROOM, "%.1f", value);
    else if (strcmp(figure->key, "ratio") == 0)
        snprintf(cell, CELL_ROOM, "%.2f", value);
    else if (strcmp(figure->key, "cosine") == 0)
        snprintf(cell, CELL_ROOM, "%.6f", value);
    else
        print_three_digits(cell, value);
}

/* ---- Rows ---- */

static void fill_figures(struct report_cells *cells, const struct report_cell_style *style,
                         const struct quant_report *report)
{
    for (size_t i = 0; i < FIGURE_COLUMNS; i++)
        report_cells_figure(cells->text[figure_columns[i].column],
                            quant_figure_from_key(figure_columns[i].key), report);
    report_cells_figure(cells->text[COLUMN_ERROR], style->error, report);
    report_bar_print(cells->text[COLUMN_BAR], &style->bar, style->bar_columns, report);
}

void report_cells_heading(struct report_cells *cells, const struct report_cell_style *style)
{
    *cells = (struct report_cells){
        .text = {[COLUMN_NAME] = "file", [COLUMN_DTYPE] = "dtype", [COLUMN_SHAPE] = "shape"}};
    if (style->has_tensors)
        snprintf(cells->text[COLUMN_NAME], CELL_ROOM, "tensor");
    for (size_t i = 0; i < FIGURE_COLUMNS; i++)
        snprintf(cells->text[figure_columns[i].column], CELL_ROOM, "%s", figure_columns[i].heading);
    snprintf(cells->text[COLUMN_SCALE], CELL_ROOM, style->counts_scales ? "scales" : "scale");
    snprintf(cells->text[COLUMN_ERROR], CELL_ROOM, "%s", style->error->key);
    report_bar_print_heading(cells->text[COLUMN_BAR], &style->bar, style->bar_columns);
}

static void fill_shape(char cell[CELL_ROOM], const struct report_row *row)
{
    size_t used = 0;
    if (row->ndim == 0)
        snprintf(cell, CELL_ROOM, "scalar");
    for (int i = 0; i < row->ndim && used < CELL_ROOM; i++)
        used += (size_t)snprintf(cell + used, CELL_ROOM - used, "%s%" PRIu64, i > 0 ? "x" : "",
                                 row->dims[i]);
    if (used >= CELL_ROOM)
        memcpy(cell + CELL_ROOM - 4, "...", 4);
}

static void fill_scale(char cell[CELL_ROOM], const struct report_cell_style *style,
                       const struct report_row *row)
{
    if (row->grouping.axis >= 0)
        snprintf(cell, CELL_ROOM, "%s%" PRIu64, style->counts_scales ? "" : "x",
                 row->grouping.count);
    else if (quant_dtype_info(row->params.dtype)->is_unscaled)
        snprintf(cell, CELL_ROOM, "-");
    else
        print_three_digits(cell, (double)row->params.scale);
}

void report_cells_row(struct report_cells *cells, const struct report_cell_style *style,
                      const struct report_row *row)
{
    enum { LONG = 8 }; /* a longer name has a much shorter short form */
    *cells = (struct report_cells){.text = {""}};
    const struct quant_dtype_info *info = quant_dtype_info(row->params.dtype);
    snprintf(cells->text[COLUMN_DTYPE], CELL_ROOM, "%s",
             strlen(info->name) > LONG ? info->short_name : info->name);
    fill_shape(cells->text[COLUMN_SHAPE], row);
    fill_scale(cells->text[COLUMN_SCALE], style, row);
    fill_figures(cells, style, &row->figures);
}

void report_cells_total(struct report_cells *cells, const struct report_cell_style *style,
                        const struct quant_report *total)
{
    *cells = (struct report_cells){.text = {""}};
    fill_figures(cells, style, total);
    if (!style->error->has_total)
        cells->text[COLUMN_ERROR][0] = '\0';
    if (!report_bar_has_total(&style->bar))
        cells->text[COLUMN_BAR][0] = '\0';
}
