/* SPDX-License-Identifier: MIT */
/* The statistics of a tensor as JSON, with the counts and the edges of the histogram. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/inspect_json.h"
#include "cli/inspect_statistics.h"
#include "cli/option_values.h"
#include "cli/report_json.h"

static bool add_first(cJSON *object, const struct quant_inspected *tensor)
{
    const struct quant_statistics *found = &tensor->statistics;
    uint64_t index[QUANT_MAX_DIMS];
    if (found->observed.nonfinite == 0)
        return cJSON_AddNullToObject(object, "first_nonfinite") != NULL;
    cJSON *first = cJSON_AddObjectToObject(object, "first_nonfinite");
    cJSON *array = NULL;
    bool ok = first && inspect_add_count(first, "element", found->observed.first_nonfinite) &&
              (array = cJSON_AddArrayToObject(first, "index")) != NULL;
    quant_shape_unravel(&tensor->shape, tensor->order, found->observed.first_nonfinite, index);
    for (int i = 0; ok && i < tensor->shape.ndim; i++) {
        cJSON *item = cJSON_CreateNumber((double)index[i]);
        ok = item && cJSON_AddItemToArray(array, item);
    }
    return ok;
}

static bool add_percentiles(cJSON *object, const struct quant_statistics *found)
{
    cJSON *percentiles = cJSON_AddObjectToObject(object, "percentiles");
    bool ok = percentiles != NULL;
    for (size_t i = 0; ok && i < QUANT_PERCENTILES; i++) {
        char key[REPORT_JSON_NUMBER];
        snprintf(key, sizeof key, "%g", quant_percentile_at(i));
        ok = inspect_add_number(percentiles, key, found->percentiles[i]);
    }
    return ok;
}

static bool add_outliers(cJSON *object, const struct quant_outliers *outliers)
{
    const double others[2] = {(double)outliers->min, (double)outliers->max};
    cJSON *found = cJSON_AddObjectToObject(object, "outliers");
    return found && inspect_add_count(found, "count", outliers->count) &&
           inspect_add_pair(found, "others", outliers->min <= outliers->max, others);
}

static bool add_channels(cJSON *object, const struct quant_channel_spread *channels)
{
    if (channels->count == 0)
        return cJSON_AddNullToObject(object, "channels") != NULL;
    cJSON *found = cJSON_AddObjectToObject(object, "channels");
    return found && inspect_add_count(found, "count", channels->count) &&
           inspect_add_number(found, "min", (double)channels->min) &&
           inspect_add_number(found, "median", (double)channels->median) &&
           inspect_add_number(found, "max", (double)channels->max);
}

/* "[1,2,3]" is added as one raw text: a record has 129 of these numbers. */
static bool add_numbers(cJSON *object, const char *key, size_t n,
                        const struct quant_histogram *histogram)
{
    char text[(QUANT_HISTOGRAM_BINS + 1) * REPORT_JSON_NUMBER + 4] = "[";
    size_t used = 1;
    for (size_t i = 0; i < n; i++) {
        char number[REPORT_JSON_NUMBER];
        if (n == histogram->nbins)
            snprintf(number, sizeof number, "%llu", (unsigned long long)histogram->counts[i]);
        else
            report_json_number(inspect_edge(histogram, i), number);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "," : "", number);
    }
    snprintf(text + used, sizeof text - used, "]");
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_histogram(cJSON *object, const struct quant_histogram *histogram)
{
    if (histogram->nbins == 0)
        return cJSON_AddNullToObject(object, "histogram") != NULL;
    cJSON *found = cJSON_AddObjectToObject(object, "histogram");
    return found && add_numbers(found, "edges", histogram->nbins + 1, histogram) &&
           add_numbers(found, "counts", histogram->nbins, histogram);
}

static bool add_trial(cJSON *object, const char *key, const struct quant_trial *trial)
{
    const struct quant_choice *choice = &trial->choice;
    const double clip[2] = {inspect_clip(&choice->params, 0), inspect_clip(&choice->params, 1)};
    if (!trial->is_made)
        return cJSON_AddNullToObject(object, key) != NULL;
    cJSON *made = cJSON_AddObjectToObject(object, key);
    bool ok =
        made && cJSON_AddStringToObject(made, "scheme", choice_scheme(choice->params.scheme)) &&
        cJSON_AddStringToObject(made, "dtype", quant_dtype_info(choice->params.dtype)->name) &&
        (choice->calibration ? cJSON_AddStringToObject(made, "method", choice->calibration) != NULL
                             : cJSON_AddNullToObject(made, "method") != NULL) &&
        inspect_add_pair(made, "clip", choice->has_range && inspect_has_clip(&choice->params),
                         clip);
    const char *const keys[] = {"mse", "sqnr_db", "max_abs_error", "clipped", "levels_used"};
    for (size_t i = 0; ok && i < sizeof keys / sizeof keys[0]; i++) {
        const struct quant_figure *figure = quant_figure_from_key(keys[i]);
        ok = report_json_add_figure(made, figure, figure->get(&trial->report));
    }
    return ok;
}

static bool add_levels(cJSON *object, const struct quant_statistics *found)
{
    if (found->levels == 0)
        return cJSON_AddNullToObject(object, "levels_used") &&
               cJSON_AddNullToObject(object, "levels") &&
               cJSON_AddNullToObject(object, "at_qmin") && cJSON_AddNullToObject(object, "at_qmax");
    return inspect_add_count(object, "levels_used", found->levels_used) &&
           inspect_add_count(object, "levels", found->levels) &&
           inspect_add_count(object, "at_qmin", found->at_ends[0]) &&
           inspect_add_count(object, "at_qmax", found->at_ends[1]);
}

bool inspect_add_statistics(cJSON *object, const struct quant_inspected *tensor)
{
    const struct quant_statistics *found = &tensor->statistics;
    const struct quant_observed *observed = &found->observed;
    const bool has_range = observed->count > observed->nonfinite;
    char advice[INSPECT_ADVICE];
    cJSON *made = cJSON_AddObjectToObject(object, "statistics");
    bool ok = made && inspect_add_count(made, "n", observed->count - observed->nonfinite) &&
              inspect_add_count(made, "nonfinite", observed->nonfinite) &&
              inspect_add_count(made, "nan", found->nans) &&
              inspect_add_count(made, "inf", found->plus_infinities) &&
              inspect_add_count(made, "minus_inf", found->minus_infinities) &&
              add_first(made, tensor) && inspect_add_count(made, "zeros", found->zeros) &&
              inspect_add_number(made, "min", has_range ? (double)observed->min : NAN) &&
              inspect_add_number(made, "max", has_range ? (double)observed->max : NAN) &&
              inspect_add_number(made, "mean", found->mean) &&
              inspect_add_number(made, "std", found->deviation) && add_percentiles(made, found) &&
              add_outliers(made, &found->outliers) && add_channels(made, &found->channels) &&
              add_histogram(made, &found->histogram);
    if (ok && found->are_integers)
        ok = add_levels(made, found);
    else if (ok)
        ok = add_trial(made, "mapped", &found->mapped) &&
             add_trial(made, "by_mse", &found->by_mse) &&
             add_trial(made, "per_channel", &found->per_channel);
    inspect_advise(advice, tensor);
    return ok && (advice[0] == '\0' ? cJSON_AddNullToObject(made, "advice") != NULL
                                    : cJSON_AddStringToObject(made, "advice", advice) != NULL);
}
