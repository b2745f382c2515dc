/* SPDX-License-Identifier: MIT */
/* Keeps, sorts and returns rows. */
#include "cli/report_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Keeping ---- */

static struct report_row *add_row(struct report_rows *rows, const char *path)
{
    if (rows->n == rows->room) {
        const size_t room = rows->room > 0 ? 2 * rows->room : 64;
        struct report_row *grown = realloc(rows->rows, room * sizeof *grown);
        if (!grown)
            return NULL;
        rows->rows = grown;
        rows->room = room;
    }
    struct report_row *row = &rows->rows[rows->n];
    *row = (struct report_row){.number = rows->nkept, .path = strdup(path)};
    if (!row->path)
        return NULL;
    rows->n++;
    rows->nkept++;
    return row;
}

static void release_row(struct report_row *row)
{
    free(row->path);
    free(row->error);
    free(row->source_path);
    free(row->dims);
    free(row->worst);
}

void report_rows_cut(struct report_rows *rows, size_t n)
{
    while (rows->n > n)
        release_row(&rows->rows[--rows->n]);
}

bool report_rows_keep(struct report_rows *rows, const struct report_subject *subject)
{
    struct report_row *row = add_row(rows, subject->path);
    if (!row)
        return false;
    row->file = subject->file;
    row->source_format = subject->source_format;
    row->source_dtype = subject->source_dtype;
    row->params = *subject->params;
    row->grouping = *subject->grouping;
    row->figures = *subject->figures;
    row->order = subject->order;
    row->ndim = subject->shape->ndim;
    const size_t nbytes = (size_t)row->ndim * sizeof *row->dims;
    row->source_path = strdup(subject->source_path);
    row->dims = malloc(nbytes > 0 ? nbytes : 1);
    row->worst = report_is_grouped(subject) ? malloc(sizeof *row->worst) : NULL;
    if (!row->source_path || !row->dims || (report_is_grouped(subject) && !row->worst)) {
        report_rows_cut(rows, rows->n - 1);
        return false;
    }
    memcpy(row->dims, subject->shape->dims, nbytes);
    if (row->worst)
        *row->worst = *subject->worst;
    return true;
}

bool report_rows_keep_failure(struct report_rows *rows, const char *path, const char *error)
{
    struct report_row *row = add_row(rows, path);
    if (!row)
        return false;
    row->error = strdup(error);
    if (!row->error)
        report_rows_cut(rows, rows->n - 1);
    return row->error != NULL;
}

struct report_subject report_row_subject(const struct report_row *row, struct quant_shape *shape)
{
    static const struct quant_worst_groups none;
    shape->ndim = row->ndim;
    memcpy(shape->dims, row->dims, (size_t)row->ndim * sizeof *row->dims);
    return (struct report_subject){
        .path = row->path,
        .file = row->file,
        .tensor = row->file ? row->path + strlen(row->file) + strlen(": ") : NULL,
        .params = &row->params,
        .shape = shape,
        .order = row->order,
        .grouping = &row->grouping,
        .source_path = row->source_path,
        .source_format = row->source_format,
        .source_dtype = row->source_dtype,
        .figures = &row->figures,
        .worst = row->worst ? row->worst : &none,
    };
}

/* ---- Sorting ---- */

/* The figures for which a small value is bad. */
static bool is_quality(const char *key)
{
    static const char *const keys[] = {"sqnr_db", "cosine", "ratio", "levels_used"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* How bad the row is: a larger value is worse. */
static double badness(const struct report_row *row, const struct quant_figure *figure)
{
    const struct quant_report *figures = &row->figures;
    const double value = figure->get(figures);
    if (figures->n == 0 && !figure->is_count)
        return figures->nonfinite == 0 ? -INFINITY : INFINITY;
    if (isnan(value))
        return figures->sum_squared_error == 0 ? -INFINITY : INFINITY;
    return is_quality(figure->key) ? -value : figure->is_count ? value : fabs(value);
}

static int compare_failed(const struct report_row *a, const struct report_row *b)
{
    return (a->error != NULL) - (b->error != NULL);
}

static int compare_numbers(const struct report_row *a, const struct report_row *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

static int compare_badness(const void *first, const void *second)
{
    const struct report_row *a = first;
    const struct report_row *b = second;
    if (a->error || b->error)
        return a->error && b->error ? compare_numbers(a, b) : compare_failed(a, b);
    if (a->badness != b->badness)
        return a->badness > b->badness ? -1 : 1;
    return compare_numbers(a, b);
}

static int compare_names(const void *first, const void *second)
{
    const struct report_row *a = first;
    const struct report_row *b = second;
    if (a->error || b->error)
        return a->error && b->error ? compare_numbers(a, b) : compare_failed(a, b);
    const int order = strcmp(a->path, b->path);
    return order != 0 ? order : compare_numbers(a, b);
}

/* The first n. */
static void reverse(struct report_row *rows, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const struct report_row row = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = row;
    }
}

void report_rows_sort(struct report_rows *rows, const struct given_sort *sort)
{
    size_t nmeasured = 0;
    for (size_t i = 0; i < rows->n; i++) {
        struct report_row *row = &rows->rows[i];
        if (row->error)
            continue;
        nmeasured++;
        row->badness = sort->figure ? badness(row, sort->figure) : 0;
        if (sort->is_reversed)
            row->badness = -row->badness;
    }
    if (rows->n > 0)
        qsort(rows->rows, rows->n, sizeof *rows->rows,
              sort->figure ? compare_badness : compare_names);
    if (!sort->figure && sort->is_reversed)
        reverse(rows->rows, nmeasured);
}

void report_rows_release(struct report_rows *rows)
{
    report_rows_cut(rows, 0);
    free(rows->rows);
    *rows = (struct report_rows){.n = 0};
}
