/* SPDX-License-Identifier: MIT */
/*
 * The best window first. If the window moves up by one multiple, from m to m + s at its low end,
 * the points below the middle e = m + s / 2 lose (x - m - s)^2 - (x - m)^2 = 2 s (e - x), and those
 * above the middle at its high end gain as much. Summed over the points, this only grows from
 * window to window: the error is a convex function of the window, and is smallest where the sign
 * changes.
 *
 * Then its error. A cell is all that is nearest to one multiple m of the scale. With the sums of
 * the points' weights w, moments w x and squares w x^2 up to any point, the error of a cell is
 *
 *     sum w (x - m)^2 = sum w x^2 - 2 m sum w x + m^2 sum w
 *
 * If there are fewer points than cells, they are taken one by one. And if the cells of a
 * target with many integers are narrower than a bin, elements are taken to lie evenly inside a
 * window.
 *
 * Distances are from the origin of the points: for data far from 0 that keeps the digits that
 * matter.
 */
#include "methods/mse_cells.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* A window may extend beyond the observed range by nearly half a step, since zero points are
 * rounded. */
static const double HALF = 0.499;

enum {
    CELL_COST = 8,               /* times that of a point */
    MAX_POINTS = QUANT_MSE_SMALL /* are taken one by one if there are too many cells */
};

static double sum_errors(const struct quant_mse_points *points, size_t from, size_t to,
                         double level)
{
    const double weight = points->weights[to] - points->weights[from];
    const double moment = points->moments[to] - points->moments[from];
    const double square = points->squares[to] - points->squares[from];
    return fmax(square - level * (2 * moment - level * weight), 0);
}

static double level_of(const struct quant_mse_cells *cells, double cell)
{
    return cell * cells->scale + cells->phase;
}

/* ---- The window ---- */

static size_t count_below(const struct quant_mse_points *points, double x)
{
    size_t from = 0;
    for (size_t n = points->npoints; n > 0;) {
        const size_t half = n / 2;
        const bool above = points->at[from + half] < x;
        from += above ? half + 1 : 0;
        n = above ? n - half - 1 : half;
    }
    return from;
}

/* How much the error grows from the window to the next, up to a factor. */
static double slope_at(const struct quant_mse_cells *cells, double cell)
{
    const struct quant_mse_points *points = cells->points;
    const size_t n = points->npoints;
    const double low = level_of(cells, cell + 0.5);
    const double high = level_of(cells, cell + cells->levels + 0.5);
    const size_t below = count_below(points, low);
    const size_t above = count_below(points, high);
    const double losses = low * points->weights[below] - points->moments[below];
    const double gains = points->moments[n] - points->moments[above] -
                         high * (points->weights[n] - points->weights[above]);
    return losses - gains;
}

/* The first window that is no worse than the next, searched from a guess. */
static double find_bottom(const struct quant_mse_cells *cells, double first, double last)
{
    const double middle = rint((cells->center - cells->phase) / cells->scale - cells->levels / 2);
    double at = fmin(fmax(middle, first), last);
    double low = first - 1; /* the error still falls after it */
    double high = last;     /* the error rises after it, or it is the last */
    for (double step = 1; low + 1 < high; step *= 2) {
        if (slope_at(cells, at) < 0) {
            low = at;
            at = fmin(at + step, high - 1);
        } else {
            high = at;
            at = fmax(at - step, low + 1);
        }
        if (step > 2)
            at = floor((low + high) / 2);
    }
    return high;
}

/* Counted in multiples of the scale from the one nearest to the origin. */
static double find_window(const struct quant_mse_cells *cells)
{
    const double s = cells->scale;
    const double levels = cells->levels;
    if (cells->target->scheme == QUANT_ABSMAX)
        return cells->bottom - cells->nearest;
    double first = ceil(cells->low / s - HALF);
    double last = floor(cells->high / s - levels + HALF);
    if (cells->target->include_zero) {
        first = fmax(first, -levels);
        last = fmin(last, 0);
    }
    if (last < first) /* the scale was rounded */
        first = last = rint((cells->low + cells->high) / 2 / s - levels / 2);
    return find_bottom(cells, first - cells->nearest, last - cells->nearest);
}

/* The error of all that is more than half a step outside. */
static double sum_clipped(const struct quant_mse_cells *cells)
{
    const struct quant_mse_points *points = cells->points;
    const double low = level_of(cells, cells->first);
    const double high = level_of(cells, cells->first + cells->levels);
    const size_t below = count_below(points, low - cells->scale / 2);
    const size_t above = count_below(points, high + cells->scale / 2);
    return sum_errors(points, 0, below, low) + sum_errors(points, above, points->npoints, high);
}

/* ---- Its error ---- */

static bool has_cells(const struct quant_mse_cells *cells)
{
    return cells->levels < QUANT_MSE_CELLS &&
           (double)cells->points->npoints > CELL_COST * cells->levels;
}

static bool takes_points(const struct quant_mse_cells *cells)
{
    return cells->points->npoints <= MAX_POINTS && !has_cells(cells);
}

/* From where they ended for the last scale, which usually is near. */
static void place_cells(struct quant_mse_cells *cells)
{
    const struct quant_mse_points *points = cells->points;
    const size_t levels = (size_t)cells->levels;
    const long first = (long)cells->first;
    size_t place = 0;
    cells->ends[0] = 0;
    for (size_t i = 1; i <= levels; i++) {
        const double end = level_of(cells, cells->first + (double)i - 0.5);
        size_t *hint = &cells->hints[(size_t)(first + (long)i) % QUANT_MSE_CELLS];
        size_t at = *hint < place ? place : *hint > points->npoints ? points->npoints : *hint;
        while (at < points->npoints && points->at[at] < end)
            at++;
        while (at > place && points->at[at - 1] >= end)
            at--;
        cells->ends[i] = place = *hint = at;
    }
    cells->ends[levels + 1] = points->npoints;
}

