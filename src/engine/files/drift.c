/* SPDX-License-Identifier: MIT */
/* Layer after layer: quantize, multiply, compare, go on with the outputs. */
#include <quant/drift.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "core/profile_params.h"
#include "core/report_totals.h"
#include "engine/files/drift_sources.h"
#include "engine/tensor/layer_product.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "engine/work/pool.h"
#include "methods/plan_make.h"

static const char *const names[] = {"float", "token", "tensor"};

const char *quant_drift_activations_name(size_t i)
{
    return i < sizeof names / sizeof names[0] ? names[i] : NULL;
}

struct drift {
    const struct quant_drift_job *job;
    struct quant_drift_sources sources;
    struct quant_pool *pool;
    struct quant_progress progress;   /* counts each weight twice: quantized, and multiplied */
    struct quant_both_stacks current; /* the inputs of the next layer */
    struct quant_drift_result result;
    struct quant_error *error;
};

/* One layer at work. */
struct layer_run {
    size_t i;
    struct quant_plan plan; /* for the type of its weights; not used if they are copied */
    struct quant_weight_pair pair;
    struct quant_both_stacks outputs;
    struct quant_drift_layer found;
};

static void release_both(struct quant_both_stacks *both)
{
    quant_activations_release(&both->original);
    quant_activations_release(&both->restored);
}

static enum quant_status init_both(struct quant_both_stacks *both, uint64_t nsamples,
                                   uint64_t nunits, struct quant_error *error)
{
    const enum quant_status status =
        quant_activations_init(&both->original, nsamples, nunits, error);
    return status == QUANT_OK ? quant_activations_init(&both->restored, nsamples, nunits, error)
                              : status;
}

/* ---- Before the first layer ---- */

/* Each pattern must be one, and each spec make sense. */
static enum quant_status check_rules(const struct quant_drift_job *job, struct quant_error *error)
{
    struct quant_plan plan;
    enum quant_status status = quant_plan_make(&job->spec, &job->granularity, &plan, error);
    for (size_t i = 0; status == QUANT_OK && i < job->nrules; i++) {
        const struct quant_rule *rule = &job->rules[i];
        struct quant_error own;
        if (!rule->pattern)
            return quant_error_set(error, QUANT_INVALID, "a rule needs a pattern");
        if (!rule->copies)
            status = quant_plan_make(&rule->spec, &rule->granularity, &plan, &own);
        if (status != QUANT_OK)
            quant_error_set(error, status, "for '%.200s': %s", rule->pattern, own.text);
    }
    return status;
}

/* Whether any layer may have weights that are not finite. */
static bool allows_nonfinite(const struct quant_drift_job *job)
{
    bool allows = job->spec.nonfinite != QUANT_NONFINITE_ERROR;
    for (size_t i = 0; i < job->nrules; i++)
        allows |= job->rules[i].spec.nonfinite != QUANT_NONFINITE_ERROR;
    return allows;
}

static enum quant_status check_layers(const struct quant_drift_job *job, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (job->nlayers == 0 || !job->layers)
        return quant_error_set(error, QUANT_INVALID, "at least one layer is needed");
    for (size_t i = 0; status == QUANT_OK && i < job->nlayers; i++) {
        if (!job->layers[i].path)
            return quant_error_set(error, QUANT_INVALID, "layer %zu has no path", i);
        status = quant_input_check(&job->layers[i], "layers", error);
    }
    return status;
}

static enum quant_status check_job(const struct quant_drift_job *job, struct quant_error *error)
{
    size_t nstreams = job->input.path && strcmp(job->input.path, "-") == 0;
    enum quant_status status = quant_input_check(&job->input, "input", error);
    if (status == QUANT_OK)
        status = quant_spec_check_values(&job->spec, error);
    if (status == QUANT_OK)
        status = quant_rules_check(job->rules, job->nrules, error);
    if (status == QUANT_OK)
        status = check_layers(job, error);
    if (status != QUANT_OK)
        return status;
    if ((unsigned)job->activations >= sizeof names / sizeof names[0])
        return quant_error_set(error, QUANT_INVALID, "unknown kind of activations %d",
                               (int)job->activations);
    if (allows_nonfinite(job))
        return quant_error_set(error, QUANT_INVALID,
                               "weights that are not finite have no outputs: they are an error");
    for (size_t i = 0; i < job->nlayers; i++)
        nstreams += strcmp(job->layers[i].path, "-") == 0;
    if (nstreams > 1)
        return quant_error_set(error, QUANT_INVALID,
                               "standard input can be read only once, as one layer or the samples");
    return check_rules(job, error);
}

/* By its tensor's name, or else its path. */
static const struct quant_rule *find_rule(const struct drift *drift, size_t i)
{
    const struct quant_input *input = &drift->sources.layers[i].input;
    return quant_rule_find(drift->job->rules, drift->job->nrules,
                           input->tensor ? input->tensor : input->path);
}

