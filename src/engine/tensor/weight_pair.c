/* SPDX-License-Identifier: MIT */
/* The integers go to a temporary file, as those of a quantized file would, and are restored from
 * there. */
#include "engine/tensor/weight_pair.h"

#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/profile_params.h"
#include "engine/work/pool.h"
#include "io/io.h"

/* Columns that are read together at most. */
enum { STRETCH = 512 };

_Static_assert(STRETCH % QUANT_WEIGHT_PAIR_STEP == 0, "a stretch is whole blocks");

/* ---- Quantizing ---- */

/* Blocks are of elements that follow each other in the file. */
static enum quant_status check_blocks(const struct quant_weight_pair *pair,
                                      struct quant_error *error)
{
    const struct quant_reader *reader = pair->tensor->reader;
    const struct quant_dtype_info *info = quant_dtype_info(pair->plan->target.dtype);
    const uint64_t row = reader->shape.dims[reader->order == QUANT_ORDER_C ? 1 : 0];
    if (info->block_nelems == 0 || row % info->block_nelems == 0)
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "cannot quantize '%s': its rows have %llu elements, which are not whole "
                           "blocks of %u as %s needs",
                           pair->tensor->source->name, (unsigned long long)row, info->block_nelems,
                           info->name);
}

static enum quant_status open_reader(struct quant_weight_pair *pair, struct quant_error *error)
{
    const struct quant_reader *weights = pair->tensor->reader;
    struct quant_reader head = *weights;
    head.stored = head.delivered = pair->run.choice.params.dtype;
    head.byte_order = QUANT_LITTLE;
    const enum quant_status status = quant_spool_finish(&pair->spool, &pair->source, error);
    return status == QUANT_OK ? quant_flat_open_reader(pair->source, &head, 0, &pair->reader, error)
                              : status;
}

enum quant_status quant_weight_pair_quantize(struct quant_weight_pair *pair,
                                             struct quant_error *error)
{
    struct quant_tensor_output output = {.sink = &pair->spool.sink};
    pair->spool.fd = pair->spool.second = -1;
    pair->run = (struct quant_tensor_run){.plan = pair->plan,
                                          .cancel = pair->cancel,
                                          .tensor = pair->tensor,
                                          .output = &output,
                                          .progress = pair->progress,
                                          .pool = pair->pool,
                                          .buffers = quant_pool_buffers(pair->pool, 0),
                                          .threads = quant_pool_threads(pair->pool),
                                          .measures = true,
                                          .has_one_policy = true};
    if (!pair->plan)
        return QUANT_OK;
    enum quant_status status = check_blocks(pair, error);
    if (status == QUANT_OK)
        status = quant_spool_begin(&pair->spool, pair->tensor->source->name, pair->cancel, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_begin(&pair->run, error);
    if (status == QUANT_OK && quant_granularity_has_groups(&pair->plan->granularity)) {
        status = quant_scale_store_open_memory(&pair->scales, pair->run.grouping.count,
                                               quant_plan_has_biases(pair->plan), error);
        output.scales = &pair->scales;
    }
    if (status == QUANT_OK)
        status = quant_tensor_output_open(&output, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(&pair->run, error);
    quant_tensor_output_release(&output);
    pair->run.output = NULL;
    return status == QUANT_OK ? open_reader(pair, error) : status;
}

/* ---- Loading ---- */

static void restore(const struct quant_weight_pair *pair, uint64_t first, const void *q, size_t n,
                    float *x)
{
    const struct quant_params *params = &pair->run.choice.params;
    const struct quant_group_params groups = {.scales = pair->scales.scales,
                                              .zero_points = pair->scales.zero_points,
                                              .biases = pair->scales.biases};
    if (pair->scales.ops)
        quant_dequantize_groups(params, &pair->run.grouping, &groups, first, q, n, x);
    else
        quant_dequantize(params, q, n, x);
}

/* n elements of the file from the first-th on: as they are to x, and restored. */
static enum quant_status load_both(const struct quant_weight_pair *pair, uint64_t first, size_t n,
                                   float *x, float *restored, struct quant_buffers *buffers,
                                   struct quant_error *error)
{
    struct quant_reader *weights = pair->tensor->reader;
    enum quant_status status = weights->ops->read_at(weights, first, x, n, buffers->stage, error);
    if (status == QUANT_OK && !pair->plan)
        memcpy(restored, x, n * sizeof *x);
    if (status != QUANT_OK || !pair->plan)
        return status;
    status = pair->reader->ops->read_at(pair->reader, first, buffers->q, n, buffers->stage, error);
    if (status == QUANT_OK)
        restore(pair, first, buffers->q, n, restored);
    return status;
}

/* The weights of an output do not follow each other: they are columns of the matrix in the file. A
 * stretch of each of its rows is read, and put in its place. Two elements may share a byte, so the
 * stretch may begin one element earlier. */
static enum quant_status load_columns(const struct quant_weight_pair *pair, uint64_t first,
                                      size_t n, struct quant_buffers *buffers,
                                      struct quant_error *error)
{
    float x[STRETCH + 1];
    float restored[STRETCH + 1];
    const uint64_t ninputs = quant_weight_pair_inputs(pair);
    const uint64_t noutputs = quant_weight_pair_outputs(pair);
    const bool is_packed = pair->plan && quant_dtype_info(pair->run.choice.params.dtype)->bits == 4;
    enum quant_status status = QUANT_OK;
    for (uint64_t i = 0; status == QUANT_OK && i < ninputs; i++) {
        const uint64_t at = i * noutputs + first;
        const size_t lead = is_packed ? (size_t)(at % 2) : 0;
        status = load_both(pair, at - lead, n + lead, x, restored, buffers, error);
        for (size_t k = 0; status == QUANT_OK && k < n; k++) {
            buffers->x[k * ninputs + i] = x[lead + k];
            buffers->restored[k * ninputs + i] = restored[lead + k];
        }
    }
    return status;
}

static enum quant_status load_all_columns(const struct quant_weight_pair *pair, uint64_t first,
                                          size_t n, struct quant_buffers *buffers,
                                          struct quant_error *error)
{
    const uint64_t ninputs = quant_weight_pair_inputs(pair);
    enum quant_status status = QUANT_OK;
    for (size_t k = 0; status == QUANT_OK && k < n; k += STRETCH) {
        struct quant_buffers part = *buffers;
        part.x += k * ninputs;
        part.restored += k * ninputs;
        status =
            load_columns(pair, first + k, n - k < STRETCH ? n - k : (size_t)STRETCH, &part, error);
    }
    return status;
}

enum quant_status quant_weight_pair_load(const struct quant_weight_pair *pair, uint64_t first,
                                         size_t n, struct quant_buffers *buffers,
                                         struct quant_error *error)
{
    const bool is_fortran = pair->tensor->reader->order == QUANT_ORDER_FORTRAN;
    const uint64_t ninputs = quant_weight_pair_inputs(pair);
    if (is_fortran != pair->is_transposed)
        return load_all_columns(pair, first, n, buffers, error);
    return load_both(pair, first * ninputs, n * (size_t)ninputs, buffers->x, buffers->restored,
                     buffers, error);
}

void quant_weight_pair_release(struct quant_weight_pair *pair)
{
    if (pair->reader)
        pair->reader->ops->close(pair->reader);
    quant_source_close(pair->source);
    quant_output_discard(&pair->spool);
    quant_tensor_run_release(&pair->run);
    quant_scale_store_release(&pair->scales);
    pair->reader = NULL;
    pair->source = NULL;
}
