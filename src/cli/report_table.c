/* SPDX-License-Identifier: MIT */
/*
 * The report as a table: a row for each file, and one for all of them. Columns are as wide as their
 * longest cell; names get the rest of the line, and the bar what they leave. The common part of all
 * paths is printed once, above: the directory, and if names are too long, also the words that they
 * all begin and end with.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/masked_text.h"
#include "cli/message.h"
#include "cli/report.h"
#include "cli/report_cells.h"
#include "cli/report_style.h"
#include "cli/text_columns.h"

enum { LONGEST_SHAPE = 16, LONGEST_HEADING = 12, MIN_NAME = 12 };

struct table {
    struct report *report;
    FILE *out;
    struct report_palette palette;
    struct report_cell_style style;
    bool names_tensors;          /* rows have the names of tensors, else paths */
    struct report_common common; /* of all names; printed once, above */
    const char *container;       /* whose tensors all rows are; else NULL */
    int columns;                 /* of a line */
    int gap;                     /* spaces between columns */
    int widths[COLUMNS];
};

/* ---- Names ---- */

/* Returns the masked name, which the caller frees; NULL: no memory. */
static char *display_name(const struct table *table, const struct report_row *row)
{
    const bool is_whole = table->names_tensors && !row->file;
    const struct report_common common = is_whole ? (struct report_common){0, 0} : table->common;
    const char *text = table->names_tensors ? report_row_tensor(row) : row->path;
    char *name = strcmp(row->path, "-") == 0
                     ? strdup("standard input")
                     : strndup(text + common.prefix, strlen(text) - common.prefix - common.suffix);
    if (name)
        message_mask(name);
    return name;
}

/* ---- Widths ---- */

static void widen(struct table *table, const struct report_cells *cells)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const int width = text_width(cells->text[i]);
        table->widths[i] = width > table->widths[i] ? width : table->widths[i];
    }
}

static int others_width(const struct table *table)
{
    int width = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        if (i != COLUMN_NAME && table->widths[i] > 0)
            width += table->gap + table->widths[i];
    return width;
}

/* The bar gets what is left of the line. */
static void widen_bar(struct table *table, int left)
{
    int *bar = &table->widths[COLUMN_BAR];
    if (*bar > 0 && *bar < REPORT_BAR_MAX)
        *bar = *bar + left < REPORT_BAR_MAX ? *bar + left : REPORT_BAR_MAX;
}

/* If the line is too short: gaps of one space, then no bar, then short names. Returns false if
 * names must be shortened. */
static bool fit(struct table *table)
{
    int *widths = table->widths;
    const int wanted = widths[COLUMN_NAME];
    table->gap = 2;
    if (others_width(table) + wanted > table->columns)
        table->gap = 1;
    if (table->columns - others_width(table) < MIN_NAME)
        widths[COLUMN_BAR] = 0;
    const int left = table->columns - others_width(table);
    if (wanted <= left) {
        widen_bar(table, left - wanted);
        return true;
    }
    widths[COLUMN_NAME] = left > MIN_NAME ? left : MIN_NAME;
    return false;
}

static bool measure_rows(struct table *table)
{
    const struct report_rows *rows = &table->report->rows;
    struct report_cells cells;
    for (size_t i = 0; i < rows->n; i++) {
        const struct report_row *row = &rows->rows[i];
        if (!row->error) {
            report_cells_row(&cells, &table->style, row);
            widen(table, &cells);
        }
        char *name = display_name(table, row);
        if (!name)
            return false;
        const int width = text_width(name);
        free(name);
        if (width > table->widths[COLUMN_NAME])
            table->widths[COLUMN_NAME] = width;
    }
    return true;
}

static bool measure(struct table *table, bool *fits)
{
    struct report_cells cells;
    memset(table->widths, 0, sizeof table->widths);
    report_cells_heading(&cells, &table->style);
    widen(table, &cells);
    if (table->widths[COLUMN_ERROR] > LONGEST_HEADING)
        table->widths[COLUMN_ERROR] = LONGEST_HEADING;
    report_cells_total(&cells, &table->style, &table->report->total);
    report_name_total(table->report, cells.text[COLUMN_NAME], CELL_ROOM);
    if (report_has_total(table->report))
        widen(table, &cells);
    if (!measure_rows(table))
        return false;
    if (table->widths[COLUMN_SHAPE] > LONGEST_SHAPE)
        table->widths[COLUMN_SHAPE] = LONGEST_SHAPE;
    table->widths[COLUMN_BAR] = table->style.bar_columns;
    *fits = fit(table);
    return true;
}

