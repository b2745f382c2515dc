/* SPDX-License-Identifier: MIT */
/* The squared errors of one scale by the points: a part of the search in mse_search.h. */
#ifndef QUANT_METHODS_MSE_CELLS_H
#define QUANT_METHODS_MSE_CELLS_H

#include "methods/mse_search.h"

/* Sets *grid to the best window of the scale. */
void quant_mse_cells_best(struct quant_mse_search *search, double scale,
                          struct quant_mse_grid *grid);

/* The error of what that window clips. */
double quant_mse_cells_clipped(struct quant_mse_search *search, double scale);

/* The scale that has the least error where every point keeps its multiple of the grid's. */
double quant_mse_cells_fit(struct quant_mse_search *search, const struct quant_mse_grid *grid);

#endif
