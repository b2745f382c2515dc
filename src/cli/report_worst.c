/* SPDX-License-Identifier: MIT */
/* Columns are as wide as needed; names get at most NAME columns, as they are repeated from above.
 */
#include "cli/report_worst.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/report_cells.h"
#include "cli/text_columns.h"

/* The most tensors that are listed, and the most channels or blocks of each. SLACK rows are kept
 * until they are sorted again. */
enum { WORST = 5, GROUPS = 3, SLACK = 64, NAME = 40 };

enum { GROUPS_ROOM = GROUPS * 2 * REPORT_CELL };

enum column { COLUMN_SHARE_OF_ALL, COLUMN_MSE, COLUMN_DECIBELS, NCOLUMNS };

struct line {
    char *name; /* owned */
    char cells[NCOLUMNS][CELL_ROOM];
    char groups[GROUPS_ROOM];
};

static void keep_worst(struct report_rows *worst)
{
    const struct given_sort sort = {.given = true, .figure = quant_figure_from_key("sqnr_db")};
    report_rows_sort(worst, &sort);
    if (worst->n > WORST)
        report_rows_cut(worst, WORST);
}

/* Whether something was lost, or nothing could be measured. */
static bool has_loss(const struct quant_report *figures)
{
    return figures->n > 0 ? figures->sum_squared_error != 0 : figures->nonfinite > 0;
}

bool report_worst_keep(struct report_rows *worst, const struct report_subject *subject)
{
    if (!has_loss(subject->figures))
        return true;
    if (worst->n >= SLACK)
        keep_worst(worst);
    return report_rows_keep(worst, subject);
}

/* ---- Lines ---- */

/* "3 (41.2 %), 0 (7.0 %)"; of blocks the index of the first element too: "17 [4, 32] (3.1 %)". */
static void fill_groups(struct line *line, const struct report_subject *subject)
{
    const struct quant_worst_groups *worst = subject->worst;
    if (!report_is_grouped(subject) || subject->grouping->count < 2)
        return;
    size_t used = 0;
    for (size_t i = 0; i < worst->n && i < GROUPS; i++) {
        const struct quant_group_error *group = &worst->groups[i];
        char index[REPORT_CELL] = "";
        char share[REPORT_CELL];
        if (subject->grouping->block_size > 0)
            report_style_index(index, subject,
                               quant_grouping_first_of(subject->grouping, group->group));
        report_style_share(share, group->sum_squared_error, subject->figures->sum_squared_error);
        used += (size_t)snprintf(line->groups + used, GROUPS_ROOM - used, "%s%" PRIu64 "%s (%s)",
                                 i > 0 ? ", " : "", group->group, index, share);
    }
}

static bool fill_line(struct line *line, const struct report_worst_table *table,
                      const struct report_row *row)
{
    struct quant_shape shape;
    const struct report_subject subject = report_row_subject(row, &shape);
    line->name = strdup(table->is_one_file && subject.tensor ? subject.tensor : subject.path);
    if (!line->name)
        return false;
    message_mask(line->name);
    if (table->is_one_file && subject.tensor)
        text_abbreviate(line->name, NAME);
    report_cells_figure(line->cells[COLUMN_DECIBELS], quant_figure_from_key("sqnr_db"),
                        subject.figures);
    report_cells_figure(line->cells[COLUMN_MSE], quant_figure_from_key("mse"), subject.figures);
    report_style_share(line->cells[COLUMN_SHARE_OF_ALL], subject.figures->sum_squared_error,
                       table->sum_squared_error);
    fill_groups(line, &subject);
    return true;
}

static struct line make_heading(const struct report_rows *worst)
{
    size_t nblocks = 0;
    size_t nchannels = 0;
    for (size_t i = 0; i < worst->n; i++) {
        const struct quant_grouping *grouping = &worst->rows[i].grouping;
        nblocks += grouping->axis >= 0 && grouping->block_size > 0;
        nchannels += grouping->axis >= 0 && grouping->block_size == 0;
    }
    struct line line = {
        .cells = {
            [COLUMN_DECIBELS] = "sqnr_db", [COLUMN_MSE] = "mse", [COLUMN_SHARE_OF_ALL] = "share"}};
    snprintf(line.groups, sizeof line.groups, "%s",
             nblocks > 0 && nchannels > 0 ? "worst channels or blocks (share of the tensor)"
             : nblocks > 0                ? "worst blocks (share of the tensor)"
             : nchannels > 0              ? "worst channels (share of the tensor)"
                                          : "");
    return line;
}

static void print_line(FILE *out, const struct line *line, const char *name, int name_width,
                       const int widths[NCOLUMNS])
{
    fprintf(out, "  ");
    text_print(out, name, name_width);
    for (size_t i = 0; i < NCOLUMNS; i++)
        fprintf(out, "  %*s", widths[i], line->cells[i]);
    fprintf(out, "%s%s", line->groups[0] != '\0' ? "  " : "", line->groups);
}

static void print_lines(FILE *out, const struct report_rows *worst,
                        const struct report_worst_table *table, const struct line *lines,
                        const struct report_palette *palette)
{
    const size_t n = worst->n;
    const struct line heading = make_heading(worst);
    const char *title = table->has_tensors ? "worst tensors" : "worst files";
    int name_width = text_width(title);
    int widths[NCOLUMNS];
    for (size_t j = 0; j < NCOLUMNS; j++)
        widths[j] = report_style_wider(0, heading.cells[j]);
    for (size_t i = 0; i < n; i++) {
        const int width = text_width(lines[i].name);
        name_width = width > name_width ? width : name_width;
        for (size_t j = 0; j < NCOLUMNS; j++)
            widths[j] = report_style_wider(widths[j], lines[i].cells[j]);
    }
    name_width = name_width < NAME ? name_width : NAME;
    fprintf(out, "%s", palette->dim);
    print_line(out, &heading, title, name_width, widths);
    fprintf(out, "%s\n", palette->plain);
    for (size_t i = 0; i < n; i++) {
        print_line(out, &lines[i], lines[i].name, name_width, widths);
        fprintf(out, "\n");
    }
}

bool report_worst_print(FILE *out, struct report_rows *worst,
                        const struct report_worst_table *table,
                        const struct report_palette *palette)
{
    struct line lines[WORST] = {{.name = NULL}};
    keep_worst(worst);
    const size_t n = worst->n;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = fill_line(&lines[i], table, &worst->rows[i]);
    if (ok && n > 0)
        print_lines(out, worst, table, lines, palette);
    for (size_t i = 0; i < n; i++)
        free(lines[i].name);
    return ok;
}
