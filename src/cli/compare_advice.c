/* SPDX-License-Identifier: MIT */
/* Recommends a row, and says why. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/option_values.h"
#include "cli/report_json.h"

/* A smaller gain is not worth an option. */
static const double WORTH = 0.95;

/* Outliers are at most this share of the elements. */
static const double OUTLIER_SHARE = 0.01;

bool compare_next_part(struct compare_part *part)
{
    const struct quant_compare_result *result = part->result;
    const struct quant_comparison *end = result->rows + result->n;
    part->rows = part->rows ? part->rows + part->n : result->rows;
    part->n = 0;
    while (part->rows + part->n < end &&
           part->rows[part->n].choice.params.dtype == part->rows->choice.params.dtype)
        part->n++;
    return part->n > 0;
}

bool compare_is_grouped(const struct compare_part *part)
{
    return part->result->grouping.axis >= 0;
}

void compare_method(const struct quant_comparison *row, char text[static COMPARE_METHOD])
{
    const struct quant_calibration_info *info;
    snprintf(text, COMPARE_METHOD, "%s", row->calibration ? row->calibration : "clip");
    for (size_t i = 0; row->calibration && (info = quant_calibration_at(i)) != NULL; i++)
        if (strcmp(info->name, row->calibration) == 0 && info->argument)
            snprintf(text, COMPARE_METHOD, "%s:%g", row->calibration, info->initial);
}

bool compare_mapped_range(const struct quant_comparison *row, double range[static 2])
{
    const struct quant_choice *choice = &row->choice;
    const struct quant_params *params = &choice->params;
    if (!choice->has_range)
        return false;
    memcpy(range, choice->range, sizeof choice->range);
    if (row->scheme != QUANT_ABSMAX)
        return true;
    range[1] = fmax(fabs(range[0]), fabs(range[1]));
    range[0] = 0 - range[1]; /* 0 of 0, not -0 */
    /* A target narrowed by --qmin has fewer integers below 0 than above. */
    const int64_t below = (int64_t)params->zero_point - params->qmin;
    const int64_t above = (int64_t)params->qmax - params->zero_point;
    if (quant_dtype_info(params->dtype)->is_integer && below < above)
        range[0] = below == 0 ? 0 : -(double)below * (double)params->scale;
    return true;
}

/* ---- Options of quantize ---- */

struct text {
    char *at;
    size_t room;
    size_t used;
};

/* Cuts off what does not fit; there is room for every option at its longest. */
__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text->at + text->used, text->room - text->used, format, arguments);
    va_end(arguments);
    text->used += n > 0 ? (size_t)n : 0;
    if (text->used >= text->room)
        text->used = text->room - 1;
}

static void add_mapping(struct text *text, const struct quant_spec *spec,
                        const struct quant_granularity *granularity)
{
    if (granularity->has_axis)
        add(text, " --axis %d", granularity->axis);
    if (granularity->block_rows > 0)
        add(text, " --block-size %" PRIu64 ",%" PRIu64, granularity->block_rows,
            granularity->block_size);
    else if (granularity->block_size > 0)
        add(text, " --block-size %" PRIu64, granularity->block_size);
    if (spec->has_qmin)
        add(text, " --qmin %" PRId32, spec->qmin);
    if (spec->has_qmax)
        add(text, " --qmax %" PRId32, spec->qmax);
    if (spec->include_zero)
        add(text, " --include-zero");
    if (spec->rounding != QUANT_HALF_EVEN)
        add(text, " --rounding %s", choice_rounding(spec->rounding));
    if (spec->scale_dtype != QUANT_DTYPE_NONE && spec->scale_dtype != QUANT_FLOAT32)
        add(text, " --scale-dtype %s", quant_dtype_info(spec->scale_dtype)->name);
    if (spec->nonfinite != QUANT_NONFINITE_ERROR)
        add(text, " --nonfinite %s", choice_nonfinite(spec->nonfinite));
}

static void add_row(struct text *text, const struct quant_spec *spec,
                    const struct quant_comparison *row)
{
    char method[COMPARE_METHOD];
    char ends[2][REPORT_JSON_NUMBER];
    add(text, "-s %s", choice_scheme(row->scheme));
    compare_method(row, method);
    if (row->calibration) {
        add(text, " -m %s", method);
        return;
    }
    for (size_t i = 0; i < 2; i++)
        report_json_number(spec->clip[i], ends[i]);
    add(text, " --clip %s,%s", ends[0], ends[1]);
}

static void fill_options(const struct compare_part *part,
                         struct compare_recommendation *recommendation)
{
    const struct quant_spec *spec = &part->job->spec;
    const enum quant_dtype dtype = recommendation->row->choice.params.dtype;
    struct text text = {recommendation->options, COMPARE_OPTIONS, 0};
    if (dtype != QUANT_INT8)
        add(&text, "-t %s ", quant_dtype_info(dtype)->name);
    add_row(&text, spec, recommendation->row);
    add_mapping(&text, spec, &part->job->granularity);
}

