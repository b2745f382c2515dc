/* SPDX-License-Identifier: MIT */
/* Prints the comparison as a table, with as many digits as fit the width. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/masked_text.h"
#include "cli/option_values.h"
#include "cli/report_groups.h"
#include "cli/wrap.h"

enum { CELL = 48, LEFT = 2, MAX_DIGITS = 6, MIN_DIGITS = 3 };

/* Fills a cell from a row, with this many significant digits. */
typedef void fill_fn(char cell[CELL], const char *key, const struct quant_comparison *row,
                     int digits);

struct column {
    const char *name; /* NULL ends a list */
    const char *key;  /* of a figure */
    fill_fn *fill;
    bool in_table;    /* without --wide */
    bool for_one;     /* one scale, and its range */
    bool for_sizes;   /* without --wide: only if sizes differ */
    bool is_optional; /* without --wide: left out if there is no room */
};

static void fill_scheme(char cell[CELL], const char *key, const struct quant_comparison *row,
                        int digits)
{
    (void)key;
    (void)digits;
    snprintf(cell, CELL, "%s", choice_scheme(row->scheme));
}

static void fill_method(char cell[CELL], const char *key, const struct quant_comparison *row,
                        int digits)
{
    char method[COMPARE_METHOD];
    (void)key;
    (void)digits;
    compare_method(row, method);
    snprintf(cell, CELL, "%s", method);
}

static void fill_low(char cell[CELL], const char *key, const struct quant_comparison *row,
                     int digits)
{
    double range[2];
    (void)key;
    if (compare_mapped_range(row, range))
        snprintf(cell, CELL, "%.*g", digits, range[0]);
    else
        snprintf(cell, CELL, "-");
}

static void fill_high(char cell[CELL], const char *key, const struct quant_comparison *row,
                      int digits)
{
    double range[2];
    (void)key;
    if (compare_mapped_range(row, range))
        snprintf(cell, CELL, "%.*g", digits, range[1]);
    else
        snprintf(cell, CELL, "-");
}

static void fill_scale(char cell[CELL], const char *key, const struct quant_comparison *row,
                       int digits)
{
    (void)key;
    snprintf(cell, CELL, "%.*g", digits, (double)row->choice.params.scale);
}

static void fill_zero_point(char cell[CELL], const char *key, const struct quant_comparison *row,
                            int digits)
{
    (void)key;
    (void)digits;
    snprintf(cell, CELL, "%" PRId32, row->choice.params.zero_point);
}

static void fill_figure(char cell[CELL], const char *key, const struct quant_comparison *row,
                        int digits)
{
    const struct quant_figure *figure = quant_figure_from_key(key);
    const double value = figure->get(&row->report);
    if (isnan(value))
        snprintf(cell, CELL, "-");
    else if (figure->is_count && value < 1e7)
        snprintf(cell, CELL, "%.0f", value);
    else
        snprintf(cell, CELL, "%.*g", digits, value);
}

static const struct column all_columns[] = {
    {"scheme", NULL, fill_scheme, true, false, false, false},
    {"method", NULL, fill_method, true, false, false, false},
    {"lo", NULL, fill_low, true, true, false, false},
    {"hi", NULL, fill_high, true, true, false, false},
    {"scale", NULL, fill_scale, false, true, false, false},
    {"zero_point", NULL, fill_zero_point, false, true, false, false},
    {"mse", "mse", fill_figure, true, false, false, false},
    {"sqnr_db", "sqnr_db", fill_figure, true, false, false, false},
    {"cosine", "cosine", fill_figure, false, false, false, false},
    {"max_abs_error", "max_abs_error", fill_figure, false, false, false, false},
    {"clipped", "clipped", fill_figure, true, false, false, true},
    {"zeroed", "zeroed", fill_figure, false, false, false, false},
    {"sign_flipped", "sign_flipped", fill_figure, false, false, false, false},
    {"levels_used", "levels_used", fill_figure, false, false, false, false},
    {"bits", "bits_per_element", fill_figure, true, false, true, false},
};

