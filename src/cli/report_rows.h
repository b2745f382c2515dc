/* SPDX-License-Identifier: MIT */
/* Keeps the figures of files until all are measured, to sort them. */
#ifndef QUANT_CLI_REPORT_ROWS_H
#define QUANT_CLI_REPORT_ROWS_H

#include "cli/report_subject.h"

struct given_sort {
    bool given;
    bool is_reversed;                  /* best first */
    const struct quant_figure *figure; /* NULL: by path */
};

/* One file: about 600 bytes and its names. */
struct report_row {
    uint64_t number;   /* in the order of the command line */
    double badness;    /* the sort key: a larger value is worse */
    char *path;        /* owned */
    const char *file;  /* of a container: not owned; path is "FILE: TENSOR". Else NULL */
    char *error;       /* owned: why the file failed; NULL: it was measured, and the rest is set */
    char *source_path; /* owned */
    const char *source_format;
    enum quant_dtype source_dtype;
    struct quant_params params;
    struct quant_grouping grouping;
    struct quant_report figures;
    enum quant_order order;
    int ndim;
    uint64_t *dims;                   /* owned */
    struct quant_worst_groups *worst; /* owned; NULL if there is one scale */
};

/* All zeros: empty. */
struct report_rows {
    struct report_row *rows; /* owned */
    size_t n;
    size_t room;
    uint64_t nkept; /* since the start; more than n if rows were dropped */
};

/* Copies the subject. Returns false if there is no memory. */
bool report_rows_keep(struct report_rows *rows, const struct report_subject *subject);
bool report_rows_keep_failure(struct report_rows *rows, const char *path, const char *error);

/* Sorts the rows by a figure, the worst first: the largest value, or the smallest for figures that
 * measure quality. A figure without a value is the worst, except sqnr_db if nothing was lost, which
 * is the best. Names are sorted from a to z. Failed files come last; equal rows keep their order.
 */
void report_rows_sort(struct report_rows *rows, const struct given_sort *sort);

/* Drops all rows from the n-th on. */
void report_rows_cut(struct report_rows *rows, size_t n);

/* The subject that a row was made from; valid as long as the row and shape are. */
struct report_subject report_row_subject(const struct report_row *row, struct quant_shape *shape);

/* The name of a row's tensor in its container, or the path of any other row. */
const char *report_row_tensor(const struct report_row *row);

/* Whether at least one row is a tensor of a container, all others are too or failed, and no two
 * have the same name. False if there is no memory. */
bool report_rows_are_distinct(const struct report_rows *rows);

/* The number of bytes that all names begin and end with. */
struct report_common {
    size_t prefix;
    size_t suffix;
};

/* What the paths have in common: the directory, up to a slash. */
struct report_common report_rows_directory(const struct report_rows *rows);

/* The whole words that all paths begin and end with, or with `tensors` all names of tensors, apart
 * from rows that failed. Words end at one of "/._-". At least one byte is left of every name. */
struct report_common report_rows_affixes(const struct report_rows *rows, bool tensors);

void report_rows_release(struct report_rows *rows);

#endif
