/* SPDX-License-Identifier: MIT */
/* The last rule that matches decides, so the look-up goes from the last to the first. */
#include "engine/files/mappings.h"

#include <stdlib.h>

#include "base/error.h"
#include "core/range_params.h"
#include "engine/files/given_params.h"
#include "engine/files/layout_write.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "formats/format.h"
#include "methods/plan_make.h"

const struct quant_rule *quant_rule_find(const struct quant_rule *rules, size_t nrules,
                                         const char *name)
{
    while (rules && nrules > 0)
        if (quant_name_matches(rules[--nrules].pattern, name))
            return &rules[nrules];
    return NULL;
}

/* ---- The job ---- */

enum quant_status quant_quantize_job_copy(struct quant_quantize_job *own,
                                          const struct quant_quantize_job *job,
                                          struct quant_error *error)
{
    enum quant_status status = quant_job_copy(own, sizeof *own, job, "quant_quantize_job", error);
    if (status == QUANT_OK)
        status = quant_input_check(&own->input, "input", error);
    if (status == QUANT_OK)
        status = quant_selection_check(&own->selection, error);
    if (status == QUANT_OK)
        status = quant_rules_check(own->rules, own->nrules, error);
    return status == QUANT_OK ? quant_names_check(own->ties, own->nties, "ties", error) : status;
}

/* ---- Making ---- */

/* What a job, or one of its rules, says of a mapping. */
struct request {
    const struct quant_spec *spec;
    const struct quant_granularity *granularity;
    const char *scale_from; /* NULL: none */
    const char *range_from; /* the same */
};

static enum quant_status open_given(struct quant_mapping *mapping, const struct request *request,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    mapping->given = calloc(1, sizeof *mapping->given);
    if (!mapping->given)
        return quant_error_no_memory(error, sizeof *mapping->given, "scales");
    return request->range_from
               ? quant_given_params_open_ranges(mapping->given, request->range_from, cancel,
                                                request->spec, error)
               : quant_given_params_open_scales(mapping->given, request->scale_from, cancel, error);
}

static enum quant_status make_plan(struct quant_mapping *mapping, const struct request *request,
                                   const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_spec spec = *request->spec;
    if (!request->scale_from && !request->range_from)
        return quant_plan_make(&spec, request->granularity, &mapping->plan, error);
    if (spec.has_scale || spec.has_clip || spec.calibration ||
        (request->scale_from && request->range_from))
        return quant_error_set(error, QUANT_INVALID,
                               "a scale, a file of scales, a clipping range, a file of ranges and "
                               "a calibration exclude each other");
    /* A range is no scale: a type that needs one is refused. */
    enum quant_status status = request->range_from ? quant_spec_check(&spec, error) : QUANT_OK;
    if (status == QUANT_OK)
        status = open_given(mapping, request, cancel, error);
    /* A scale in place of all that the file gives: the spec is checked as one that has it. */
    spec.has_scale = true;
    spec.scale = 1;
    if (status == QUANT_OK)
        status = quant_plan_make(&spec, NULL, &mapping->plan, error);
    mapping->plan.granularity = *request->granularity;
    mapping->plan.target.is_given = request->scale_from;
    return status;
}

static enum quant_status make_rule(struct quant_mapping *mapping, const struct quant_rule *rule,
                                   const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_error own;
    *mapping = (struct quant_mapping){
        .copies = rule->copies, .has_min_dims = rule->has_min_dims, .min_dims = rule->min_dims};
    if (!rule->pattern)
        return quant_error_set(error, QUANT_INVALID, "a rule needs a pattern");
    if (rule->copies)
        return QUANT_OK;
    const struct request request = {&rule->spec, &rule->granularity, rule->scale_from,
                                    rule->range_from};
    const enum quant_status status = make_plan(mapping, &request, cancel, &own);
    if (status != QUANT_OK)
        return quant_error_set(error, status, "for '%.200s': %s", rule->pattern, own.text);
    return QUANT_OK;
}

static bool is_block(const struct quant_mapping *mapping)
{
    const struct quant_dtype_info *info = quant_dtype_info(mapping->plan.target.dtype);
    return !mapping->copies && info && info->block_nelems > 0;
}

/* A file has a sidecar, or states its own scales. */
static enum quant_status check_blocks(const struct quant_mappings *mappings,
                                      struct quant_error *error)
{
    const struct quant_quantize_job *job = mappings->job;
    for (size_t i = 1; i < mappings->n && !is_block(&mappings->all[0]); i++)
        if (is_block(&mappings->all[i]))
            return quant_error_set(error, QUANT_INVALID,
                                   "for '%.200s': %s needs a block type for all other tensors too",
                                   job->rules[i - 1].pattern,
                                   quant_dtype_info(mappings->all[i].plan.target.dtype)->name);
    return QUANT_OK;
}