enum { COLUMNS = sizeof all_columns / sizeof all_columns[0] };

struct table {
    int widths[COLUMNS]; /* 0: not shown */
    int digits;
};

/* How a table is printed. */
struct layout {
    bool is_wide;
    bool is_tight; /* without the columns that are optional */
    int digits;
};

static bool is_shown(const struct column *column, const struct compare_part *part,
                     const struct layout *layout)
{
    const bool has_sizes = compare_is_grouped(part) || part->n < part->result->n;
    if (column->for_one && compare_is_grouped(part))
        return false;
    if (layout->is_wide)
        return true;
    return column->in_table && (has_sizes || !column->for_sizes) &&
           !(column->is_optional && layout->is_tight);
}

/* Returns the width of the table in columns of the terminal. */
static int measure_table(struct table *table, const struct compare_part *part,
                         const struct layout *layout)
{
    int width = 0;
    table->digits = layout->digits;
    for (size_t i = 0; i < COLUMNS; i++) {
        const struct column *column = &all_columns[i];
        table->widths[i] = 0;
        if (!is_shown(column, part, layout))
            continue;
        table->widths[i] = (int)strlen(column->name);
        for (size_t row = 0; row < part->n; row++) {
            char cell[CELL];
            column->fill(cell, column->key, &part->rows[row], layout->digits);
            const int length = (int)strlen(cell);
            table->widths[i] = length > table->widths[i] ? length : table->widths[i];
        }
        width += 2 + table->widths[i];
    }
    return width;
}

/* row NULL: the heading. */
static void print_row(const struct table *table, const struct quant_comparison *row)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        const struct column *column = &all_columns[i];
        const int width = table->widths[i];
        char cell[CELL];
        if (width == 0)
            continue;
        snprintf(cell, sizeof cell, "%s", column->name);
        if (row)
            column->fill(cell, column->key, row, table->digits);
        printf("  %*s", i < LEFT ? -width : width, cell);
    }
    putchar('\n');
}

static void print_table(const struct compare_part *part, bool is_wide)
{
    struct table table;
    struct layout layout = {is_wide, false, MAX_DIGITS};
    while (measure_table(&table, part, &layout) > WRAP_WIDTH && !is_wide && !layout.is_tight) {
        layout.is_tight = layout.digits == MIN_DIGITS;
        layout.digits -= layout.is_tight ? 0 : 1;
    }
    print_row(&table, NULL);
    for (size_t i = 0; i < part->n; i++)
        print_row(&table, &part->rows[i]);
}

static void print_title(const struct compare_part *part)
{
    const struct quant_compare_result *result = part->result;
    const struct quant_grouping *grouping = &result->grouping;
    masked_print(stdout, strcmp(part->path, "-") == 0 ? "standard input" : part->path);
    printf(": %" PRIu64 " elements to %s", result->observed.count,
           quant_dtype_info(part->rows[0].choice.params.dtype)->name);
    if (compare_is_grouped(part)) {
        printf(", %" PRIu64 " scale%s", grouping->count, grouping->count == 1 ? "" : "s");
        report_groups_print_kind(stdout, grouping);
    }
    putchar('\n');
}

void compare_print_text(const struct compare_part *part, bool is_wide)
{
    struct compare_recommendation recommendation;
    enum { INDENT = 2, REASON_INDENT = 8 };
    print_title(part);
    print_table(part, is_wide);
    compare_recommend(part, &recommendation);
    if (!recommendation.row) {
        wrap_text(recommendation.reason, 0, INDENT);
        return;
    }
    /* Long options get a line of their own: options broken over two lines cannot be pasted. */
    const bool is_long = INDENT + strlen("best: ") + strlen(recommendation.options) > WRAP_WIDTH;
    printf("  best:%s%s\n", is_long ? "\n    " : " ", recommendation.options);
    char *sentence = recommendation.reason;
    while (sentence) {
        char *end = strstr(sentence, "; ");
        if (end)
            *end = '\0';
        wrap_text(sentence, 0, REASON_INDENT);
        sentence = end ? end + 2 : NULL;
    }
}
