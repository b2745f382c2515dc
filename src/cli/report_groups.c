/* SPDX-License-Identifier: MIT */
/* The part of the text report about a tensor with one scale per channel or block: the number of
 * scales, and a table of the groups with the largest error. Columns are as wide as needed. */
#include "cli/report_groups.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A label has a number of up to 20 digits, and an index. */
enum { LABEL_ROOM = REPORT_CELL + 32 };

enum column { COLUMN_MSE, COLUMN_SHARE, COLUMN_SCALE, COLUMN_ZERO_POINT, COLUMNS };

struct row {
    char label[LABEL_ROOM];
    char cells[COLUMNS][REPORT_CELL];
};

struct table {
    struct row rows[QUANT_WORST_MOST + 1]; /* the first is the heading */
    size_t nrows;
    size_t ncolumns;
};

void report_groups_print_kind(FILE *out, const struct quant_grouping *grouping)
{
    if (grouping->block_rows > 0) {
        fprintf(out, ", blocks of %" PRIu64 " x %" PRIu64, grouping->block_rows,
                grouping->block_size);
        return;
    }
    if (grouping->block_size > 0)
        fprintf(out, ", blocks of %" PRIu64, grouping->block_size);
    fprintf(out, " along axis %d", grouping->axis);
}

void report_groups_print_scales(FILE *out, const struct report_subject *subject)
{
    const struct quant_grouping *grouping = subject->grouping;
    fprintf(out, "%" PRIu64 " scale%s%s", grouping->count, grouping->count == 1 ? "" : "s",
            report_style_scale_dtype(subject->params));
    report_groups_print_kind(out, grouping);
}

static struct row make_heading(const struct report_subject *subject)
{
    struct row row = {.cells = {[COLUMN_MSE] = "mse",
                                [COLUMN_SHARE] = "share",
                                [COLUMN_SCALE] = "scale",
                                [COLUMN_ZERO_POINT] = "zero point"}};
    if (quant_params_have_biases(subject->params))
        snprintf(row.cells[COLUMN_ZERO_POINT], REPORT_CELL, "bias");
    snprintf(row.label, sizeof row.label, "worst %s",
             subject->grouping->block_size > 0 ? "blocks" : "channels");
    return row;
}

/* The number of a channel is its index along the axis. The number of a block alone says little. */
static void set_label(struct row *row, const struct report_subject *subject, uint64_t group,
                      int digits)
{
    char index[REPORT_CELL] = "";
    if (subject->grouping->block_size > 0)
        report_style_index(index, subject, quant_grouping_first_of(subject->grouping, group));
    snprintf(row->label, sizeof row->label, "  %*" PRIu64 "%s", digits, group, index);
}

static struct row make_row(const struct report_subject *subject,
                           const struct quant_group_error *error, int digits)
{
    struct row row = {.label = ""};
    set_label(&row, subject, error->group, digits);
    snprintf(row.cells[COLUMN_MSE], REPORT_CELL, "%.6g", error->mse);
    report_style_share(row.cells[COLUMN_SHARE], error->sum_squared_error,
                       subject->figures->sum_squared_error);
    snprintf(row.cells[COLUMN_SCALE], REPORT_CELL, "%.6g", (double)error->scale);
    if (quant_params_have_biases(subject->params))
        snprintf(row.cells[COLUMN_ZERO_POINT], REPORT_CELL, "%.6g", (double)error->bias);
    else
        snprintf(row.cells[COLUMN_ZERO_POINT], REPORT_CELL, "%" PRId32, error->zero_point);
    return row;
}

static int digits_of(uint64_t number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

static void fill_table(struct table *table, const struct report_subject *subject)
{
    const struct quant_worst_groups *worst = subject->worst;
    /* With absmax, every zero point is the middle of the target. */
    table->ncolumns = subject->params->scheme == QUANT_ZERO_POINT ? COLUMNS : COLUMN_ZERO_POINT;
    table->nrows = worst->n + 1;
    table->rows[0] = make_heading(subject);
    int digits = 1;
    for (size_t i = 0; i < worst->n; i++) {
        const int found = digits_of(worst->groups[i].group);
        digits = found > digits ? found : digits;
    }
    for (size_t i = 0; i < worst->n; i++)
        table->rows[i + 1] = make_row(subject, &worst->groups[i], digits);
}

void report_groups_print_worst(FILE *out, const struct report_subject *subject,
                               const struct report_palette *palette)
{
    if (!report_is_grouped(subject) || subject->grouping->count < 2 || subject->worst->n == 0)
        return;
    struct table table;
    fill_table(&table, subject);
    int label = 0;
    int widths[COLUMNS] = {0};
    for (size_t i = 0; i < table.nrows; i++) {
        label = report_style_wider(label, table.rows[i].label);
        for (size_t j = 0; j < table.ncolumns; j++)
            widths[j] = report_style_wider(widths[j], table.rows[i].cells[j]);
    }
    for (size_t i = 0; i < table.nrows; i++) {
        fprintf(out, "%s  %-*s", i == 0 ? palette->dim : "", label, table.rows[i].label);
        for (size_t j = 0; j < table.ncolumns; j++)
            fprintf(out, "  %*s", widths[j], table.rows[i].cells[j]);
        fprintf(out, "%s\n", i == 0 ? palette->plain : "");
    }
}
