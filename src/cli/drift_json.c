/* SPDX-License-Identifier: MIT */
/* Prints layers as JSON: an object on a line of its own for each, and one at the end. */
#include <quant/profiles.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/drift_report.h"
#include "cli/option_values.h"
#include "cli/report_json.h"

const struct quant_figure *drift_figure_at(size_t i)
{
    static const char *const keys[] = {"n",          "mse",           "rmse",
                                       "mae",        "max_abs_error", "max_abs_error_index",
                                       "mean_error", "sqnr_db",       "cosine"};
    return i < sizeof keys / sizeof keys[0] ? quant_figure_from_key(keys[i]) : NULL;
}

static bool add_count(cJSON *object, const char *key, uint64_t count)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%" PRIu64, count);
    return cJSON_AddRawToObject(object, key, text) != NULL;
}

static bool add_switched(cJSON *object, const char *key, const struct quant_drift_layer *layer,
                         uint64_t count)
{
    return layer->has_relu ? add_count(object, key, count)
                           : cJSON_AddNullToObject(object, key) != NULL;
}

static bool add_figures(cJSON *object, const struct quant_report *report)
{
    const struct quant_figure *figure;
    bool ok = true;
    for (size_t i = 0; ok && (figure = drift_figure_at(i)) != NULL; i++)
        ok = report_json_add_figure(object, figure, figure->get(report));
    return ok;
}

/* With nine digits, as in the sidecar. */
static bool add_scale(cJSON *object, const struct quant_params *params)
{
    char text[REPORT_JSON_NUMBER];
    snprintf(text, sizeof text, "%.9g", (double)params->scale);
    return cJSON_AddRawToObject(object, "scale", text) != NULL &&
           cJSON_AddNumberToObject(object, "zero_point", params->zero_point) != NULL;
}

static bool add_params(cJSON *object, const struct quant_drift_layer *layer)
{
    const struct quant_params *params = &layer->choice.params;
    const bool is_grouped = layer->grouping.axis >= 0;
    if (layer->is_copied)
        return cJSON_AddNullToObject(object, "scheme") && cJSON_AddNullToObject(object, "dtype");
    return cJSON_AddStringToObject(object, "scheme", choice_scheme(params->scheme)) &&
           (!params->profile ||
            cJSON_AddStringToObject(object, "profile", params->profile->name) != NULL) &&
           cJSON_AddStringToObject(object, "dtype", quant_dtype_info(params->dtype)->name) &&
           (is_grouped ? report_json_add_grouping(object, &layer->grouping)
                       : add_scale(object, params));
}

static bool add_weights(cJSON *object, const struct quant_drift_layer *layer)
{
    static const char *const keys[] = {"mse",      "sqnr_db",   "cosine",
                                       "bytes_in", "bytes_out", "bits_per_element"};
    cJSON *weights = cJSON_AddObjectToObject(object, "weights");
    bool ok = weights != NULL;
    for (size_t i = 0; ok && i < sizeof keys / sizeof keys[0]; i++) {
        const struct quant_figure *figure = quant_figure_from_key(keys[i]);
        ok = report_json_add_figure(weights, figure, figure->get(&layer->weights));
    }
    return ok;
}

static bool fill_layer(cJSON *object, const char *path, const struct quant_tensor_result *result)
{
    const struct quant_drift_layer *layer = result->drifted;
    return report_json_add_path(object, path) &&
           (result->name[0] != '\0' ? report_json_add_text(object, "tensor", result->name)
                                    : cJSON_AddNullToObject(object, "tensor") != NULL) &&
           add_count(object, "layer", result->file) && add_params(object, layer) &&
           report_json_add_layout(object, &layer->shape, layer->order) &&
           report_json_add_source(object, path, layer->source_format, layer->source_dtype) &&
           add_weights(object, layer) &&
           cJSON_AddBoolToObject(object, "relu", layer->has_relu) != NULL &&
           add_figures(object, &layer->outputs) &&
           add_switched(object, "active", layer, layer->active) &&
           add_switched(object, "switched_off", layer, layer->switched_off) &&
           add_switched(object, "switched_on", layer, layer->switched_on);
}

bool drift_print_json(const struct drift_report *report, const struct quant_tensor_result *result)
{
    cJSON *object = cJSON_CreateObject();
    const char *path = report->job->layers[result->file].path;
    return report_json_print(stdout, object, object && fill_layer(object, path, result));
}

static bool fill_summary(cJSON *summary, const struct quant_drift_job *job,
                         const struct quant_drift_result *result)
{
    const char *activations = quant_drift_activations_name(job->activations);
    return add_count(summary, "layers", result->nlayers) &&
           add_count(summary, "samples", result->nsamples) &&
           (job->input.path ? cJSON_AddNullToObject(summary, "seed") != NULL
                            : add_count(summary, "seed", job->seed)) &&
           cJSON_AddStringToObject(summary, "activations", activations) != NULL &&
           add_figures(summary, &result->last.outputs);
}

bool drift_print_json_summary(const struct quant_drift_job *job,
                              const struct quant_drift_result *result)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *summary = object ? cJSON_AddObjectToObject(object, "summary") : NULL;
    return report_json_print(stdout, object, summary && fill_summary(summary, job, result));
}