/* A mistyped pattern is an error, also if a later one takes all of its layers. */
static enum quant_status check_patterns(const struct drift *drift)
{
    for (size_t i = 0; i < drift->job->nrules; i++) {
        const char *pattern = drift->job->rules[i].pattern;
        bool is_used = false;
        for (size_t k = 0; k < drift->sources.n; k++) {
            const struct quant_input *input = &drift->sources.layers[k].input;
            is_used |= quant_name_matches(pattern, input->tensor ? input->tensor : input->path);
        }
        if (!is_used)
            return quant_error_set(drift->error, QUANT_INVALID, "no layer matches '%.200s'",
                                   pattern);
    }
    return QUANT_OK;
}

static enum quant_status make_samples(struct drift *drift)
{
    const struct quant_drift_sources *sources = &drift->sources;
    struct quant_both_stacks *current = &drift->current;
    enum quant_status status =
        init_both(current, sources->nsamples, sources->layers[0].ninputs, drift->error);
    if (status != QUANT_OK)
        return status;
    if (sources->samples.input.path)
        status = quant_activations_load(&current->original, &sources->samples.tensor, drift->error);
    else
        quant_activations_draw(&current->original, drift->job->seed);
    if (status == QUANT_OK && sources->samples.input.path)
        status = quant_source_check_unchanged(quant_tensor_source(&sources->samples.tensor),
                                              drift->error);
    quant_activations_copy(&current->restored, &current->original);
    return status;
}

static void begin_progress(struct drift *drift)
{
    const struct quant_control *control = &drift->job->control;
    uint64_t total = 0;
    drift->progress =
        (struct quant_progress){.call = control->progress, .context = control->context};
    for (size_t i = 0; i < drift->sources.n; i++)
        total += 2 * drift->sources.layers[i].ninputs * drift->sources.layers[i].noutputs;
    quant_progress_begin_pass(&drift->progress, total, 0);
}

/* ---- A layer ---- */

static enum quant_status make_plan(const struct drift *drift, struct layer_run *run,
                                   enum quant_dtype stored)
{
    const struct quant_rule *rule = find_rule(drift, run->i);
    run->found.is_copied = rule && rule->copies;
    if (run->found.is_copied)
        return QUANT_OK;
    const enum quant_status status =
        rule ? quant_plan_make(&rule->spec, &rule->granularity, &run->plan, drift->error)
             : quant_plan_make(&drift->job->spec, &drift->job->granularity, &run->plan,
                               drift->error);
    quant_plan_settle(&run->plan, stored);
    return status;
}

static enum quant_status quantize(struct drift *drift, struct layer_run *run)
{
    struct quant_drift_source *source = &drift->sources.layers[run->i];
    const struct quant_cancel *cancel = &drift->job->control.cancel;
    struct quant_progress_item item = {.whole = &drift->progress,
                                       .nelems = source->ninputs * source->noutputs};
    struct quant_progress progress = {.call = quant_progress_relay, .context = &item};
    enum quant_status status =
        quant_drift_source_open(&drift->sources, run->i, cancel, drift->error);
    if (status != QUANT_OK)
        return status;
    status = make_plan(drift, run, quant_tensor_origin(&source->tensor)->stored);
    if (status != QUANT_OK)
        return status;
    run->pair.tensor = &source->tensor;
    run->pair.plan = run->found.is_copied ? NULL : &run->plan;
    run->pair.cancel = cancel;
    run->pair.pool = drift->pool;
    run->pair.progress = &progress;
    run->pair.is_transposed = drift->job->is_transposed;
    status = quant_weight_pair_quantize(&run->pair, drift->error);
    if (run->found.is_copied)
        quant_progress_add(&drift->progress, item.nelems);
    run->pair.progress = NULL;
    return status;
}

/* Nothing is lost of what is copied. */
static void note_copied(struct quant_drift_layer *found, const struct quant_reader *reader)
{
    quant_report_init(&found->weights);
    found->grouping.axis = -1;
    found->shape = reader->shape;
    found->order = reader->order;
    found->source_dtype = reader->stored;
    found->source_format = reader->format->name;
    found->weights.n = reader->nelems;
    found->weights.bytes_in = found->weights.bytes_out =
        quant_dtype_bytes(reader->stored, reader->nelems);
    quant_report_derive(&found->weights);
}

static void note_weights(const struct layer_run *run, const struct quant_drift_sources *sources,
                         struct quant_drift_layer *found)
{
    struct quant_quantize_result weights;
    found->ninputs = sources->layers[run->i].ninputs;
    found->noutputs = sources->layers[run->i].noutputs;
    found->nsamples = sources->nsamples;
    found->has_relu = run->i + 1 < sources->n;
    if (found->is_copied) {
        note_copied(found, quant_tensor_origin(run->pair.tensor));
        return;
    }
    quant_tensor_run_result(&run->pair.run, &weights);
    found->choice = weights.choice;
    found->grouping = weights.grouping;
    found->shape = weights.shape;
    found->order = weights.order;
    found->source_dtype = weights.source_dtype;
    found->source_format = weights.source_format;
    found->weights = weights.report;
}