/* ---- Lines ---- */

static bool is_left(size_t column)
{
    return column <= COLUMN_SHAPE || column == COLUMN_BAR;
}

static bool is_bar_last(const struct table *table)
{
    return report_cells_column(table->style.bar.figure) == COLUMN_BAR - 1;
}

/* Without spaces at the end of the line. */
static void print_cell(const struct table *table, size_t column, const char *text)
{
    const int width = table->widths[column];
    const int left = width - text_width(text);
    if (width == 0)
        return;
    fprintf(table->out, "%*s", table->gap + (is_left(column) || left < 0 ? 0 : left), "");
    if (column == COLUMN_BAR && is_bar_last(table))
        fputs(text, table->out);
    else
        text_print(table->out, text, is_left(column) || left < 0 ? width : width - left);
}

static void print_line(const struct table *table, const char *name,
                       const struct report_cells *cells)
{
    text_print(table->out, name, table->widths[COLUMN_NAME]);
    for (size_t i = COLUMN_NAME + 1; i < COLUMN_BAR; i++) {
        print_cell(table, i, cells->text[i]);
        if (i == report_cells_column(table->style.bar.figure))
            print_cell(table, COLUMN_BAR, cells->text[COLUMN_BAR]);
    }
}

/* Returns the part after "cannot read 'PATH': ", since the row already shows the name; of a tensor,
 * after "cannot read 'PATH: TENSOR': ", its name too: "'TENSOR': ...". The caller frees it; NULL:
 * no memory. */
static char *copy_reason(const struct report_row *row)
{
    const char *name = strstr(row->error, row->path);
    const char *rest = name ? name + strlen(row->path) : "";
    char *text = NULL;
    if (strncmp(rest, "': ", 3) == 0)
        return strdup(rest + 3);
    if (strncmp(rest, ": ", 2) != 0)
        return strdup(row->error);
    return asprintf(&text, "'%s", rest + 2) < 0 ? NULL : text;
}

static void print_failed(const struct table *table, const char *name, const struct report_row *row)
{
    char *text = copy_reason(row);
    if (text)
        message_mask(text);
    else
        masked_note_missing();
    const int width = table->widths[COLUMN_NAME];
    text_print(table->out, name, width);
    fprintf(table->out, "  %s", table->palette.striking);
    text_print_start(table->out, text ? text : "?", table->columns - width - 2);
    fprintf(table->out, "%s\n", table->palette.plain);
    free(text);
}

/* What all tensors have in common: "FILE", "FILE: layers.*.weight" or "DIRECTORY/: layers.*". The
 * caller frees it; NULL: no memory. */
static char *common_of_tensors(const struct table *table)
{
    const struct report_rows *rows = &table->report->rows;
    const struct report_common *common = &table->common;
    const char *path = table->container ? table->container : rows->rows[0].path;
    const size_t length = table->container ? strlen(path) : report_rows_directory(rows).prefix;
    const char *first = "";
    for (size_t i = 0; i < rows->n && first[0] == '\0'; i++)
        first = rows->rows[i].file ? report_row_tensor(&rows->rows[i]) : "";
    char *text = NULL;
    const bool has_affixes = common->prefix + common->suffix > 0;
    if (asprintf(&text, "%.*s%s%.*s%s%s", (int)length, path, length > 0 && has_affixes ? ": " : "",
                 (int)common->prefix, first, has_affixes ? "*" : "",
                 first + strlen(first) - common->suffix) < 0)
        return NULL;
    return text;
}

/* "layers.*.weight.npy", or the directory alone. */
static char *common_of_paths(const struct table *table)
{
    const struct report_common *common = &table->common;
    const char *path = table->report->rows.rows[0].path;
    const bool is_directory =
        common->suffix == 0 && common->prefix > 0 && path[common->prefix - 1] == '/';
    char *text = NULL;
    if (common->prefix + common->suffix == 0)
        return strdup("");
    if (asprintf(&text, "%.*s%s%s", (int)common->prefix, path, is_directory ? "" : "*",
                 path + strlen(path) - common->suffix) < 0)
        return NULL;
    return text;
}

static void print_common(const struct table *table)
{
    char *text = table->names_tensors ? common_of_tensors(table) : common_of_paths(table);
    if (!text)
        masked_note_missing();
    if (text && text[0] != '\0') {
        message_mask(text);
        const int width = text_width(text);
        text_print(table->out, text, width < table->columns ? width : table->columns);
        fprintf(table->out, "\n");
    }
    free(text);
}

