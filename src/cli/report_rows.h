/* SPDX-License-Identifier: MIT */
/* Files whose figures are kept until the last of them is measured, to be sorted. */
#ifndef QUANT_CLI_REPORT_ROWS_H
#define QUANT_CLI_REPORT_ROWS_H

#include "cli/report_subject.h"

struct given_sort {
    bool given;
    bool is_reversed;                  /* best first */
    const struct quant_figure *figure; /* NULL: by path */
};

/* One file, in some 600 bytes and its names. */
struct report_row {
    uint64_t number;   /* in the order of the command line */
    double badness;    /* what it is sorted by: greater is worse */
    char *path;        /* owned */
    char *error;       /* owned: why the file failed; NULL: it was measured, and has the rest */
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
    uint64_t nkept; /* since the beginning; more than n where the last of an order were dropped */
};

/* Copies what is given. False: no memory. */
bool report_rows_keep(struct report_rows *rows, const struct report_subject *subject);
bool report_rows_keep_failure(struct report_rows *rows, const char *path, const char *error);

/* Puts the worst first, by a figure: the greatest, or of figures that measure quality the least. A
 * figure without a value is worse than any, but sqnr_db best of all where nothing was lost. Names
 * go from a to z. Files that failed come last; equals keep their order. */
void report_rows_sort(struct report_rows *rows, const struct given_sort *sort);

/* Drops all rows from the n-th on. */
void report_rows_cut(struct report_rows *rows, size_t n);

/* The subject that a row was made of, for as long as the row and shape are there. */
struct report_subject report_row_subject(const struct report_row *row, struct quant_shape *shape);

/* Bytes at the beginning and the end of all paths. */
struct report_common {
    size_t prefix;
    size_t suffix;
};

/* What several paths have in common: the directory, up to a slash; or as many whole words as they
 * begin and end with, words ending at one of "/._-". Something is left of every path. */
struct report_common report_rows_directory(const struct report_rows *rows);
struct report_common report_rows_affixes(const struct report_rows *rows);

void report_rows_release(struct report_rows *rows);

#endif
