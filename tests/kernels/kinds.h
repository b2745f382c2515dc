/* SPDX-License-Identifier: MIT */
/*
 * The kinds of kernels, for check_kernels: one row for each function in struct quant_kernels (or
 * array of functions by type). Every test of every row of the kernel table and the benchmark
 * iterate these rows.
 *
 * To add a kernel function: write one `const struct kind` in a file check_NAME.c here, declare it
 * below and give it a row in the table of check_kernels.c, in the order of struct quant_kernels.
 * The program then checks it with many inputs, with every length at every alignment next to
 * unmapped pages, and times it. A function without a row fails a test.
 */
#ifndef QUANT_TESTS_KERNELS_KINDS_H
#define QUANT_TESTS_KERNELS_KINDS_H

#include "../support/floats.h"
#include "../support/guarded.h"
#include "../support/unit.h"
#include "kernels/kernels.h"

enum {
    MAX_ARRAYS = 5,
    MAX_PLACED = 4 * 64 + 3, /* elements: four vectors of 64 bytes, and a tail */
    MAX_SHIFT = 16,          /* alignments, in elements */
    VALUES = 777,            /* elements, odd: there is a tail */
};

/* The arguments of one call, and what it returns. */
struct call {
    enum quant_dtype dtype; /* for functions by type */
    size_t n;               /* elements */
    size_t run;             /* elements that share a scale or a range, at least 1 */
    size_t first_lane;
    bool big;
    struct quant_params params;
    struct quant_grid grid;
    struct quant_unclipped unclipped;
    struct quant_observed observed;
    struct quant_measure_block block;
    bool returned;
    void *arrays[MAX_ARRAYS];
};

/* One array of a call. */
struct array {
    const char *name;
    size_t (*nbytes)(const struct call *call); /* for call->n elements */
    size_t alignment;                          /* in bytes; 0: that of an element of call->dtype */
    bool is_result;                            /* written by the kernel, and compared */
};

/* A test for one kind only. */
struct check {
    const char *name;
    void (*run)(const struct quant_kernels *row);
};

struct kind {
    const char *name;
    size_t member;   /* the offset of the function, or of the first, in struct quant_kernels */
    size_t nmembers; /* 1, or QUANT_DTYPE_COUNT for functions by type */
    bool (*is_for)(enum quant_dtype dtype); /* by type: whether a row must have it; else NULL */
    bool is_optional;                       /* a row may lack it where is_for is true */
    bool takes_null;                        /* with n = 0, the arrays may be NULL */

    /* How to make inputs. shape, if not NULL, adjusts n and sets run before the arrays are filled.
     * fill makes hard inputs, which depend on `round`; fill_typical makes those that are timed, in
     * each of the variants. */
    struct array arrays[MAX_ARRAYS + 1]; /* the last has no name */
    void (*shape)(struct call *call, size_t round);
    void (*fill)(struct random *random, size_t round, struct call *call);
    void (*fill_typical)(struct random *random, size_t variant, struct call *call);
    const char *variants[5]; /* names, NULL after the last; without any there is one */

    /* How to call. reference computes the expected result; NULL: the scalar row does. */
    void (*run)(const struct quant_kernels *row, struct call *call);
    void (*reference)(struct call *call);

    /* How to compare. NULL: the bytes of the arrays only. */
    bool (*same)(const struct call *found, const struct call *expected);

    /* How much: rounds of different inputs; and, at each length n, the inputs for all alignments:
     * count of them, made in the rounds first + k * stride + n * by_length. With thin > 1, only
     * every thin-th pair of alignments is tried with the same inputs. */
    size_t nrounds;
    struct {
        size_t first, stride, count, by_length, thin;
    } placed;

    const struct check *checks; /* the last has no name; NULL: none */
};

extern const struct kind kind_observe, kind_quantize, kind_dequantize, kind_mapped_8,
    kind_mapped_16, kind_widen, kind_measure, kind_point_errors, kind_multiply, kind_mark_levels,
    kind_integer_range, kind_observe_each, kind_observe_runs, kind_quantize_each,
    kind_quantize_runs, kind_quantize_rows, kind_dequantize_each, kind_dequantize_runs,
    kind_scale_each, kind_each_errors, kind_run_errors;

/* The i-th row of the table, NULL after the last. */
const struct kind *kind_at(size_t i);

/* Whether a row has the function, for this type if it is by type. kind_is_checked is also true if
 * the function is optional: then its callers' other way is checked. */
bool kind_is_checked(const struct kind *kind, const struct quant_kernels *row,
                     enum quant_dtype dtype);
bool kind_is_in(const struct kind *kind, const struct quant_kernels *row, enum quant_dtype dtype);

/* ---- Sizes of arrays ------------------------------------------------------------------------- */

size_t bytes_of_floats(const struct call *call);   /* n of 4 bytes */
size_t bytes_of_doubles(const struct call *call);  /* n of 8 bytes */
size_t bytes_of_elements(const struct call *call); /* n of call->dtype */
size_t bytes_of_runs(const struct call *call);     /* 4 for each run */

/* ---- Comparing ------------------------------------------------------------------------------- */

/* The inputs of a call and two results of it. */
struct work {
    const struct kind *kind;
    size_t max_elements;
    struct call call; /* the inputs, to be filled */
    struct call expected;
    struct call found;
    struct guarded guarded[MAX_ARRAYS];
    long shifts[MAX_ARRAYS]; /* of the last placed call */
    bool is_guarded;
};

/* Memory for calls of up to max_elements elements. */
void work_begin(struct work *work, const struct kind *kind, enum quant_dtype dtype,
                size_t max_elements);
void work_end(struct work *work);

/* Sets n, adjusted by shape, and fills the arrays. */
void work_fill(struct work *work, struct random *random, size_t n, size_t round);

/* Computes the expected result of the inputs. */
void work_expect(struct work *work);

/* Fails the test if the row's result is not the expected one. work_compare computes that first. The
 * arrays of a placed call end at an unmapped page (shift -1), or begin `shift` elements after one;
 * canaries surround its results. */
void work_compare(struct work *work, const struct quant_kernels *row, const char *what);
void work_compare_placed(struct work *work, const struct quant_kernels *row,
                         const long shifts[MAX_ARRAYS]);

/* The number of results compared so far. */
unsigned long long work_compared(void);

/* The checks of every kind: many inputs; every length at every alignment; nothing. */
void check_values(const struct kind *kind, const struct quant_kernels *row);
void check_places(const struct kind *kind, const struct quant_kernels *row);
void check_nothing(const struct kind *kind, const struct quant_kernels *row);

/* `check_kernels --bench`; arguments as main's, after that word. Returns the exit status. */
int time_kernels(int argc, char **argv);

#endif
