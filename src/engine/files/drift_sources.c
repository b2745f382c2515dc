/* SPDX-License-Identifier: MIT */
#include "engine/files/drift_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"

/* ---- The only matrix of a container ---- */

struct finding {
    char *name; /* owned: the first matrix of floats */
    size_t n;   /* of such matrices */
    bool has_failed;
};

static bool see(void *context, const struct quant_listed_tensor *tensor)
{
    struct finding *finding = context;
    if (!tensor->is_float || tensor->ndim != 2)
        return true;
    finding->n++;
    if (finding->n == 1)
        finding->name = strdup(tensor->name);
    finding->has_failed = !finding->name;
    return !finding->has_failed;
}

static enum quant_status find_matrix(struct quant_drift_source *source,
                                     const struct quant_cancel *cancel, struct quant_error *error)
{
    struct finding finding = {.name = NULL};
    bool is_container;
    const enum quant_status status =
        quant_file_list(&source->input, cancel, see, &finding, &is_container, error);
    source->found = finding.name;
    if (finding.has_failed)
        return quant_error_no_memory(error, 1, "names");
    if (status != QUANT_OK)
        return status;
    if (finding.n != 1)
        return quant_error_set(
            error, QUANT_INVALID, "cannot use '%s' as a layer: it has %zu matrices of floats%s",
            source->input.path, finding.n, finding.n > 1 ? "; choose with --tensors" : "");
    source->input.tensor = source->found;
    return QUANT_OK;
}

/* ---- One file ---- */

/* Down to the elements, by position. */
static enum quant_status open_tensor(struct quant_drift_source *source, bool is_layer,
                                     const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_tensor *tensor = &source->tensor;
    enum quant_status status = quant_tensor_recognize(tensor, &source->input, cancel, error);
    if (status == QUANT_OK && is_layer && tensor->format->container && tensor->source->positional &&
        !source->input.tensor)
        status = find_matrix(source, cancel, error);
    if (status == QUANT_OK)
        status = quant_tensor_open_reader(tensor, &source->input, NULL, cancel, error);
    if (status == QUANT_OK && !quant_reader_is_positional(tensor->reader))
        status = quant_tensor_spool(tensor, cancel, error);
    return status;
}

/* "w.npy", or "model.safetensors: fc1.weight". */
enum { NAME_TEXT = 384 };
static const char *name_of(const struct quant_drift_source *source, char text[NAME_TEXT])
{
    const char *tensor = source->input.tensor;
    snprintf(text, NAME_TEXT, "%.180s%s%.180s", source->input.path, tensor ? ": " : "",
             tensor ? tensor : "");
    return text;
}

static enum quant_status settle_layer(struct quant_drift_source *source, bool is_transposed,
                                      struct quant_error *error)
{
    const struct quant_reader *reader = source->tensor.reader;
    char name[NAME_TEXT];
    char shape[QUANT_SHAPE_TEXT];
    source->shape = reader->shape;
    if (reader->shape.ndim != 2 || reader->nelems == 0)
        return quant_error_set(error, QUANT_INVALID,
                               "cannot use '%s' as a layer: its shape is %s, not that of a matrix",
                               name_of(source, name), quant_shape_text(&reader->shape, shape));
    source->ninputs = reader->shape.dims[is_transposed ? 0 : 1];
    source->noutputs = reader->shape.dims[is_transposed ? 1 : 0];
    return QUANT_OK;
}

static enum quant_status look_at_layer(struct quant_drift_source *source, bool is_transposed,
                                       const struct quant_cancel *cancel, struct quant_error *error)
{
    enum quant_status status = open_tensor(source, true, cancel, error);
    if (status == QUANT_OK)
        status = settle_layer(source, is_transposed, error);
    if (status != QUANT_OK || !source->tensor.spooled_source)
        quant_drift_source_close(source);
    return status;
}