/* A file has one layout: that of the options that hold for all tensors, whatever a rule says. */
static enum quant_status choose_layout(struct quant_mappings *mappings, struct quant_error *error)
{
    const struct quant_mapping *own = &mappings->all[0];
    const struct quant_params params = quant_choice_of_nothing(&own->plan.target).params;
    return quant_written_layout_choose(mappings->job->layout, &params, &mappings->layout, error);
}

enum quant_status quant_mappings_make(struct quant_mappings *mappings,
                                      const struct quant_quantize_job *job,
                                      struct quant_error *error)
{
    *mappings = (struct quant_mappings){.job = job};
    mappings->all = calloc(job->nrules + 1, sizeof *mappings->all);
    if (!mappings->all)
        return quant_error_no_memory(error, (job->nrules + 1) * sizeof *mappings->all, "rules");
    mappings->n = job->nrules + 1;
    mappings->all[0] =
        (struct quant_mapping){.has_min_dims = job->has_min_dims, .min_dims = job->min_dims};
    const struct quant_cancel *cancel = &job->control.cancel;
    const struct request request = {&job->spec, &job->granularity, job->scale_from,
                                    job->range_from};
    enum quant_status status = make_plan(&mappings->all[0], &request, cancel, error);
    for (size_t i = 0; status == QUANT_OK && i < job->nrules; i++)
        status = make_rule(&mappings->all[i + 1], &job->rules[i], cancel, error);
    if (status == QUANT_OK)
        status = check_blocks(mappings, error);
    return status == QUANT_OK ? choose_layout(mappings, error) : status;
}

/* ---- Looking up ---- */

const struct quant_mapping *quant_mappings_find(const struct quant_mappings *mappings,
                                                const char *name)
{
    const struct quant_quantize_job *job = mappings->job;
    const struct quant_rule *rule = quant_rule_find(job->rules, job->nrules, name);
    for (size_t i = 0; mappings->tied && i < job->nties; i++)
        if (quant_name_matches(job->ties[i], name))
            return &mappings->tied[i];
    return &mappings->all[rule ? rule - job->rules + 1 : 0];
}

const struct quant_spec *quant_mappings_spec(const struct quant_mappings *mappings,
                                             const struct quant_mapping *mapping)
{
    const size_t i = (size_t)(mapping - mappings->all);
    return i == 0 ? &mappings->job->spec : &mappings->job->rules[i - 1].spec;
}

bool quant_mappings_has(const struct quant_mappings *mappings, const struct quant_mapping *mapping,
                        const char *name, unsigned ndim)
{
    const unsigned min_dims =
        mapping->has_min_dims ? mapping->min_dims : (unsigned)QUANT_CONTAINER_MIN_DIMS;
    return !mapping->copies && ndim >= min_dims &&
           quant_selection_has(&mappings->job->selection, name);
}

enum quant_status quant_mappings_check_unchanged(const struct quant_mappings *mappings,
                                                 struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < mappings->n; i++)
        if (mappings->all[i].given)
            status = quant_given_params_check_unchanged(mappings->all[i].given, error);
    return status;
}

bool quant_mappings_have_blocks(const struct quant_mappings *mappings)
{
    return is_block(&mappings->all[0]);
}

const struct quant_written_layout *quant_mappings_layout(const struct quant_mappings *mappings,
                                                         const struct quant_format *format)
{
    return format == &quant_format_safetensors ? mappings->layout : NULL;
}

enum quant_status quant_mappings_check_format(const struct quant_mappings *mappings,
                                              const struct quant_format *format,
                                              struct quant_error *error)
{
    return mappings->layout && mappings->job->layout && format != &quant_format_safetensors
               ? quant_error_set(error, QUANT_INVALID,
                                 "the layout %s is of .safetensors files, not of the format %s",
                                 mappings->layout->name, format->name)
               : QUANT_OK;
}

bool quant_mappings_choose(const struct quant_mappings *mappings)
{
    return mappings->n > 1 || quant_selection_is_given(&mappings->job->selection);
}

void quant_mappings_release(struct quant_mappings *mappings)
{
    for (size_t i = 0; i < mappings->n; i++) {
        if (mappings->all[i].given)
            quant_given_params_release(mappings->all[i].given);
        free(mappings->all[i].given);
    }
    free(mappings->all);
    free(mappings->tied);
    *mappings = (struct quant_mappings){.n = 0};
}
