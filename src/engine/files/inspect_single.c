/* SPDX-License-Identifier: MIT */
/* A file of one tensor: its header, or what the caller and its sidecar say of it. Integers are
 * listed, although quantizing refuses them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/inspection.h"
#include "engine/tensor/number_reader.h"
#include "engine/tensor/statistics.h"
#include "engine/work/job.h"

static void set_role(struct quant_inspection *run, enum quant_role role)
{
    run->result->tensor.role = role;
    run->result->roles[role]++;
}

static void set_type(struct quant_inspected *tensor, const char *type)
{
    snprintf(tensor->type, sizeof tensor->type, "%s", type);
}

/* ---- Quantized ---- */

static enum quant_status open_quantized(struct quant_inspection *run, struct quant_error *error)
{
    struct quant_tensor *tensor = &run->tensor;
    const struct quant_sidecar *sidecar = &run->sidecar.single;
    const struct quant_read_request request = {
        .deliver = sidecar->params.dtype,
        .raw_dtype = sidecar->params.dtype,
        .shape = &sidecar->shape,
        .order = sidecar->order,
    };
    const enum quant_status status =
        tensor->format->open_reader(tensor->source, &request, &tensor->reader, error);
    const struct quant_reader *reader = tensor->reader;
    if (status == QUANT_OK && reader->knowledge == QUANT_SHAPE_KNOWN &&
        !quant_shape_equal(&reader->shape, &sidecar->shape))
        return quant_error_set(error, QUANT_CORRUPT,
                               "'%s' has another shape than its sidecar '%s' says",
                               tensor->source->name, run->sidecar.path);
    return status;
}

static void fill_quantized(struct quant_inspection *run, const struct quant_described *described)
{
    const struct quant_sidecar *sidecar = &run->sidecar.single;
    struct quant_inspected *tensor = &run->result->tensor;
    quant_inspected_sidecar_record(&run->sidecar, &tensor->recorded);
    set_type(tensor,
             described->type[0] ? described->type : quant_dtype_info(sidecar->params.dtype)->name);
    tensor->dtype = sidecar->params.dtype;
    tensor->shape = sidecar->shape;
    tensor->order = sidecar->order;
    tensor->offset = described->offset;
    set_role(run, QUANT_ROLE_QUANTIZED);
}

/* false: the sidecar says something else than the file, which is then taken as it is. */
static bool take_quantized(struct quant_inspection *run, const struct quant_described *described)
{
    struct quant_error fault = {.status = QUANT_OK};
    if (!run->sidecar.is_single)
        return false;
    if (open_quantized(run, &fault) == QUANT_OK) {
        fill_quantized(run, described);
        return true;
    }
    if (run->tensor.reader)
        run->tensor.reader->ops->close(run->tensor.reader);
    run->tensor.reader = NULL;
    run->result->has_sidecar = false;
    quant_inspection_add_fault(run, &fault);
    return false;
}

/* ---- As it is ---- */

/* JSON, and raw elements from a pipe: only the end says what the shape is. */
static enum quant_status read_to_end(struct quant_inspection *run)
{
    struct quant_tensor *tensor = &run->tensor;
    struct quant_chunk chunk = {.count = 1};
    enum quant_status status = QUANT_OK;
    float *x = malloc(QUANT_CHUNK * sizeof *x);
    if (!x)
        return quant_error_no_memory(run->error, QUANT_CHUNK * sizeof *x, "buffers");
    if (tensor->source->ops->forward_only)
        tensor->source->ops->forward_only(tensor->source);
    while (status == QUANT_OK && chunk.count > 0) {
        chunk.count = QUANT_CHUNK;
        status = quant_reader_load(tensor->reader, false, &chunk, x, NULL, run->error);
    }
    free(x);
    return status;
}

/* A type that is not one of floats: nothing reads it, so the size is checked here. */
static enum quant_status fill_described(struct quant_inspection *run,
                                        const struct quant_described *described)
{
    struct quant_inspected *tensor = &run->result->tensor;
    struct quant_source *source = run->tensor.source;
    const struct quant_dtype_info *info = quant_dtype_info(described->dtype);
    uint64_t nelems = 0;
    if (!quant_shape_count(&described->shape, &nelems))
        return quant_source_error(source, run->error, QUANT_OUT_OF_RANGE,
                                  "its shape is larger than any file");
    const uint64_t nbytes = quant_dtype_bytes(described->dtype, nelems);
    if (info && source->positional && source->size - described->offset != nbytes)
        return quant_source_error(source, run->error,
                                  source->size - described->offset < nbytes ? QUANT_TRUNCATED
                                                                            : QUANT_CORRUPT,
                                  "its elements take %llu bytes from byte %llu on, found %llu",
                                  (unsigned long long)nbytes, (unsigned long long)described->offset,
                                  (unsigned long long)(source->size - described->offset));
    set_type(tensor, described->type);
    tensor->dtype = described->dtype;
    tensor->shape = described->shape;
    tensor->order = described->order;
    tensor->offset = described->offset;
    set_role(run, QUANT_ROLE_REFUSED);
    if (info && info->is_integer)
        quant_inspection_miss_sidecar(run, "it holds integers");
    return QUANT_OK;
}

