/* SPDX-License-Identifier: MIT */
/* The comparison as a table whose columns are as wide as they have to be. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/message.h"
#include "cli/values.h"

enum { COLUMNS = 13, FIRST_FIGURE = 6, LEFT = 2, CELL = 48 };

struct table {
    char cells[QUANT_COMPARE_MOST + 1][COLUMNS][CELL]; /* the first row is the heading */
    size_t nrows;
};

static void fill_heading(char cells[COLUMNS][CELL])
{
    static const char *const words[FIRST_FIGURE] = {"scheme", "method", "lo",
                                                    "hi",     "scale",  "zero_point"};
    for (size_t i = 0; i < COLUMNS; i++)
        snprintf(cells[i], CELL, "%s",
                 i < FIRST_FIGURE ? words[i] : compare_figure_at(i - FIRST_FIGURE));
}

static void fill_figure(char cell[CELL], const char *key, const struct quant_report *report)
{
    const struct quant_figure *figure = quant_figure_from_key(key);
    const double value = figure->get(report);
    if (isnan(value))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, figure->is_count ? "%.0f" : "%.6g", value);
}

static void fill_row(char cells[COLUMNS][CELL], const struct quant_comparison *row)
{
    const struct quant_choice *choice = &row->choice;
    snprintf(cells[0], CELL, "%s", choice_scheme(row->scheme));
    compare_method(row->calibration, cells[1]);
    for (size_t i = 0; i < 2; i++)
        snprintf(cells[2 + i], CELL, choice->has_range ? "%.6g" : "-", choice->range[i]);
    snprintf(cells[4], CELL, "%.6g", (double)choice->params.scale);
    snprintf(cells[5], CELL, "%" PRId32, choice->params.zero_point);
    for (size_t i = FIRST_FIGURE; i < COLUMNS; i++)
        fill_figure(cells[i], compare_figure_at(i - FIRST_FIGURE), &row->report);
}

static void print_table(const struct table *table)
{
    int widths[COLUMNS] = {0};
    for (size_t row = 0; row < table->nrows; row++)
        for (size_t i = 0; i < COLUMNS; i++) {
            const int length = (int)strlen(table->cells[row][i]);
            widths[i] = length > widths[i] ? length : widths[i];
        }
    for (size_t row = 0; row < table->nrows; row++) {
        for (size_t i = 0; i < COLUMNS; i++)
            printf("  %*s", i < LEFT ? -widths[i] : widths[i], table->cells[row][i]);
        putchar('\n');
    }
}

static void print_title(const char *path, const struct quant_compare_result *result)
{
    char *title = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    if (title)
        message_mask(title);
    const struct quant_params *params = &result->rows[0].choice.params;
    printf("%s: %" PRIu64 " elements to %s\n", title ? title : "", result->observed.count,
           quant_dtype_info(params->dtype)->name);
    free(title);
}

void compare_print_text(const char *path, const struct quant_compare_result *result)
{
    struct table table = {.nrows = result->n + 1};
    fill_heading(table.cells[0]);
    for (size_t i = 0; i < result->n; i++)
        fill_row(table.cells[i + 1], &result->rows[i]);
    print_title(path, result);
    print_table(&table);
    char advice[COMPARE_ADVICE];
    compare_advise(result, advice);
    printf("  %s\n", advice);
}
