/* SPDX-License-Identifier: MIT */
/* The best window of a scale, its error and what it clips, against all windows, point by point. */
#include "methods/mse_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/unit.h"
#include "methods/plan_make.h"
#include "samples.h"

enum { N = 700 };

struct data {
    struct quant_mse_points points;
    struct quant_mse_cells cells;
    float x[N];
    uint32_t keys[2 * N];
};

static void begin(struct data *data, const struct quant_target *target)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, data->x, N);
    const struct quant_mse_bins bins = quant_mse_bins_of(&observed);
    quant_mse_points_from_elements(&data->points, &bins, data->x, N, data->keys);
    const double absmax = fmax(fabs((double)observed.min), fabs((double)observed.max));
    const bool is_symmetric = target->scheme == QUANT_ABSMAX;
    memset(&data->cells, 0, sizeof data->cells);
    data->cells.target = target;
    data->cells.points = &data->points;
    data->cells.low = is_symmetric ? -absmax : (double)observed.min;
    data->cells.high = is_symmetric ? absmax : (double)observed.max;
    data->cells.levels = target->qmax - target->qmin;
    data->cells.bottom = target->qmin;
}

/* For the window that begins at multiple first; *clipped: of the points half a step outside. */
static double window_error(const struct data *data, double scale, double first, double *clipped)
{
    const struct quant_mse_points *points = &data->points;
    const double last = first + data->cells.levels;
    double sum = 0;
    *clipped = 0;
    for (size_t i = 0; i < points->npoints; i++) {
        const double x = points->at[i] + points->origin;
        const double multiple = fmin(fmax(rint(x / scale), first), last);
        const double error = x - multiple * scale;
        sum += points->weight[i] * error * error;
        if (x / scale < first - 0.5 || x / scale > last + 0.5)
            *clipped += points->weight[i] * error * error;
    }
    return sum;
}

static void check_scale(struct data *data, double scale)
{
    const struct quant_mse_cells *cells = &data->cells;
    struct quant_mse_grid grid;
    double clipped;
    const double found_clipped = quant_mse_cells_clipped(&data->cells, scale);
    quant_mse_cells_best(&data->cells, scale, &grid);
    const double error = window_error(data, scale, grid.first, &clipped);
    const double rounding = 1e-9 * data->points.squares[data->points.npoints] + 1e-12 * error;
    assert_true(grid.scale == scale);
    assert_true(fabs(grid.cost - error) <= rounding);
    assert_true(fabs(found_clipped - clipped) <= rounding);
    if (cells->target->scheme == QUANT_ABSMAX) {
        assert_true(grid.first == cells->bottom);
        return;
    }
    /* No other window inside the range is better. */
    const double lowest = ceil(cells->low / scale - 0.499);
    const double highest = floor(cells->high / scale - cells->levels + 0.499);
    for (double first = lowest; first <= highest; first++)
        assert_true(window_error(data, scale, first, &clipped) >= error - rounding);
}

/* From the widest scale down. With few levels errors are computed by cells, otherwise by points. */
static void test_windows(void **state)
{
    (void)state;
    static const enum quant_dtype dtypes[] = {QUANT_INT4, QUANT_INT8};
    struct data *data = malloc(sizeof *data);
    struct random random = random_begin();
    assert_non_null(data);
    for (int i = 0; i < 4 * KINDS; i++) {
        const struct quant_spec spec = {.scheme = (enum quant_scheme)(i % 2),
                                        .dtype = dtypes[i / 2 % 2]};
        const struct quant_target target = quant_spec_target(&spec);
        fill(&random, (enum kind)(i / 4), data->x, N);
        begin(data, &target);
        const double widest = (data->cells.high - data->cells.low) / data->cells.levels;
        for (double scale = widest; scale > widest / 8; scale *= 0.83)
            check_scale(data, scale);
    }
    free(data);
}

/* Elements on a grid: from a scale nearby, the fitted one is that of the grid. */
static void test_fit(void **state)
{
    (void)state;
    struct data *data = malloc(sizeof *data);
    struct random random = random_begin();
    assert_non_null(data);
    for (int scheme = 0; scheme < 2; scheme++) {
        const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme};
        const struct quant_target target = quant_spec_target(&spec);
        for (size_t i = 0; i < N; i++)
            data->x[i] = 0.125F * (float)((int)random_below(&random, 41) - 20);
        begin(data, &target);
        struct quant_mse_grid grid;
        quant_mse_cells_best(&data->cells, 0.1255, &grid);
        assert_true(fabs(quant_mse_cells_fit(&data->cells, &grid) - 0.125) < 1e-6);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_fit),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