static enum quant_status take_floats(struct quant_inspection *run,
                                     const struct quant_described *described)
{
    struct quant_inspected *tensor = &run->result->tensor;
    const struct quant_input *input = &run->job->input;
    enum quant_status status =
        quant_tensor_open_reader(&run->tensor, input, NULL, &run->job->control.cancel, run->error);
    if (status == QUANT_OK && run->job->measure && !quant_reader_is_positional(run->tensor.reader))
        status = quant_tensor_spool(&run->tensor, &run->job->control.cancel, run->error);
    else if (status == QUANT_OK && run->tensor.reader->knowledge != QUANT_SHAPE_KNOWN)
        status = read_to_end(run);
    if (status != QUANT_OK)
        return status;
    const struct quant_reader *reader = quant_tensor_origin(&run->tensor);
    set_type(tensor, described->type[0] ? described->type : quant_dtype_info(reader->stored)->name);
    tensor->dtype = reader->stored;
    tensor->shape = reader->shape;
    tensor->order = reader->order;
    tensor->offset = described->offset;
    set_role(run, QUANT_ROLE_MAPPED);
    return QUANT_OK;
}

static enum quant_status take_as_it_is(struct quant_inspection *run,
                                       const struct quant_described *described)
{
    const struct quant_dtype_info *info = quant_dtype_info(described->dtype);
    const bool is_float = info && info->is_source;
    const bool is_asked = described->is_opaque && run->job->input.dtype;
    return !run->tensor.format->describe || is_float || is_asked ? take_floats(run, described)
                                                                 : fill_described(run, described);
}

/* ---- Statistics ---- */

/* The reader of floats is open already. Integers, and floats that a sidecar describes, are opened
 * again: as numbers. */
static enum quant_status open_numbers(struct quant_inspection *run)
{
    struct quant_tensor *tensor = &run->tensor;
    const struct quant_inspected *inspected = &run->result->tensor;
    const struct quant_dtype_info *info = quant_dtype_info(inspected->dtype);
    const struct quant_read_request request = {
        .deliver = info->is_integer ? inspected->dtype : QUANT_FLOAT32,
        .raw_dtype = inspected->dtype,
        .shape = &inspected->shape,
        .order = inspected->order,
    };
    struct quant_reader *reader = NULL;
    if (inspected->role == QUANT_ROLE_MAPPED)
        return QUANT_OK;
    if (tensor->reader)
        tensor->reader->ops->close(tensor->reader);
    tensor->reader = NULL;
    const enum quant_status status =
        tensor->format->open_reader(tensor->source, &request, &reader, run->error);
    if (status == QUANT_OK && info->is_integer)
        return quant_number_reader_open(reader, &tensor->reader, run->error);
    tensor->reader = reader;
    return status;
}

static enum quant_status measure(struct quant_inspection *run)
{
    struct quant_inspected *inspected = &run->result->tensor;
    const struct quant_dtype_info *info = quant_dtype_info(inspected->dtype);
    struct quant_progress progress = {.call = run->job->control.progress,
                                      .context = run->job->control.context};
    if (!info)
        return QUANT_OK;
    const struct quant_params numbers = inspected->role == QUANT_ROLE_QUANTIZED
                                            ? inspected->recorded.params
                                            : quant_number_params(inspected->dtype);
    const struct quant_statistics_request request = {
        .spec = quant_inspected_spec(run->job, inspected),
        .quantized = info->is_integer ? &numbers : NULL,
        .cancel = &run->job->control.cancel,
    };
    enum quant_status status = open_numbers(run);
    if (status == QUANT_OK)
        status = quant_statistics_find(&request, &run->tensor, run->pool, &progress,
                                       &inspected->statistics, run->error);
    inspected->has_statistics = status == QUANT_OK;
    return status;
}

/* ---- Both ---- */

enum quant_status quant_inspect_single(struct quant_inspection *run)
{
    struct quant_inspect_result *result = run->result;
    struct quant_tensor *tensor = &run->tensor;
    struct quant_described described = {.offset = 0};
    enum quant_status status = QUANT_OK;
    if (run->job->input.tensor)
        return quant_source_error(tensor->source, run->error, QUANT_INVALID,
                                  "it has one tensor, without a name");
    if (tensor->format->describe)
        status = tensor->format->describe(tensor->source, &described, run->error);
    if (status == QUANT_OK && !take_quantized(run, &described))
        status = take_as_it_is(run, &described);
    if (status != QUANT_OK)
        return status;
    const uint64_t size = quant_tensor_source(tensor)->size;
    result->ntensors = 1;
    result->nbytes = size;
    quant_shape_count(&result->tensor.shape, &result->tensor.nelems);
    result->tensor.nbytes = size - described.offset;
    if (size == QUANT_SIZE_UNKNOWN)
        result->tensor.nbytes = quant_dtype_bytes(result->tensor.dtype, result->tensor.nelems);
    if (run->job->measure)
        status = measure(run);
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_result shown = {
        .name = "", .nbytes = result->tensor.nbytes, .inspected = &result->tensor};
    return quant_control_report(&run->job->control, &shown, run->error);
}
