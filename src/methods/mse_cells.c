/* SPDX-License-Identifier: MIT */
/*
 * The best window first. Where it moves up by one multiple, from m to m + s at its low end, the
 * points below the middle e = m + s / 2 lose (x - m - s)^2 - (x - m)^2 = 2 s (e - x), and those
 * above the middle at its high end gain as much. Summed over the points this only grows from window
 * to window: the error is a convex function of the window, and its least value is where the sign
 * changes.
 *
 * Then its error. A cell is what lies nearest to one multiple m of the scale. With the sums of the
 * points' weights w, moments w x and squares w x^2 up to any point, the error of a cell is
 *
 *     sum w (x - m)^2 = sum w x^2 - 2 m sum w x + m^2 sum w
 *
 * Points that are fewer than the cells are taken one by one. And where a target has so many
 * integers that a cell is narrower than a bin, elements are taken to lie evenly inside a window.
 *
 * Distances are from the origin of the points: of data far from 0 that keeps the digits that
 * matter.
 */
#include "methods/mse_cells.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/* A window may reach beyond the observed range by nearly half a step: zero points are rounded. */
static const double HALF = 0.499;

enum {
    CELL_COST = 8,              /* of a point's */
    POINTS_MOST = QUANT_MSE_FEW /* taken one by one where cells are too many */
};

static double sum_errors(const struct quant_mse_points *points, size_t from, size_t to,
                         double level)
{
    const double weight = points->weights[to] - points->weights[from];
    const double moment = points->moments[to] - points->moments[from];
    const double square = points->squares[to] - points->squares[from];
    return fmax(square - level * (2 * moment - level * weight), 0);
}

