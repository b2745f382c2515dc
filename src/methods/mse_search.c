/* SPDX-License-Identifier: MIT */
/* Scales in coarse and in fine steps, and ranges for the best ones. */
#include "methods/mse_search.h"

#include <math.h>
#include <string.h>

#include "core/profile_params.h"
#include "core/range_params.h"

/* In a coarse step the error changes little, other than by chance. Scales that are less than
 * MIN_PART of the widest one are not tried. */
static const double COARSE = 1.0 / 128;
static const double MIN_PART = 0x1p-18;

/* If a stored scale is RAISED times the wanted one, it was not rounded, but raised to the smallest
 * of its type: all smaller ones would be stored as the same. */
static const double RAISED = 1.5;

/* Multiples of the scale up to this can be counted in doubles, with fractions. Only if the type of
 * the scale is too small for the data are there more. */
static const double MAX_MULTIPLES = 0x1p44;

/* Fine steps within a coarse one. */
enum { MIN_FINE = 32, HALVINGS = 10, FINEST_STEPS = 8 };

static const struct quant_mse_effort usual = {
    .fine = 0.0454, .max_fine = 128, .kept = QUANT_MSE_RANGES, .fits = 4, .refined = 4};

/* For few elements and many integers, the error changes from scale to scale as if by chance: more
 * steps find more than fits do. Besides, each restored element is rounded to float32, to 2^-9 of
 * the scale with 16 bits. That is chance too: scales that differ in the last bit differ by 0.1 % in
 * the error. */
static const struct quant_mse_effort by_chance = {
    .fine = 0.06, .max_fine = 160, .kept = 2, .fits = 1, .refined = 0, .neighbors = 2};
static const double NEIGHBOR = 0x1p-23;

static struct quant_mse_effort effort_of(const struct quant_mse_search *search)
{
    struct quant_mse_effort effort = usual;
    if (search->cells.points->npoints > QUANT_MSE_SMALL || search->cells.levels < QUANT_MSE_CELLS)
        return effort;
    if (search->nothing.params.scale_dtype == QUANT_FLOAT32)
        effort = by_chance;
    return effort;
}

/* ---- Setting up ---- */

/* By a negative scale qmin..qmax stand for the multiples -qmax..-qmin of its magnitude. */
static void begin(struct quant_mse_search *search, const struct quant_mse_points *points,
                  const struct quant_target *target, const struct quant_observed *observed,
                  bool is_negative, size_t max_ranges)
{
    const double min = (double)observed->min;
    const double max = (double)observed->max;
    const double absmax = fmax(fabs(min), fabs(max));
    search->cells.target = target;
    search->cells.points = points;
    search->nothing = quant_choice_of_nothing(target);
    search->symmetric = target->scheme == QUANT_ABSMAX;
    search->is_signed = quant_target_is_signed(target);
    search->observed[0] = search->symmetric ? -absmax : min;
    search->observed[1] = search->symmetric ? absmax : max;
    search->cells.low = target->include_zero ? fmin(search->observed[0], 0) : search->observed[0];
    search->cells.high = target->include_zero ? fmax(search->observed[1], 0) : search->observed[1];
    search->cells.levels = (double)search->nothing.params.qmax - search->nothing.params.qmin;
    search->cells.bottom = is_negative ? -(double)search->nothing.params.qmax
                                       : (double)search->nothing.params.qmin -
                                             (double)search->nothing.params.zero_point;
    search->reach = absmax;
    search->cells.center = 0;
    search->nbest = 0;
    search->effort = effort_of(search);
    search->max_best = max_ranges < search->effort.kept ? max_ranges : search->effort.kept;
}

/* The length of the range divided by the scale. */
static double steps_of(const struct quant_mse_search *search)
{
    return search->symmetric ? quant_target_max_step(search->cells.target) : search->cells.levels;
}

static double widest_scale(const struct quant_mse_search *search)
{
    const double half = search->symmetric ? 2 : 1;
    return (search->cells.high - search->cells.low) / half / steps_of(search);
}

static double stored_scale(const struct quant_mse_search *search, double scale)
{
    struct quant_choice choice = search->nothing;
    const double end = scale * steps_of(search);
    quant_choice_set_range(&choice, search->cells.target, search->symmetric ? -end : 0, end);
    return (double)choice.params.scale;
}

/* ---- The best ---- */

static void keep(struct quant_mse_search *search, const struct quant_mse_grid *grid)
{
    size_t i = search->nbest;
    if (i == search->max_best && !(grid->cost < search->best[i - 1].cost))
        return;
    for (size_t k = 0; k < search->nbest; k++)
        if (search->best[k].scale == grid->scale && search->best[k].first == grid->first)
            return;
    if (i == search->max_best)
        i--;
    else
        search->nbest++;
    for (; i > 0 && grid->cost < search->best[i - 1].cost; i--)
        search->best[i] = search->best[i - 1];
    search->best[i] = *grid;
}

