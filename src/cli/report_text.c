/* SPDX-License-Identifier: MIT */
/*
 * The text report. It iterates the table of figures; remarks[] adds units to some of them, and
 * hides those that are shown on the line of another.
 */
#include <quant/profiles.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/masked_text.h"
#include "cli/report.h"
#include "cli/report_groups.h"
#include "cli/report_style.h"
#include "cli/report_worst.h"

enum { NOTE_ROOM = 320, FIGURES_MAX = 64 };

/* What a line shows after the value. */
enum remark_kind {
    REMARK_UNIT,   /* the unit as it is */
    REMARK_SHARE,  /* as percent of the finite elements; coloured if not 0 */
    REMARK_OF_ALL, /* the same, of all elements */
    REMARK_BYTES,  /* in KiB, MiB ... */
    REMARK_LEVELS, /* of how many */
    REMARK_WORST,  /* where, and the original and restored value */
    REMARK_HIDDEN  /* shown on another line */
};

static const struct remark {
    const char *key;
    enum remark_kind kind;
    const char *unit;
} remarks[] = {
    {"nonfinite", REMARK_OF_ALL, NULL},
    {"max_abs_error", REMARK_WORST, NULL},
    {"max_abs_error_index", REMARK_HIDDEN, NULL},
    {"max_abs_error_x", REMARK_HIDDEN, NULL},
    {"max_abs_error_restored", REMARK_HIDDEN, NULL},
    {"sqnr_db", REMARK_UNIT, "dB"},
    {"clipped", REMARK_SHARE, NULL},
    {"zeroed", REMARK_SHARE, NULL},
    {"sign_flipped", REMARK_SHARE, NULL},
    {"levels_used", REMARK_LEVELS, NULL},
    {"bytes_in", REMARK_BYTES, NULL},
    {"bytes_out", REMARK_BYTES, NULL},
    {"ratio", REMARK_UNIT, ": 1"},
};

/* One line of the report, before the widths of the columns are known. */
struct line {
    const char *key;
    char value[REPORT_CELL];
    char unit[REPORT_CELL];
    char note[NOTE_ROOM];
    bool is_striking;
};

static const struct remark *find_remark(const char *key)
{
    for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++)
        if (strcmp(remarks[i].key, key) == 0)
            return &remarks[i];
    return NULL;
}

static void set_share(struct line *line, double count, double all)
{
    const double percent = all > 0 ? 100 * count / all : 0;
    /* Never "0 %" if there are some, nor "100 %" if not all. */
    if (count > 0 && percent < 0.01)
        snprintf(line->unit, sizeof line->unit, "<0.01 %%");
    else if (count < all && percent > 99.99)
        snprintf(line->unit, sizeof line->unit, ">99.99 %%");
    else
        snprintf(line->unit, sizeof line->unit, "%.4g %%", percent);
    line->is_striking = count > 0;
}

static void set_bytes(struct line *line, double nbytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double scaled = nbytes;
    while (scaled >= 1024) {
        scaled /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(line->unit, sizeof line->unit, "B");
    else
        snprintf(line->unit, sizeof line->unit, "B (%.4g %s)", scaled, units[unit]);
}

/* With the fewest digits that restore the same float32: 5.47, not 5.46999979. */
static void print_float(char text[REPORT_CELL], double value)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, REPORT_CELL, "%.*g", digits, value);
        if (strtof(text, NULL) == (float)value)
            break;
    }
}

static void set_worst(struct line *line, const struct report_subject *subject)
{
    const struct quant_report *figures = subject->figures;
    if (figures->n == 0)
        return;
    char index[REPORT_CELL] = "";
    if (subject->shape->ndim > 1)
        report_style_index(index, subject, figures->max_abs_error_index);
    char x[REPORT_CELL];
    char restored[REPORT_CELL];
    print_float(x, figures->max_abs_error_x);
    print_float(restored, figures->max_abs_error_restored);
    snprintf(line->note, sizeof line->note, "at element %" PRIu64 "%s: %s -> %s",
             figures->max_abs_error_index, index, x, restored);
}

/* Returns false if this figure has no line of its own. subject is NULL for the total. */
static bool fill_line(struct line *line, const struct quant_figure *figure,
                      const struct quant_report *figures, const struct report_subject *subject)
{
    const struct remark *remark = find_remark(figure->key);
    if (remark && remark->kind == REMARK_HIDDEN)
        return false;
    const double value = figure->get(figures);
    *line = (struct line){.key = figure->key};
    snprintf(line->note, sizeof line->note, "%s", figure->summary);
    if (isnan(value)) {
        snprintf(line->value, sizeof line->value, "-");
        return true;
    }
    snprintf(line->value, sizeof line->value, figure->is_count ? "%.0f" : "%.6g", value);
    if (!remark)
        return true;
    switch (remark->kind) {
    case REMARK_UNIT:
        snprintf(line->unit, sizeof line->unit, "%s", remark->unit);
        break;
    case REMARK_SHARE:
        set_share(line, value, (double)figures->n);
        break;
    case REMARK_OF_ALL:
        set_share(line, value, (double)figures->n + (double)figures->nonfinite);
        break;
    case REMARK_BYTES:
        set_bytes(line, value);
        break;
    case REMARK_LEVELS:
        snprintf(line->unit, sizeof line->unit, "of %" PRIu64, figures->levels);
        break;
    case REMARK_WORST:
        if (subject)
            set_worst(line, subject);
        break;
    case REMARK_HIDDEN:
        break;
    }
    return true;
}

