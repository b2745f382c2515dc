/* SPDX-License-Identifier: MIT */
#include "engine/tensor/statistics_trials.h"

#include <string.h>

#include "engine/tensor/group_trials.h"
#include "engine/tensor/scan_choose.h"
#include "engine/tensor/trials.h"
#include "methods/method.h"
#include "methods/plan_make.h"

/* With more outliers than one in this number of, cutting them off costs more than it gains. */
enum { OUTLIER_SHARE = 64 };

static enum quant_status make_plan(const struct quant_statistics_trials *trials, const char *method,
                                   struct quant_plan *plan, struct quant_error *error)
{
    struct quant_spec spec = *trials->spec;
    spec.nonfinite = QUANT_NONFINITE_SATURATE;
    if (method) {
        spec.calibration = method;
        spec.has_calibration_argument = false;
    }
    return quant_plan_make(&spec, NULL, plan, error);
}

static bool is_minmax(const struct quant_plan *plan)
{
    return plan->from == QUANT_RANGE_FOUND && plan->method &&
           strcmp(plan->method->name, "minmax") == 0;
}

static bool has_few_outliers(const struct quant_statistics *statistics)
{
    const struct quant_observed *observed = &statistics->observed;
    const uint64_t count = statistics->outliers.count;
    return count > 0 && count <= (observed->count - observed->nonfinite) / OUTLIER_SHARE;
}

static void keep(struct quant_trial *trial, const struct quant_comparison *row)
{
    *trial = (struct quant_trial){.is_made = true, .choice = row->choice, .report = row->report};
}

static void begin_pass(const struct quant_scan *scan)
{
    struct quant_progress *progress = scan->progress;
    const uint64_t nelems = scan->tensor->reader->nelems;
    progress->ahead = progress->ahead > nelems ? progress->ahead - nelems : 0;
    quant_progress_begin_pass(progress, nelems, progress->ahead);
}

static enum quant_status try_whole(const struct quant_statistics_trials *trials,
                                   const struct quant_scan *scan, const struct quant_plan *plan,
                                   struct quant_statistics *statistics, struct quant_error *error)
{
    struct quant_comparison rows[2] = {{.scheme = plan->target.scheme}};
    struct quant_plan by_mse;
    size_t n = 1;
    enum quant_status status =
        quant_scan_choose(scan, plan, &statistics->observed, &rows[0].choice, error);
    if (status == QUANT_OK && is_minmax(plan) && has_few_outliers(statistics) &&
        make_plan(trials, "mse", &by_mse, NULL) == QUANT_OK) {
        rows[n].scheme = plan->target.scheme;
        status = quant_scan_choose(scan, &by_mse, &statistics->observed, &rows[n++].choice, error);
    }
    if (status == QUANT_OK)
        status = quant_trials_measure(scan, rows, n, error);
    if (status != QUANT_OK)
        return status;
    keep(&statistics->mapped, &rows[0]);
    if (n > 1)
        keep(&statistics->by_mse, &rows[1]);
    return QUANT_OK;
}

static enum quant_status try_channels(const struct quant_statistics_trials *trials,
                                      const struct quant_scan *scan, struct quant_plan *plan,
                                      struct quant_statistics *statistics,
                                      struct quant_error *error)
{
    const struct quant_group_trial trial = {.plan = plan, .cancel = trials->cancel};
    struct quant_comparison row = {.scheme = plan->target.scheme};
    plan->granularity = (struct quant_granularity){.has_axis = true};
    begin_pass(scan);
    const enum quant_status status = quant_group_trial_measure(&trial, scan, &row, error);
    if (status == QUANT_OK)
        keep(&statistics->per_channel, &row);
    return status;
}

enum quant_status quant_statistics_try(const struct quant_statistics_trials *trials,
                                       const struct quant_scan *scan,
                                       struct quant_statistics *statistics,
                                       struct quant_error *error)
{
    struct quant_plan plan;
    enum quant_status status = make_plan(trials, NULL, &plan, error);
    if (status == QUANT_OK)
        status = try_whole(trials, scan, &plan, statistics, error);
    if (status == QUANT_OK && plan.from == QUANT_RANGE_FOUND && statistics->channels.count > 0)
        status = try_channels(trials, scan, &plan, statistics, error);
    return status;
}