static enum quant_status look_at_samples(struct quant_drift_sources *sources,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    struct quant_drift_source *samples = &sources->samples;
    const enum quant_status status = open_tensor(samples, false, cancel, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_reader *reader = samples->tensor.reader;
    char shape[QUANT_SHAPE_TEXT];
    const int ndim = reader->shape.ndim;
    samples->shape = reader->shape;
    if (ndim < 1 || ndim > 2 || reader->nelems == 0)
        return quant_error_set(error, QUANT_INVALID,
                               "cannot use '%s' as samples: its shape is %s, not (samples, inputs)",
                               samples->input.path, quant_shape_text(&reader->shape, shape));
    samples->ninputs = reader->shape.dims[ndim - 1];
    sources->nsamples = ndim == 2 ? reader->shape.dims[0] : 1;
    return QUANT_OK;
}

/* ---- How they fit ---- */

/* Whether all would fit if the matrices were stored the other way. */
static bool fits_transposed(const struct quant_drift_sources *sources)
{
    bool fits =
        !sources->samples.input.path || sources->samples.ninputs == sources->layers[0].noutputs;
    for (size_t i = 1; i < sources->n; i++)
        fits = fits && sources->layers[i - 1].ninputs == sources->layers[i].noutputs;
    return fits;
}

/* What to do, at the end of a message about shapes that do not fit. */
static const char *advice(const struct quant_drift_sources *sources, bool is_transposed)
{
    if (!fits_transposed(sources))
        return "";
    return is_transposed ? "; the shapes fit without --transpose"
                         : "; the shapes fit with --transpose";
}

static enum quant_status check_pair(const struct quant_drift_sources *sources, bool is_transposed,
                                    const struct quant_drift_source *from,
                                    const struct quant_drift_source *to, struct quant_error *error)
{
    char names[2][NAME_TEXT];
    char shapes[2][QUANT_SHAPE_TEXT];
    if (from->noutputs == to->ninputs)
        return QUANT_OK;
    return quant_error_set(
        error, QUANT_INVALID,
        "'%s' of shape %s has %llu outputs, but '%s' of shape %s takes %llu inputs%s",
        name_of(from, names[0]), quant_shape_text(&from->shape, shapes[0]),
        (unsigned long long)from->noutputs, name_of(to, names[1]),
        quant_shape_text(&to->shape, shapes[1]), (unsigned long long)to->ninputs,
        advice(sources, is_transposed));
}

static enum quant_status check_samples(const struct quant_drift_sources *sources,
                                       bool is_transposed, struct quant_error *error)
{
    const struct quant_drift_source *samples = &sources->samples;
    const struct quant_drift_source *first = &sources->layers[0];
    char name[NAME_TEXT];
    char shapes[2][QUANT_SHAPE_TEXT];
    if (!samples->input.path || samples->ninputs == first->ninputs)
        return QUANT_OK;
    return quant_error_set(
        error, QUANT_INVALID,
        "'%s' of shape %s has samples of %llu numbers, but '%s' of shape %s takes %llu inputs%s",
        samples->input.path, quant_shape_text(&samples->shape, shapes[0]),
        (unsigned long long)samples->ninputs, name_of(first, name),
        quant_shape_text(&first->shape, shapes[1]), (unsigned long long)first->ninputs,
        advice(sources, is_transposed));
}

static enum quant_status check_shapes(const struct quant_drift_sources *sources, bool is_transposed,
                                      struct quant_error *error)
{
    enum quant_status status = check_samples(sources, is_transposed, error);
    for (size_t i = 1; status == QUANT_OK && i < sources->n; i++)
        status =
            check_pair(sources, is_transposed, &sources->layers[i - 1], &sources->layers[i], error);
    return status;
}

/* ---- All of them ---- */

enum quant_status quant_drift_sources_open(struct quant_drift_sources *sources,
                                           const struct quant_drift_job *job,
                                           struct quant_error *error)
{
    const struct quant_cancel *cancel = &job->control.cancel;
    enum quant_status status = QUANT_OK;
    sources->layers = calloc(job->nlayers, sizeof *sources->layers);
    if (!sources->layers)
        return quant_error_no_memory(error, job->nlayers * sizeof *sources->layers, "layers");
    sources->n = job->nlayers;
    for (size_t i = 0; status == QUANT_OK && i < sources->n; i++) {
        sources->layers[i].input = job->layers[i];
        status = look_at_layer(&sources->layers[i], job->is_transposed, cancel, error);
    }
    sources->samples.input = job->input;
    sources->nsamples = job->nsamples > 0 ? job->nsamples : QUANT_DRIFT_SAMPLES;
    if (status == QUANT_OK && job->input.path)
        status = look_at_samples(sources, cancel, error);
    return status == QUANT_OK ? check_shapes(sources, job->is_transposed, error) : status;
}

enum quant_status quant_drift_source_open(struct quant_drift_sources *sources, size_t i,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error)
{
    struct quant_drift_source *source = &sources->layers[i];
    if (source->tensor.reader)
        return QUANT_OK;
    const enum quant_status status = open_tensor(source, true, cancel, error);
    if (status == QUANT_OK && !quant_shape_equal(&source->shape, &source->tensor.reader->shape))
        return quant_source_error(source->tensor.source, error, QUANT_IO,
                                  "it has changed since its header was read");
    return status;
}

void quant_drift_sources_release(struct quant_drift_sources *sources)
{
    for (size_t i = 0; i < sources->n; i++) {
        quant_drift_source_close(&sources->layers[i]);
        free(sources->layers[i].found);
    }
    quant_drift_source_close(&sources->samples);
    free(sources->layers);
    *sources = (struct quant_drift_sources){.layers = NULL};
}
