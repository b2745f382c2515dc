/* SPDX-License-Identifier: MIT */
/* Many tensors that are gone over again and again, one after the other. A file of one tensor is
 * opened anew in each pass, so that the number of files is no limit; a container, and a stream,
 * which can be read only once, stay open. Each tensor of floats of a container is an input of its
 * own. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATION_INPUTS_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATION_INPUTS_H

#include "engine/calibration/calibrate_wanted.h"
#include "engine/tensor/container_input.h"
#include "engine/tensor/scan.h"
#include "engine/work/pool.h"

#define QUANT_NO_CONTAINER UINT32_MAX

/* One tensor. */
struct quant_calibration_tensor {
    size_t path;        /* index of its file */
    uint32_t container; /* index of its container, or QUANT_NO_CONTAINER */
    uint32_t tensor;    /* its index there */
};

struct quant_inputs {
    /* The caller's: */
    const char *const *paths;
    size_t npaths;
    struct quant_input common;               /* but for the path */
    const struct quant_selection *selection; /* other tensors are passed over */
    const struct quant_wanted *wanted;       /* decides in place of selection; NULL: does not */
    struct quant_cancel cancel;
    unsigned threads; /* wanted; 0: one per processor */
    struct quant_progress progress;
    void (*begin_file)(void *context, size_t i); /* with the progress's context, before a tensor of
                                                  * the i-th path is read; may be NULL */

    bool needs_shape;     /* the shape of a tensor is known when it is visited; JSON is copied */
    bool needs_positions; /* its elements can be read by position; a stream is copied too */

    /* Made: */
    size_t n; /* tensors */
    unsigned workers;
    struct quant_pool *pool;                  /* owned */
    struct quant_calibration_tensor *tensors; /* owned */
    uint64_t *weights;                        /* owned, of each tensor, for progress: bytes, and
                                               * once they are known, elements */
    struct quant_tensor *kept;                /* owned: of each, if it is a stream or a copy */
    size_t ncopies;                           /* that are kept */
    struct quant_container_input *containers; /* owned */
    size_t ncontainers;
};

/* A scan of the i-th tensor, while it is open. */
typedef enum quant_status quant_input_fn(void *context, const struct quant_scan *scan, size_t i,
                                         struct quant_error *error);

/* The sum of the weights of tensors first..last-1. */
uint64_t quant_inputs_weight(const struct quant_inputs *inputs, size_t first, size_t last);

/* The first step of init: which tensors there are. */
enum quant_status quant_inputs_look(struct quant_inputs *inputs, struct quant_error *error);

/* Looks for containers among the files and makes the rest. To be released in either case.
 * QUANT_INVALID: a container has no tensor of floats, or no input is selected. */
enum quant_status quant_inputs_init(struct quant_inputs *inputs, struct quant_error *error);

/* Visits tensors first..last-1, in order. */
enum quant_status quant_inputs_visit(struct quant_inputs *inputs, size_t first, size_t last,
                                     quant_input_fn *visit, void *context,
                                     struct quant_error *error);

/* What messages call the i-th tensor: its file, and in parentheses its name in a container. */
enum { QUANT_INPUT_NAME = 256 };
const char *quant_inputs_name(const struct quant_inputs *inputs, size_t i,
                              char text[QUANT_INPUT_NAME]);

/* Fine on one that is all zeros. */
void quant_inputs_release(struct quant_inputs *inputs);

#endif
