/* SPDX-License-Identifier: MIT */
/*
 * The squared errors of one scale, computed with the points.
 *
 * A mapping restores multiples of its scale. This is true for the zero-point scheme too, since zero
 * points are integers. So a range comes down to two numbers: the scale, and which multiples of it
 * the integers of the target stand for, the window. A cell is all that is nearest to one multiple.
 * For a scale, the errors of all windows follow from sums over the cells.
 */
#ifndef QUANT_METHODS_MSE_CELLS_H
#define QUANT_METHODS_MSE_CELLS_H

#include "core/plan.h"
#include "methods/mse_points.h"

enum { QUANT_MSE_CELLS = 1 << 12 /* fewer than a target of 16 bits has */ };

/* A scale, and the multiple of it that the target's smallest integer stands for. */
struct quant_mse_grid {
    double scale;
    double first;
    double cost; /* the squared error of the points */
};

struct quant_mse_cells {
    /* Set by the caller. */
    const struct quant_target *target;
    const struct quant_mse_points *points;
    double low; /* where windows lie */
    double high;
    double levels; /* the number of levels of the target, minus 1 */
    double bottom; /* absmax: the first multiple of every window, qmin - zero point */
    double center; /* of the last window, minus the origin; 0 at first */

    /* For the current scale. */
    double scale;
    double nearest;                   /* the multiple of the scale nearest to the origin */
    double phase;                     /* its distance from there */
    double first;                     /* first multiple of the window, counted from nearest */
    size_t ends[QUANT_MSE_CELLS + 1]; /* the number of points before each cell, and of all */
    size_t hints[QUANT_MSE_CELLS]; /* the last of these for each cell number; any values at first */
};

/* Sets *grid to the best window for the scale. */
void quant_mse_cells_best(struct quant_mse_cells *cells, double scale, struct quant_mse_grid *grid);

/* The error of the points that this window clips. */
double quant_mse_cells_clipped(struct quant_mse_cells *cells, double scale);

/* The scale with the smallest error if every point keeps its multiple of the grid's. */
double quant_mse_cells_fit(struct quant_mse_cells *cells, const struct quant_mse_grid *grid);

#endif