static void print_mapping(FILE *out, const struct report_subject *subject)
{
    const struct quant_params *params = subject->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (info->block_nelems > 0) {
        fprintf(out, "%s, blocks of %u", info->name, info->block_nelems);
        return;
    }
    if (info->is_unscaled) {
        fprintf(out, "%s, unscaled", info->name);
        return;
    }
    fprintf(out, "%s to %s", params->scheme == QUANT_ABSMAX ? "absmax" : "zero-point", info->name);
    if (info->is_integer)
        fprintf(out, " (%" PRId32 "..%" PRId32 ")", params->qmin, params->qmax);
    if (params->profile)
        fprintf(out, " like %s%s", params->profile->name, params->exact ? " (exact)" : "");
    fprintf(out, ", ");
    if (report_is_grouped(subject)) {
        report_groups_print_scales(out, subject);
        return;
    }
    fprintf(out, "scale %.9g%s", (double)params->scale, report_style_scale_dtype(params));
    if (info->is_integer)
        fprintf(out, ", zero point %" PRId32, params->zero_point);
}

static void print_title(FILE *out, const struct report_subject *subject,
                        const struct report_palette *palette)
{
    fputs(palette->title, out);
    masked_print(out, strcmp(subject->path, "-") == 0 ? "standard input" : subject->path);
    fprintf(out, "%s\n", palette->plain);

    fprintf(out, "  ");
    print_mapping(out, subject);
    fprintf(out, ", ");
    if (subject->shape->ndim == 0)
        fprintf(out, "a scalar");
    else
        fprintf(out, "shape ");
    for (int i = 0; i < subject->shape->ndim; i++)
        fprintf(out, "%s%" PRIu64, i > 0 ? " x " : "", subject->shape->dims[i]);
    fprintf(out, "\n");
}

/* Prints one line per figure with its unit and meaning; subject is NULL for the total. */
static void print_figures(FILE *out, const struct report_palette *palette,
                          const struct quant_report *figures, const struct report_subject *subject)
{
    struct line lines[FIGURES_MAX];
    size_t nlines = 0;
    int keys = 0;
    int values = 0;
    int units = 0;
    const struct quant_figure *figure;
    for (size_t i = 0; nlines < FIGURES_MAX && (figure = quant_figure_at(i)) != NULL; i++) {
        struct line *line = &lines[nlines];
        if ((!subject && !figure->has_total) || !fill_line(line, figure, figures, subject))
            continue;
        keys = report_style_wider(keys, line->key);
        values = report_style_wider(values, line->value);
        units = report_style_wider(units, line->unit);
        nlines++;
    }
    for (size_t i = 0; i < nlines; i++) {
        const struct line *line = &lines[i];
        fprintf(out, "  %-*s  %s%*s %-*s%s  %s%s%s\n", keys, line->key,
                line->is_striking ? palette->striking : "", values, line->value, units, line->unit,
                line->is_striking ? palette->plain : "", palette->dim, line->note, palette->plain);
    }
}

/* Prints the title, the mapping, the figures and the worst groups. */
static bool print_file(struct report *report, const struct report_subject *subject)
{
    FILE *out = report->output.stream;
    const struct report_palette palette = report_style_palette(out);
    print_title(out, subject, &palette);
    print_figures(out, &palette, subject->figures, subject);
    report_groups_print_worst(out, subject, &palette);
    return true;
}

/* Prints the figures of all tensors together, if there are several, and those that lost most. */
static bool print_end(struct report *report)
{
    FILE *out = report->output.stream;
    const struct report_palette palette = report_style_palette(out);
    if (report->ntensors < 2)
        return true;
    char name[REPORT_CELL];
    report_name_total(report, name, sizeof name);
    fprintf(out, "%s%s%s\n", palette.title, name, palette.plain);
    print_figures(out, &palette, &report->total, NULL);
    const struct report_worst_table table = {
        .has_tensors = report->has_containers,
        .is_one_file = report->nfiles == 1,
        .sum_squared_error = report->total.sum_squared_error,
    };
    return report_worst_print(out, &report->worst, &table, &palette);
}

const struct report_kind report_text = {
    .name = "text", .file = print_file, .end = print_end, .keeps_worst = true};