/* A fine step down from the scale, as a part of it. */
static double fine_step(const struct quant_mse_search *search, double scale)
{
    const bool has_zero = search->cells.low <= 0 && search->cells.high >= 0;
    const double multiples = search->reach / scale;
    return search->effort.fine /
           fmax(has_zero ? fmin(multiples, search->cells.levels) : multiples, 1);
}

/* The smallest scale that clips no more than the error, between high, which does not, and low,
 * which clips more. */
static double find_last(struct quant_mse_search *search, double high, double low, double error)
{
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = low + (high - low) / 2;
        if (quant_mse_cells_clipped(&search->cells, stored_scale(search, middle)) > error)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Down to where clipping alone costs more than the smallest error. Returns the number of steps
 * between the scales. */
static size_t search_coarse(struct quant_mse_search *search)
{
    double scale = widest_scale(search);
    const double min_scale = scale * MIN_PART;
    double best = (double)INFINITY;
    size_t n = 0;
    search->costs[0] = (double)INFINITY;
    for (; n < QUANT_MSE_SCALES - 1 && scale > min_scale; n++) {
        struct quant_mse_grid grid;
        const double stored = stored_scale(search, scale);
        if (stored > RAISED * scale)
            break;
        const double clipped = quant_mse_cells_clipped(&search->cells, stored);
        quant_mse_cells_best(&search->cells, stored, &grid);
        search->scales[n] = scale;
        search->costs[n] = grid.cost;
        if (clipped > best) {
            search->scales[n] = find_last(search, search->scales[n - 1], scale, best);
            return n;
        }
        best = fmin(best, grid.cost);
        scale *= 1 - fmax(fine_step(search, scale), COARSE);
    }
    return n > 0 ? n - 1 : 0; /* none: there are no steps from zero to divide by */
}

/* Keeps those of the costs along falling scales that are less than both neighbors. */
struct descent {
    struct quant_mse_grid last;
    bool falls;
};

static void descend(struct quant_mse_search *search, struct descent *descent,
                    const struct quant_mse_grid *grid)
{
    if (grid->scale == descent->last.scale)
        return;
    const bool falls = grid->cost < descent->last.cost;
    if (!falls && descent->falls)
        keep(search, &descent->last);
    descent->falls = falls;
    descent->last = *grid;
}

static void search_fine(struct quant_mse_search *search, size_t i, int min_steps,
                        struct descent *descent)
{
    const double from = search->scales[i];
    const double to = search->scales[i + 1];
    const double wanted = ceil((1 - to / from) / fine_step(search, from) - 0.01);
    const int steps = (int)fmin(fmax(wanted, min_steps), search->effort.max_fine);
    for (int k = 0; k < steps; k++) {
        struct quant_mse_grid grid;
        const double scale = from + (to - from) * k / steps;
        quant_mse_cells_best(&search->cells, stored_scale(search, scale), &grid);
        descend(search, descent, &grid);
    }
}

/* The sum of n rounding errors, each anywhere within half a step, differs from its mean by 0.9 /
 * sqrt(n) of it, and the smallest of such sums over many scales by several times that. */
static double margin_of(const struct quant_mse_search *search)
{
    const struct quant_mse_points *points = search->cells.points;
    return 1.002 + 4 / sqrt(points->weights[points->npoints]);
}

static void search_all(struct quant_mse_search *search)
{
    const size_t n = search_coarse(search);
    struct descent descent = {.last = {.cost = (double)INFINITY}, .falls = false};
    double best = (double)INFINITY;
    for (size_t i = 0; i <= n; i++)
        best = fmin(best, search->costs[i]);
    const double max_cost = best * margin_of(search);
    for (size_t i = 0; i < n; i++)
        if (fmin(search->costs[i], search->costs[i + 1]) <= max_cost)
            search_fine(search, i, i + 1 == n ? MIN_FINE : 1, &descent);
    if (descent.falls)
        keep(search, &descent.last);
}

/* ---- Ranges ---- */

/* Moves the grid to the bottom of its valley. */
static void fit(struct quant_mse_search *search, struct quant_mse_grid *grid)
{
    for (int i = 0; i < search->effort.fits; i++) {
        struct quant_mse_grid next;
        const double scale = quant_mse_cells_fit(&search->cells, grid);
        if (!(scale > 0 && scale <= widest_scale(search)))
            return;
        quant_mse_cells_best(&search->cells, stored_scale(search, scale), &next);
        if (!(next.cost < grid->cost))
            return;
        *grid = next;
    }
}

/* For valleys narrower than a fine step: takes the best scale nearby. */
static void refine(struct quant_mse_search *search, struct quant_mse_grid *grid)
{
    const double scale = grid->scale;
    const double step = scale * fine_step(search, scale) / FINEST_STEPS;
    for (int i = -FINEST_STEPS; i <= FINEST_STEPS; i++) {
        struct quant_mse_grid next;
        if (scale + i * step > widest_scale(search))
            break;
        quant_mse_cells_best(&search->cells, stored_scale(search, scale + i * step), &next);
        if (next.cost < grid->cost)
            *grid = next;
    }
    fit(search, grid);
}

static void fit_all(struct quant_mse_search *search)
{
    struct quant_mse_grid grids[QUANT_MSE_RANGES];
    const size_t n = search->nbest;
    memcpy(grids, search->best, n * sizeof grids[0]);
    search->nbest = 0;
    for (size_t i = 0; i < n; i++) {
        fit(search, &grids[i]);
        keep(search, &grids[i]);
    }
    const size_t nfitted =
        search->nbest < search->effort.refined ? search->nbest : search->effort.refined;
    memcpy(grids, search->best, nfitted * sizeof grids[0]);
    for (size_t i = 0; i < nfitted; i++) {
        refine(search, &grids[i]);
        keep(search, &grids[i]);
    }
}

/* The range of a grid, inside the observed one: its ends may move by half a step without changing
 * the zero point. A signed scale takes its sign from the longer end, so both are kept. */
static struct quant_mse_range range_of(const struct quant_mse_search *search,
                                       const struct quant_mse_grid *grid)
{
    struct quant_mse_range range = {.cost = grid->cost};
    if (search->is_signed) {
        range.lo = search->cells.bottom * grid->scale;
        range.hi = (search->cells.bottom + search->cells.levels) * grid->scale;
        return range;
    }
    if (search->symmetric) {
        range.hi = fmin(grid->scale * steps_of(search), search->observed[1]);
        range.lo = -range.hi;
        return range;
    }
    const double width = grid->scale * search->cells.levels;
    range.lo = grid->first * grid->scale;
    range.lo = fmax(fmin(range.lo, search->cells.high - width), search->cells.low);
    range.hi = fmin(range.lo + width, search->cells.high);
    range.lo = fmax(range.lo, search->observed[0]); /* zero will be included again */
    range.hi = fmin(range.hi, search->observed[1]);
    return range;
}

/* Adds the range of the scale, and those of its neighbors while there is room for them. */
static size_t add_ranges(const struct quant_mse_search *search, const struct quant_mse_grid *grid,
                         size_t max_ranges, struct quant_mse_range *ranges)
{
    const int neighbors = search->effort.neighbors;
    size_t n = 0;
    for (int i = -neighbors; i <= neighbors && n < max_ranges; i++) {
        struct quant_mse_grid neighbor = *grid;
        neighbor.scale += i * NEIGHBOR * grid->scale;
        ranges[n] = range_of(search, &neighbor);
        n += ranges[n].lo < ranges[n].hi;
    }
    return n;
}

static size_t search_ranges(struct quant_mse_search *search, size_t max_ranges,
                            struct quant_mse_range *ranges)
{
    size_t n = 0;
    if (search->reach > MAX_MULTIPLES * stored_scale(search, widest_scale(search)))
        return 0;
    search_all(search);
    fit_all(search);
    for (size_t i = 0; i < search->nbest; i++)
        n += add_ranges(search, &search->best[i], max_ranges - n, ranges + n);
    return n;
}

size_t quant_mse_search(struct quant_mse_search *search, const struct quant_mse_points *points,
                        const struct quant_target *target, const struct quant_observed *observed,
                        size_t max_ranges, struct quant_mse_range *ranges)
{
    begin(search, points, target, observed, false, max_ranges);
    const size_t n = search_ranges(search, max_ranges, ranges);
    if (!search->is_signed)
        return n;
    begin(search, points, target, observed, true, max_ranges);
    return n + search_ranges(search, max_ranges, ranges + n);
}

int quant_mse_range_compare(const struct quant_mse_range *left, const struct quant_mse_range *right)
{
    if (left->cost != right->cost)
        return left->cost < right->cost ? -1 : 1;
    const double left_width = left->hi - left->lo;
    const double right_width = right->hi - right->lo;
    if (left_width != right_width)
        return left_width > right_width ? -1 : 1;
    return (left->lo > right->lo) - (left->lo < right->lo);
}
