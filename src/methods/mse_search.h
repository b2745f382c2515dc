/* SPDX-License-Identifier: MIT */
/*
 * The ranges with the smallest squared error by the points of a tensor: those worth measuring. The
 * search is one over scales, each with its best window (mse_cells.h): first in coarse steps down
 * from the widest, then in fine ones where the error is smallest.
 */
#ifndef QUANT_METHODS_MSE_SEARCH_H
#define QUANT_METHODS_MSE_SEARCH_H

#include "methods/mse_cells.h"

enum {
    QUANT_MSE_RANGES = 12,     /* at most */
    QUANT_MSE_SCALES = 1 << 11 /* coarse steps */
};

struct quant_mse_range {
    double lo;
    double hi;
    double cost; /* its squared error, or by the points */
};

/* How much work a search does. */
struct quant_mse_effort {
    double fine;    /* by this part of the scale, its farthest multiple moves in a fine step */
    int fine_most;  /* such steps within a coarse one */
    size_t kept;    /* scales to choose from, at most QUANT_MSE_RANGES */
    int fits;       /* of each of them */
    size_t refined; /* scales whose surroundings are searched */
    int neighbors;  /* of a scale on either side that get a range too */
};

struct quant_mse_search {
    struct quant_mse_cells cells;
    struct quant_choice nothing; /* that a range is set in */
    struct quant_mse_effort effort;
    bool symmetric;
    double observed[2];
    double reach; /* the largest distance of a multiple of the scale from 0 */
    struct quant_mse_grid best[QUANT_MSE_RANGES]; /* by rising cost */
    size_t nbest;
    size_t most;

    /* Coarse steps. */
    double scales[QUANT_MSE_SCALES];
    double costs[QUANT_MSE_SCALES];
};

/* Writes at most `most` ranges inside the observed one, the best first, and returns their number.
 * What search holds before does not matter, but must have been set once: it saves time. */
size_t quant_mse_search(struct quant_mse_search *search, const struct quant_mse_points *points,
                        const struct quant_target *target, const struct quant_observed *observed,
                        size_t most, struct quant_mse_range *ranges);

/* Less than 0 where left is better than right: by cost, then the widest, then by place. So the best
 * of many does not depend on their order. */
int quant_mse_range_compare(const struct quant_mse_range *left,
                            const struct quant_mse_range *right);

#endif
