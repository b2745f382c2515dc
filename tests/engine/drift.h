/* SPDX-License-Identifier: MIT */
/* A small network for the tests of drift, and jobs on it. */
#ifndef QUANT_TESTS_ENGINE_DRIFT_H
#define QUANT_TESTS_ENGINE_DRIFT_H

#include <quant/drift.h>

#include "engine.h"

enum { LAYERS = 3, SAMPLES = 19 };

static const size_t units[LAYERS + 1] = {70, 67, 45, 9};

struct network {
    float *weights[LAYERS]; /* (outputs, inputs) */
    float *samples;
};

static inline struct network make_network(void)
{
    struct network network;
    struct random random = random_begin();
    for (size_t i = 0; i < LAYERS; i++) {
        network.weights[i] = malloc(units[i] * units[i + 1] * sizeof(float));
        assert_non_null(network.weights[i]);
        for (size_t k = 0; k < units[i] * units[i + 1]; k++)
            network.weights[i][k] = (float)(random_unit(&random) - 0.48);
    }
    network.samples = make_floats(SAMPLES * units[0]);
    return network;
}

static inline void free_network(struct network *network)
{
    for (size_t i = 0; i < LAYERS; i++)
        free(network->weights[i]);
    free(network->samples);
}

/* Matrices as they are in a file: "w0.npy" ..., the samples are "x.npy". */
enum layout { AS_ROWS, IN_FORTRAN_ORDER, AS_COLUMNS, COLUMNS_IN_FORTRAN_ORDER, LAYOUTS };

static inline void write_network(const struct network *network, enum layout layout)
{
    char path[32];
    char shape[64];
    for (size_t i = 0; i < LAYERS; i++) {
        const size_t in = units[i];
        const size_t out = units[i + 1];
        const bool is_turned = layout == IN_FORTRAN_ORDER || layout == AS_COLUMNS;
        const bool has_inputs_first = layout == AS_COLUMNS || layout == COLUMNS_IN_FORTRAN_ORDER;
        float *turned = malloc(in * out * sizeof *turned);
        assert_non_null(turned);
        for (size_t o = 0; o < out; o++)
            for (size_t k = 0; k < in; k++)
                turned[is_turned ? k * out + o : o * in + k] = network->weights[i][o * in + k];
        snprintf(path, sizeof path, "w%zu.npy", i);
        snprintf(shape, sizeof shape, "(%zu, %zu)", has_inputs_first ? in : out,
                 has_inputs_first ? out : in);
        write_npy(path, turned, in * out,
                  layout == IN_FORTRAN_ORDER || layout == COLUMNS_IN_FORTRAN_ORDER, shape);
        free(turned);
    }
    snprintf(shape, sizeof shape, "(%d, %zu)", SAMPLES, units[0]);
    write_npy("x.npy", network->samples, SAMPLES * units[0], false, shape);
}

/* ---- The call ---- */

struct seen {
    size_t n;
    size_t most; /* stop after this many */
    struct quant_drift_layer layers[LAYERS];
    enum quant_status failed;
    size_t nfiles; /* that were reported as files */
};

static inline bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    seen->failed = result->status;
    assert_true((result->status == QUANT_OK) == (result->drifted != NULL));
    if (!result->drifted)
        return true;
    assert_int_equal(result->file, seen->n);
    assert_true(seen->n < LAYERS);
    seen->layers[seen->n++] = *result->drifted;
    return seen->n < seen->most;
}

/* After the layer itself. */
static inline bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->file, seen->nfiles++);
    assert_int_equal(result->status, seen->failed);
    assert_true((result->status == QUANT_OK) == (result->error == NULL));
    return true;
}

static const struct quant_input inputs[LAYERS] = {
    {.path = "w0.npy"}, {.path = "w1.npy"}, {.path = "w2.npy"}};

static inline struct quant_drift_job make_job(struct seen *seen)
{
    *seen = (struct seen){.most = SIZE_MAX};
    return (struct quant_drift_job){
        .size = sizeof(struct quant_drift_job),
        .layers = inputs,
        .nlayers = LAYERS,
        .input = {.path = "x.npy"},
        .control = {.on_tensor = see, .on_file = see_file, .context = seen}};
}

static inline struct quant_drift_result drift_ok(const struct quant_drift_job *job)
{
    struct quant_drift_result result;
    struct quant_error error;
    const int before = folder_count(".");
    check_ok(quant_drift(job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    return result;
}

static inline void drift_fails(const struct quant_drift_job *job, enum quant_status expected,
                               const char *message)
{
    struct quant_error error = {QUANT_OK, ""};
    check_error(message, quant_drift(job, NULL, &error), &error, expected, message);
}

#endif