static double level_of(const struct quant_mse_search *search, double cell)
{
    return cell * search->scale + search->phase;
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

/* By how much the error grows from the window to the next, but for a factor. */
static double slope_at(const struct quant_mse_search *search, double cell)
{
    const struct quant_mse_points *points = search->points;
    const size_t n = points->npoints;
    const double low = level_of(search, cell + 0.5);
    const double high = level_of(search, cell + search->levels + 0.5);
    const size_t below = count_below(points, low);
    const size_t above = count_below(points, high);
    const double losses = low * points->weights[below] - points->moments[below];
    const double gains = points->moments[n] - points->moments[above] -
                         high * (points->weights[n] - points->weights[above]);
    return losses - gains;
}

/* The first window that is no worse than the next, from a guess. */
static double find_bottom(const struct quant_mse_search *search, double first, double last)
{
    const double middle =
        rint((search->center - search->phase) / search->scale - search->levels / 2);
    double at = fmin(fmax(middle, first), last);
    double low = first - 1; /* falls on from there */
    double high = last;     /* rises from there, or is the last */
    for (double step = 1; low + 1 < high; step *= 2) {
        if (slope_at(search, at) < 0) {
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

/* In multiples of the scale from the one nearest to the origin. */
static double find_window(const struct quant_mse_search *search)
{
    const double s = search->scale;
    const double levels = search->levels;
    if (search->symmetric) {
        const struct quant_params *params = &search->nothing.params;
        return (double)params->qmin - params->zero_point - search->nearest;
    }
    double first = ceil(search->low / s - HALF);
    double last = floor(search->high / s - levels + HALF);
    if (search->target->include_zero) {
        first = fmax(first, -levels);
        last = fmin(last, 0);
    }
    if (last < first) /* the scale was rounded */
        first = last = rint((search->low + search->high) / 2 / s - levels / 2);
    return find_bottom(search, first - search->nearest, last - search->nearest);
}

/* What lies beyond half a step outside. */
static double sum_clipped(const struct quant_mse_search *search)
{
    const struct quant_mse_points *points = search->points;
    const double low = level_of(search, search->first);
    const double high = level_of(search, search->first + search->levels);
    const size_t below = count_below(points, low - search->scale / 2);
    const size_t above = count_below(points, high + search->scale / 2);
    return sum_errors(points, 0, below, low) + sum_errors(points, above, points->npoints, high);
}

/* ---- Its error ---- */

static bool has_cells(const struct quant_mse_search *search)
{
    return search->levels < QUANT_MSE_CELLS &&
           (double)search->points->npoints > CELL_COST * search->levels;
}

static bool takes_points(const struct quant_mse_search *search)
{
    return search->points->npoints <= POINTS_MOST && !has_cells(search);
}

/* From where they ended last: for most scales that is near. */
static void place_cells(struct quant_mse_search *search)
{
    const struct quant_mse_points *points = search->points;
    const size_t levels = (size_t)search->levels;
    const long first = (long)search->first;
    size_t place = 0;
    search->ends[0] = 0;
    for (size_t i = 1; i <= levels; i++) {
        const double end = level_of(search, search->first + (double)i - 0.5);
        size_t *hint = &search->hints[(size_t)(first + (long)i) % QUANT_MSE_CELLS];
        size_t at = *hint < place ? place : *hint > points->npoints ? points->npoints : *hint;
        while (at < points->npoints && points->at[at] < end)
            at++;
        while (at > place && points->at[at - 1] >= end)
            at--;
        search->ends[i] = place = *hint = at;
    }
    search->ends[levels + 1] = points->npoints;
}

static double cost_by_cells(struct quant_mse_search *search)
{
    double cost = 0;
    place_cells(search);
    for (size_t i = 0; i <= (size_t)search->levels; i++)
        cost += sum_errors(search->points, search->ends[i], search->ends[i + 1],
                           level_of(search, search->first + (double)i));
    return cost;
}

/* To the nearest integer, of numbers far below 2^51: adding 1.5 * 2^52 leaves no room for more.
 * Unlike rint, it can be done to several at once on any processor. */
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

static double cost_by_points(const struct quant_mse_search *search)
{
    const struct quant_mse_points *points = search->points;
    const double steps = 1 / search->scale;
    const struct quant_grid grid = {.steps = steps,
                                    .phase = search->phase * steps,
                                    .first = search->first,
                                    .last = search->first + search->levels};
    const size_t n = (points->npoints + QUANT_MSE_LANES - 1) / QUANT_MSE_LANES * QUANT_MSE_LANES;
    double sums[QUANT_MSE_LANES] = {0};
    quant_kernels()->point_errors(&grid, points->at, points->weight, n, sums);
    double sum = 0;
    for (size_t lane = 0; lane < QUANT_MSE_LANES; lane++)
        sum += sums[lane];
    return sum * search->scale * search->scale;
}

static double cost_evenly(const struct quant_mse_search *search)
{
    const struct quant_mse_points *points = search->points;
    const double low = level_of(search, search->first);
    const size_t from = count_below(points, low);
    const size_t to = count_below(points, low + search->levels * search->scale);
    return sum_clipped(search) +
           (points->weights[to] - points->weights[from]) * (search->scale * search->scale / 12);
}

static void begin_scale(struct quant_mse_search *search, double scale)
{
    const double origin = search->points->origin;
    search->scale = scale;
    search->nearest = rint(origin / scale);
    search->phase = search->nearest * scale - origin;
    search->first = find_window(search);
    search->center = level_of(search, search->first + search->levels / 2);
}

double quant_mse_cells_clipped(struct quant_mse_search *search, double scale)
{
    begin_scale(search, scale);
    return sum_clipped(search);
}

void quant_mse_cells_best(struct quant_mse_search *search, double scale,
                          struct quant_mse_grid *grid)
{
    begin_scale(search, scale);
    grid->scale = scale;
    grid->first = search->first + search->nearest;
    grid->cost = has_cells(search)      ? cost_by_cells(search)
                 : takes_points(search) ? cost_by_points(search)
                                        : cost_evenly(search);
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

static void fit_cells(const struct quant_mse_search *search, double first, struct fit *fit)
{
    const struct quant_mse_points *points = search->points;
    for (size_t i = 0; i <= (size_t)search->levels; i++) {
        const size_t from = search->ends[i];
        const size_t to = search->ends[i + 1];
        const double weight = points->weights[to] - points->weights[from];
        const double moment = points->moments[to] - points->moments[from];
        add_to_fit(fit, first + (double)i, weight, moment + points->origin * weight);
    }
}

static void fit_points(const struct quant_mse_search *search, const struct quant_mse_grid *grid,
                       struct fit *fit)
{
    const struct quant_mse_points *points = search->points;
    const double steps = 1 / grid->scale;
    const double last = grid->first + search->levels;
    double products[QUANT_MSE_LANES] = {0};
    double squares[QUANT_MSE_LANES] = {0};
    for (size_t i = 0; i < points->npoints; i += QUANT_MSE_LANES)
        for (size_t lane = 0; lane < QUANT_MSE_LANES; lane++) { /* weights past the last are 0 */
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

/* The least squares: sum w m x / sum w m^2, for the multiples m. */
double quant_mse_cells_fit(struct quant_mse_search *search, const struct quant_mse_grid *grid)
{
    struct fit fit = {.products = 0};
    if (takes_points(search)) {
        fit_points(search, grid, &fit);
    } else if (has_cells(search)) {
        struct quant_mse_grid same;
        if (search->scale != grid->scale)
            quant_mse_cells_best(search, grid->scale, &same);
        fit_cells(search, grid->first, &fit);
    }
    return fit.squares > 0 ? fit.products / fit.squares : grid->scale;
}