static double cost_by_cells(struct quant_mse_cells *cells)
{
    double cost = 0;
    place_cells(cells);
    for (size_t i = 0; i <= (size_t)cells->levels; i++)
        cost += sum_errors(cells->points, cells->ends[i], cells->ends[i + 1],
                           level_of(cells, cells->first + (double)i));
    return cost;
}

/* Rounds a number far below 2^51 to the nearest integer: adding 1.5 * 2^52 leaves no room for more.
 * Unlike rint, this can be vectorized for any processor. */
static inline double round_small(double u)
{
    const double shift = 0x1.8p52;
    return (u + shift) - shift;
}

static inline double clamp(double u, double low, double high)
{
    const double above = u > low ? u : low;
    return above < high ? above : high;
}

static double cost_by_points(const struct quant_mse_cells *cells)
{
    const struct quant_mse_points *points = cells->points;
    const double steps = 1 / cells->scale;
    const struct quant_grid grid = {.steps = steps,
                                    .phase = cells->phase * steps,
                                    .first = cells->first,
                                    .last = cells->first + cells->levels};
    const size_t n = (points->npoints + QUANT_MSE_LANES - 1) / QUANT_MSE_LANES * QUANT_MSE_LANES;
    double sums[QUANT_MSE_LANES] = {0};
    quant_kernels()->point_errors(&grid, points->at, points->weight, n, sums);
    double sum = 0;
    for (size_t lane = 0; lane < QUANT_MSE_LANES; lane++)
        sum += sums[lane];
    return sum * cells->scale * cells->scale;
}

static double cost_evenly(const struct quant_mse_cells *cells)
{
    const struct quant_mse_points *points = cells->points;
    const double low = level_of(cells, cells->first);
    const size_t from = count_below(points, low);
    const size_t to = count_below(points, low + cells->levels * cells->scale);
    return sum_clipped(cells) +
           (points->weights[to] - points->weights[from]) * (cells->scale * cells->scale / 12);
}

static void begin_scale(struct quant_mse_cells *cells, double scale)
{
    const double origin = cells->points->origin;
    cells->scale = scale;
    cells->nearest = rint(origin / scale);
    cells->phase = cells->nearest * scale - origin;
    cells->first = find_window(cells);
    cells->center = level_of(cells, cells->first + cells->levels / 2);
}

double quant_mse_cells_clipped(struct quant_mse_cells *cells, double scale)
{
    begin_scale(cells, scale);
    return sum_clipped(cells);
}

void quant_mse_cells_best(struct quant_mse_cells *cells, double scale, struct quant_mse_grid *grid)
{
    begin_scale(cells, scale);
    grid->scale = scale;
    grid->first = cells->first + cells->nearest;
    grid->cost = has_cells(cells)      ? cost_by_cells(cells)
                 : takes_points(cells) ? cost_by_points(cells)
                                       : cost_evenly(cells);
}

/* ---- The best scale nearby ---- */

struct fit {
    double products;
    double squares;
};

static void add_to_fit(struct fit *fit, double multiple, double weight, double moment)
{
    fit->products += multiple * moment;
    fit->squares += multiple * multiple * weight;
}

static void fit_cells(const struct quant_mse_cells *cells, double first, struct fit *fit)
{
    const struct quant_mse_points *points = cells->points;
    for (size_t i = 0; i <= (size_t)cells->levels; i++) {
        const size_t from = cells->ends[i];
        const size_t to = cells->ends[i + 1];
        const double weight = points->weights[to] - points->weights[from];
        const double moment = points->moments[to] - points->moments[from];
        add_to_fit(fit, first + (double)i, weight, moment + points->origin * weight);
    }
}

static void fit_points(const struct quant_mse_cells *cells, const struct quant_mse_grid *grid,
                       struct fit *fit)
{
    const struct quant_mse_points *points = cells->points;
    const double steps = 1 / grid->scale;
    const double last = grid->first + cells->levels;
    double products[QUANT_MSE_LANES] = {0};
    double squares[QUANT_MSE_LANES] = {0};
    for (size_t i = 0; i < points->npoints; i += QUANT_MSE_LANES)
        for (size_t lane = 0; lane < QUANT_MSE_LANES; lane++) { /* weights after the last are 0 */
            const double x = points->at[i + lane] + points->origin;
            const double multiple = round_small(clamp(x * steps, grid->first, last));
            const double weighted = multiple * points->weight[i + lane];
            products[lane] += weighted * x;
            squares[lane] += weighted * multiple;
        }
    for (size_t lane = 0; lane < QUANT_MSE_LANES; lane++) {
        fit->products += products[lane];
        fit->squares += squares[lane];
    }
}

/* Smallest squares: sum w m x / sum w m^2, for the multiples m. */
double quant_mse_cells_fit(struct quant_mse_cells *cells, const struct quant_mse_grid *grid)
{
    struct fit fit = {.products = 0};
    if (takes_points(cells)) {
        fit_points(cells, grid, &fit);
    } else if (has_cells(cells)) {
        struct quant_mse_grid same;
        if (cells->scale != grid->scale)
            quant_mse_cells_best(cells, grid->scale, &same);
        fit_cells(cells, grid->first, &fit);
    }
    return fit.squares > 0 ? fit.products / fit.squares : grid->scale;
}
