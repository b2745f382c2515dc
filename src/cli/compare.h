/* SPDX-License-Identifier: MIT */
/* A comparison of types, schemes and calibration methods, on standard output. */
#ifndef QUANT_CLI_COMPARE_H
#define QUANT_CLI_COMPARE_H

#include <quant/file.h>

enum { COMPARE_METHOD = 48, COMPARE_OPTIONS = 384, COMPARE_REASON = 512 };

/* The rows of one type of a comparison, best first. Owns nothing. */
struct compare_part {
    const char *path;   /* of a tensor of a container "FILE: TENSOR" */
    const char *file;   /* of one: FILE; else NULL */
    const char *tensor; /* and TENSOR */
    const struct quant_compare_job *job;
    const struct quant_compare_result *result;
    const struct quant_comparison *rows;
    size_t n;
};

/* Moves *part to the rows of the next type. Start with the first five fields set and the others
 * zero. Returns false after the last type. */
bool compare_next_part(struct compare_part *part);

bool compare_is_grouped(const struct compare_part *part);

/* "percentile:99.9": the method with its argument, as for -m; "clip" if there is no method. */
void compare_method(const struct quant_comparison *row, char text[static COMPARE_METHOD]);

/* The range that a row maps to the integers. With a symmetric scheme it is wider than an asymmetric
 * range that was given. Returns false if the row has no range or one per group. */
bool compare_mapped_range(const struct quant_comparison *row, double range[static 2]);

/* The one recommendation for a type. */
struct compare_recommendation {
    const struct quant_comparison *row;   /* NULL: no finite elements to compare */
    const struct quant_comparison *plain; /* minmax with absmax, or with the only scheme compared */
    bool has_outliers;                    /* a few elements set the range: result->outliers */
    char options[COMPARE_OPTIONS];        /* of 'quant quantize', for row */
    char reason[COMPARE_REASON]; /* sentences without capital or full stop, separated by "; " */
};

/* Recommends the row with the smallest mse, but the plain one if no mse is 5 % below its. */
void compare_recommend(const struct compare_part *part,
                       struct compare_recommendation *recommendation);

/* A table, best first, and the recommendation: in 80 columns, or with every figure if wide. */
void compare_print_text(const struct compare_part *part, bool is_wide);

/* One object on one line, with every figure. False: no memory. */
bool compare_print_json(const struct compare_part *part);

/* The record after those of several files. False: no memory. */
bool compare_print_json_summary(size_t nfiles, size_t ntensors, size_t nfailed);

#endif
