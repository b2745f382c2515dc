/* SPDX-License-Identifier: MIT */
/*
 * Where to look for the range of least squared error: a list of ranges for each round, from the
 * whole down to the surroundings of the best one that has been found.
 */
#ifndef QUANT_CORE_MSE_SEARCH_H
#define QUANT_CORE_MSE_SEARCH_H

#include <quant/quant.h>

/* Steps in which the first round shrinks the observed range. */
enum { QUANT_MSE_STEPS = 2048, QUANT_MSE_RANGES = 4 * QUANT_MSE_STEPS };

struct quant_mse_range {
    double lo;
    double hi;
    double cost; /* its squared error, or an estimate of it */
};

struct quant_mse_search {
    bool thorough;  /* look as near as there are rounds, whether it gains or not */
    bool symmetric; /* only ranges [-a, a] */
    double least;   /* observed; for symmetric ones -absmax and absmax */
    double greatest;
    struct quant_mse_range best; /* of those measured: the caller enters it */
    double before;               /* the best cost as the round began */
    unsigned round;              /* of its kind */
    enum { QUANT_MSE_SHRINK, QUANT_MSE_AXES, QUANT_MSE_NEAR, QUANT_MSE_DONE } kind;
};

/* thorough: for short tensors, whose error is a jagged function of the range. */
void quant_mse_search_begin(struct quant_mse_search *search, const struct quant_observed *observed,
                            enum quant_scheme scheme, bool thorough);

/* Writes the ranges of the round to list and returns their number; the very first is the observed
 * one. */
size_t quant_mse_search_list(const struct quant_mse_search *search,
                             struct quant_mse_range list[QUANT_MSE_RANGES]);

/* The same range by range. A round has rows of ranges; but near to the best, each range of a row
 * lies inside the one before. */
size_t quant_mse_search_rows(const struct quant_mse_search *search);
size_t quant_mse_search_row_length(const struct quant_mse_search *search, size_t row);

/* False: it would be none, or reach beyond what was observed. */
bool quant_mse_search_range(const struct quant_mse_search *search, size_t row, size_t i,
                            struct quant_mse_range *range);

/* Less than 0 where left is better than right: by cost, then the widest, then by place. So the best
 * of many does not depend on their order. */
int quant_mse_range_compare(const struct quant_mse_range *left,
                            const struct quant_mse_range *right);

/* To the next round, once the best of this one is entered; false: there is none. */
bool quant_mse_search_advance(struct quant_mse_search *search);

#endif