static void print_heading(const struct table *table)
{
    struct report_cells cells;
    report_cells_heading(&cells, &table->style);
    fprintf(table->out, "%s", table->palette.dim);
    print_line(table, cells.text[COLUMN_NAME], &cells);
    fprintf(table->out, "%s\n", table->palette.plain);
}

static bool print_row(const struct table *table, const struct report_row *row)
{
    char *name = display_name(table, row);
    if (!name)
        return false;
    if (table->names_tensors && row->file)
        text_abbreviate(name, table->widths[COLUMN_NAME]);
    if (row->error) {
        print_failed(table, name, row);
    } else {
        struct report_cells cells;
        report_cells_row(&cells, &table->style, row);
        print_line(table, name, &cells);
        fprintf(table->out, "\n");
    }
    free(name);
    return true;
}

static void print_total(const struct table *table)
{
    const struct report *report = table->report;
    const uint64_t hidden = report->rows.nkept - report->rows.n;
    if (hidden > 0)
        fprintf(table->out, "%s%s %llu more%s\n", table->palette.dim,
                text_is_utf8() ? "\u2026" : "...", (unsigned long long)hidden,
                table->palette.plain);
    if (!report_has_total(report))
        return;
    struct report_cells cells;
    report_cells_total(&cells, &table->style, &report->total);
    report_name_total(report, cells.text[COLUMN_NAME], CELL_ROOM);
    fprintf(table->out, "%s", table->palette.title);
    print_line(table, cells.text[COLUMN_NAME], &cells);
    fprintf(table->out, "%s\n", table->palette.plain);
}

/* ---- The whole ---- */

/* The figure that rows are sorted by; sqnr_db if by none. */
static const struct quant_figure *choose_bar(const struct report_options *options)
{
    if (options->sort.given && options->sort.figure)
        return options->sort.figure;
    return quant_figure_from_key(options->top > 0 && !options->sort.given ? "mse" : "sqnr_db");
}

static struct report_cell_style choose_style(const struct report *report)
{
    const struct quant_figure *sorted = report->options->sort.figure;
    const bool is_shown = !sorted || report_cells_column(sorted) != COLUMN_ERROR;
    struct report_cell_style style = {
        .error = is_shown ? quant_figure_from_key("mse") : sorted,
        .counts_scales = true,
        .has_tensors = report->has_containers,
        .bar = report_bar_of(choose_bar(report->options)),
    };
    for (size_t i = 0; i < report->rows.n; i++) {
        const struct report_row *row = &report->rows.rows[i];
        if (row->error)
            continue;
        if (row->grouping.axis < 0)
            style.counts_scales = false;
        report_bar_take(&style.bar, &row->figures);
    }
    if (report_bar_has_total(&style.bar))
        report_bar_take(&style.bar, &report->total);
    report_bar_scale(&style.bar);
    style.bar_columns = report_bar_columns(&style.bar);
    return style;
}

/* The container that all rows are tensors of; NULL if there is not one, or several. */
static const char *find_container(const struct report_rows *rows)
{
    const char *file = rows->n > 0 ? rows->rows[0].file : NULL;
    for (size_t i = 1; file && i < rows->n; i++)
        if (!rows->rows[i].file || strcmp(rows->rows[i].file, file) != 0)
            return NULL;
    return file;
}

static bool print_table(struct report *report)
{
    FILE *out = report->output.stream;
    struct table table = {
        .report = report,
        .out = out,
        .palette = report_style_palette(out),
        .style = choose_style(report),
        .container = find_container(&report->rows),
        .columns = text_columns(out),
    };
    if (report->rows.n == 0)
        return true;
    bool fits;
    table.names_tensors = table.container != NULL;
    if (!table.container)
        table.common = report_rows_directory(&report->rows);
    if (!measure(&table, &fits))
        return false;
    if (!fits) {
        table.names_tensors = table.container || report_rows_are_distinct(&report->rows);
        table.common = report_rows_affixes(&report->rows, table.names_tensors);
        if (!measure(&table, &fits))
            return false;
    }
    table.style.bar_columns = table.widths[COLUMN_BAR];
    print_common(&table);
    print_heading(&table);
    bool ok = true;
    for (size_t i = 0; ok && i < report->rows.n; i++)
        ok = print_row(&table, &report->rows.rows[i]);
    if (ok)
        print_total(&table);
    return ok;
}

const struct report_kind report_table = {.name = "table", .end = print_table};