/* ---- The reason ---- */

/* Returns NULL if there is no such row. */
static const struct quant_comparison *find_row(const struct compare_part *part,
                                               enum quant_scheme scheme, const char *calibration)
{
    for (size_t i = 0; i < part->n; i++) {
        const struct quant_comparison *row = &part->rows[i];
        const bool is_method = row->calibration && strcmp(row->calibration, calibration) == 0;
        if (row->scheme == scheme && is_method)
            return row;
    }
    return NULL;
}

static const struct quant_comparison *find_plain(const struct compare_part *part)
{
    const char *method = choice_any_method(0);
    const struct quant_comparison *row = find_row(part, QUANT_ABSMAX, method);
    return row ? row : find_row(part, QUANT_ZERO_POINT, method);
}

/* "-s absmax -m minmax, the default" */
static void add_plain(struct text *text, const struct compare_part *part,
                      const struct quant_comparison *plain)
{
    add_row(text, &part->job->spec, plain);
    if (plain->scheme == QUANT_ABSMAX)
        add(text, ", the default");
}

static void add_gain(struct text *text, const struct compare_part *part,
                     const struct compare_recommendation *recommendation)
{
    const double mse = recommendation->row->report.mse;
    const double plain = recommendation->plain->report.mse;
    if (plain == 0) {
        add(text, "mse 0, so nothing is lost");
        return;
    }
    if (recommendation->row == recommendation->plain) {
        add(text, "mse %.3g, and no other is more than 5 %% less", mse);
        return;
    }
    if (mse == 0)
        add(text, "mse 0, not %.3g as ", plain);
    else if (plain / mse >= 2)
        add(text, "mse %.3g, %.3g times less than ", mse, plain / mse);
    else
        add(text, "mse %.3g, %.0f %% less than ", mse, 100 * (1 - mse / plain));
    add_plain(text, part, recommendation->plain);
}

/* With groups, the zero points count. */
static void add_bits(struct text *text, const struct compare_recommendation *recommendation)
{
    const double bits = recommendation->row->report.bits_per_element;
    const double plain = recommendation->plain->report.bits_per_element;
    if (fabs(bits - plain) > 0.01)
        add(text, "; %.4g bits per element, not %.4g", bits, plain);
}

/* If all elements are on one side of 0, absmax leaves half of its integers unused. */
static void add_side(struct text *text, const struct compare_part *part,
                     const struct compare_recommendation *recommendation)
{
    const struct quant_observed *observed = &part->result->observed;
    const bool is_absmax = recommendation->plain->scheme == QUANT_ABSMAX;
    if (!is_absmax || recommendation->row->scheme == QUANT_ABSMAX)
        return;
    if (observed->min >= 0 || observed->max <= 0)
        add(text, "; all values are %s 0, so absmax leaves half of its integers unused",
            observed->min >= 0 ? ">=" : "<=");
}

static bool has_outliers(const struct compare_part *part)
{
    const struct quant_observed *observed = &part->result->observed;
    const struct quant_outliers *outliers = &part->result->outliers;
    const uint64_t n = observed->count - observed->nonfinite;
    const bool is_small =
        outliers->count == 1 || (double)outliers->count <= OUTLIER_SHARE * (double)n;
    return !compare_is_grouped(part) && outliers->count > 0 && outliers->count < n && is_small;
}

static void add_outliers(struct text *text, const struct compare_part *part)
{
    const struct quant_observed *observed = &part->result->observed;
    const struct quant_outliers *outliers = &part->result->outliers;
    add(text, "; %" PRIu64 " of %" PRIu64 " values %s the range, all others lie in [%.4g, %.4g]",
        outliers->count, observed->count - observed->nonfinite,
        outliers->count == 1 ? "sets" : "set", (double)outliers->min, (double)outliers->max);
}

void compare_recommend(const struct compare_part *part,
                       struct compare_recommendation *recommendation)
{
    const struct quant_comparison *best = &part->rows[0];
    struct text reason = {recommendation->reason, COMPARE_REASON, 0};
    *recommendation = (struct compare_recommendation){.plain = find_plain(part)};
    if (best->report.n == 0) {
        add(&reason, "there is nothing to compare");
        return;
    }
    const bool is_worth = best->report.mse < WORTH * recommendation->plain->report.mse;
    recommendation->row = is_worth ? best : recommendation->plain;
    recommendation->has_outliers = has_outliers(part);
    fill_options(part, recommendation);
    add_gain(&reason, part, recommendation);
    add_bits(&reason, recommendation);
    add_side(&reason, part, recommendation);
    if (recommendation->has_outliers)
        add_outliers(&reason, part);
}
