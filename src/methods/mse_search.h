/* SPDX-License-Identifier: MIT */
/*
 * The ranges with the smallest squared error of the points of a tensor: those worth measuring. The
 * search goes over scales, each with its best window (mse_cells.h): first in coarse steps down from
 * the widest, then in fine steps where the error is smallest.
 */
#ifndef QUANT_METHODS_MSE_SEARCH_H
#define QUANT_METHODS_MSE_SEARCH_H

#include "methods/mse_cells.h"

enum {
    QUANT_MSE_RANGES = 12,     /* the most that are found, for each sign of the scale */
    QUANT_MSE_SCALES = 1 << 11 /* coarse steps */
};

struct quant_mse_range {
    double lo;
    double hi;
    double cost; /* its squared error, measured or computed with the points */
};

/* How much work a search does. */
struct quant_mse_effort {
    double fine;    /* the farthest multiple moves by this part of the scale in a fine step */
    int max_fine;   /* the most fine steps within a coarse one */
    size_t kept;    /* scales to choose from, at most QUANT_MSE_RANGES */
    int fits;       /* times that each of them is fitted */
    size_t refined; /* the number of scales whose surroundings are searched */
    int neighbors;  /* scales on either side of one that get a range too */
};

struct quant_mse_search {
    struct quant_mse_cells cells;
    struct quant_choice nothing; /* the choice without a range */
    struct quant_mse_effort effort;
    bool symmetric;
    bool is_signed; /* quant_target_is_signed */
    double observed[2];
    double reach; /* the largest distance of a multiple of the scale from 0 */
    struct quant_mse_grid best[QUANT_MSE_RANGES]; /* nbest, by rising cost */
    size_t nbest;
    size_t max_best;

    /* Coarse steps. */
    double scales[QUANT_MSE_SCALES];
    double costs[QUANT_MSE_SCALES];
};

/* Writes at most max_ranges ranges inside the observed one, the best first, and returns their
 * number. Where scales may be negative, it is max_ranges for each sign, the positive ones first:
 * they are what the whole target range is restored as, and may reach beyond the observed range.
 * *search may have any initialized content: what an earlier search left saves time. */
size_t quant_mse_search(struct quant_mse_search *search, const struct quant_mse_points *points,
                        const struct quant_target *target, const struct quant_observed *observed,
                        size_t max_ranges, struct quant_mse_range *ranges);

/* Negative if left is better than right: it has the smaller cost; if these are equal, it is wider;
 * or else it is lower. So the best of many does not depend on their order. */
int quant_mse_range_compare(const struct quant_mse_range *left,
                            const struct quant_mse_range *right);

#endif
