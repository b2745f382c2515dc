/* SPDX-License-Identifier: MIT */
/* The matrices of a job of drift, and its samples: which tensor of which file, and whether their
 * shapes fit each other, before any element is read. */
#ifndef QUANT_ENGINE_FILES_DRIFT_SOURCES_H
#define QUANT_ENGINE_FILES_DRIFT_SOURCES_H

#include <quant/drift.h>

#include "engine/tensor/tensor.h"

/* A matrix. Zeroed, it is closed. */
struct quant_drift_source {
    struct quant_input input;
    char *found;                /* owned: the tensor, if only the container says which; or NULL */
    struct quant_tensor tensor; /* by position while it is open */
    struct quant_shape shape;
    uint64_t ninputs;
    uint64_t noutputs;
};

struct quant_drift_sources {
    struct quant_drift_source *layers; /* owned: n of them */
    size_t n;
    struct quant_drift_source samples; /* open, if the job has them; its ninputs are one sample */
    uint64_t nsamples;
};

/* Reads all headers, and checks that shapes fit. What can be opened again is closed, so that a
 * network may have more layers than a process may have files open. Errors: those of quant_drift. To
 * be released also after an error. */
enum quant_status quant_drift_sources_open(struct quant_drift_sources *sources,
                                           const struct quant_drift_job *job,
                                           struct quant_error *error);

/* Opens the i-th matrix, which is at its first element and read by position. */
enum quant_status quant_drift_source_open(struct quant_drift_sources *sources, size_t i,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error);

static inline void quant_drift_source_close(struct quant_drift_source *source)
{
    quant_tensor_close(&source->tensor);
}

void quant_drift_sources_release(struct quant_drift_sources *sources);

#endif