static enum quant_status multiply(struct drift *drift, struct layer_run *run)
{
    const struct quant_layer_product product = {.pair = &run->pair,
                                                .inputs = &drift->current,
                                                .outputs = &run->outputs,
                                                .cancel = &drift->job->control.cancel,
                                                .pool = drift->pool,
                                                .progress = &drift->progress};
    enum quant_status status = QUANT_OK;
    if (drift->job->activations != QUANT_ACTIVATIONS_FLOAT)
        status = quant_activations_quantize(&drift->current.restored, drift->job->activations,
                                            drift->error);
    if (status == QUANT_OK)
        status =
            init_both(&run->outputs, drift->sources.nsamples, run->found.noutputs, drift->error);
    if (status == QUANT_OK)
        status = quant_layer_multiply(&product, drift->error);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(run->pair.tensor), drift->error);
    return status;
}

/* ReLU, and the figures of what is passed on. */
static enum quant_status compare(struct drift *drift, struct layer_run *run)
{
    if (run->found.has_relu) {
        quant_activations_rectify(&run->outputs.original);
        quant_activations_rectify(&run->outputs.restored);
    }
    if (quant_activations_compare(&run->outputs.original, &run->outputs.restored, &run->found))
        return QUANT_OK;
    return quant_error_set(drift->error, QUANT_OUT_OF_RANGE,
                           "an output of '%s' is not finite in float32",
                           drift->sources.layers[run->i].tensor.source->name);
}

/* To the caller. An error stays what it is, whatever the caller answers. */
static enum quant_status report(const struct drift *drift, size_t i, enum quant_status status,
                                const struct quant_drift_layer *found)
{
    const char *tensor = drift->sources.layers[i].input.tensor;
    const bool failed = status != QUANT_OK;
    const struct quant_tensor_result result = {
        .file = i,
        .tensor = i,
        .ntensors = drift->sources.n,
        .name = tensor ? tensor : "",
        .status = status,
        .error = failed ? drift->error : NULL,
        .nbytes = found->weights.bytes_in,
        .drifted = failed ? NULL : found,
    };
    const struct quant_file_result file = {.file = i, .status = status, .error = result.error};
    const struct quant_control *control = &drift->job->control;
    bool goes_on = !control->on_tensor || control->on_tensor(control->context, &result);
    if (control->on_file && (goes_on || failed))
        goes_on = control->on_file(control->context, &file);
    return failed || goes_on ? status : quant_error_set(drift->error, QUANT_CANCELLED, "cancelled");
}

static enum quant_status run_layer(struct drift *drift, struct layer_run *run)
{
    enum quant_status status = quantize(drift, run);
    if (status == QUANT_OK)
        note_weights(run, &drift->sources, &run->found);
    if (status == QUANT_OK)
        status = multiply(drift, run);
    if (status == QUANT_OK)
        status = compare(drift, run);
    return status;
}

static enum quant_status go_through_layer(struct drift *drift, size_t i)
{
    const struct quant_control *control = &drift->job->control;
    struct layer_run *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(drift->error, sizeof *run, "buffers");
    run->i = i;
    if (control->begin_file)
        control->begin_file(control->context, i);
    enum quant_status status = run_layer(drift, run);
    if (status == QUANT_OK) {
        drift->result.last = run->found;
        drift->result.nlayers++;
    }
    status = report(drift, i, status, &run->found);
    quant_weight_pair_release(&run->pair);
    quant_drift_source_close(&drift->sources.layers[i]);
    release_both(&drift->current);
    drift->current = run->outputs;
    free(run);
    return status;
}

static enum quant_status go_through(struct drift *drift)
{
    enum quant_status status = quant_drift_sources_open(&drift->sources, drift->job, drift->error);
    if (status == QUANT_OK)
        status = check_patterns(drift);
    if (status == QUANT_OK)
        status = make_samples(drift);
    if (status != QUANT_OK)
        return status;
    begin_progress(drift);
    drift->result.nsamples = drift->sources.nsamples;
    for (size_t i = 0; status == QUANT_OK && i < drift->sources.n; i++)
        status = go_through_layer(drift, i);
    return status;
}

enum quant_status quant_drift(const struct quant_drift_job *job, struct quant_drift_result *result,
                              struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_drift_job own;
    struct quant_error unseen; /* layers report their errors, whoever asks */
    struct drift drift = {.job = &own, .error = error ? error : &unseen};
    enum quant_status status =
        quant_job_copy(&own, sizeof own, job, "quant_drift_job", drift.error);
    if (status == QUANT_OK)
        status = check_job(&own, drift.error);
    if (status != QUANT_OK)
        return status;
    const unsigned threads = own.control.threads > 0 ? own.control.threads : quant_processors();
    drift.pool = quant_pool_new(threads < QUANT_MOST_THREADS ? threads : QUANT_MOST_THREADS);
    status = drift.pool ? go_through(&drift)
                        : quant_error_no_memory(drift.error, threads * sizeof(void *), "threads");
    if (result)
        *result = drift.result;
    release_both(&drift.current);
    quant_drift_sources_release(&drift.sources);
    quant_pool_free(drift.pool);
    return status;
}
