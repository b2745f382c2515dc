/* SPDX-License-Identifier: MIT */
/*
 * A matrix of weights twice: as it is, and as it is restored from its quantization. Rows of both
 * can be loaded in any order; neither is in memory whole.
 *
 *     fill in the first part; quantize; load ...; release
 */
#ifndef QUANT_ENGINE_TENSOR_WEIGHT_PAIR_H
#define QUANT_ENGINE_TENSOR_WEIGHT_PAIR_H

#include "engine/tensor/tensor_run.h"

struct quant_weight_pair {
    /* The caller's, all borrowed: */
    struct quant_tensor *tensor; /* a matrix that has elements, by position, at its first element */
    const struct quant_plan *plan; /* NULL: weights are not quantized, and restored as they are */
    const struct quant_cancel *cancel;
    struct quant_pool *pool;
    struct quant_progress *progress; /* of the quantizing */
    bool is_transposed;              /* the shape is (inputs, outputs); else (outputs, inputs) */

    /* Made: */
    struct quant_tensor_run run; /* what was found */
    struct quant_scale_store scales;
    struct quant_file_output spool;
    struct quant_source *source; /* owned: of the integers */
    struct quant_reader *reader; /* owned */
};

static inline uint64_t quant_weight_pair_inputs(const struct quant_weight_pair *pair)
{
    return pair->tensor->reader->shape.dims[pair->is_transposed ? 0 : 1];
}

static inline uint64_t quant_weight_pair_outputs(const struct quant_weight_pair *pair)
{
    return pair->tensor->reader->shape.dims[pair->is_transposed ? 1 : 0];
}

/* Errors: those of a tensor run, and QUANT_INVALID if rows are not whole blocks of the type. To be
 * released also after an error. */
enum quant_status quant_weight_pair_quantize(struct quant_weight_pair *pair,
                                             struct quant_error *error);

/* The weights of n outputs from the first-th on, one output after the other, as they are and
 * restored, to buffers->x and buffers->restored, which have room for them; first and n are
 * multiples of QUANT_WEIGHT_PAIR_STEP, or n ends at the last output. Several threads may load at
 * once, each with its own buffers. */
enum { QUANT_WEIGHT_PAIR_STEP = 32 };
enum quant_status quant_weight_pair_load(const struct quant_weight_pair *pair, uint64_t first,
                                         size_t n, struct quant_buffers *buffers,
                                         struct quant_error *error);

/* Fine on one whose own part is zeros. */
void quant_weight_pair_release(struct quant_weight_pair *pair);

#endif
