/* SPDX-License-Identifier: MIT */
/* A quantized tensor, or only its parameters, in the caller's memory. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "base/shape.h"
#include "engine/files/dequantize_inputs.h"
#include "engine/work/job_check.h"
#include "io/cancel.h"

/* ---- Parameters ---- */

static enum quant_status no_memory(struct quant_error *error, uint64_t nbytes)
{
    return quant_error_no_memory(error, nbytes < SIZE_MAX ? (size_t)nbytes : SIZE_MAX, "tensor");
}

static enum quant_status make_scales(struct quant_loaded *loaded, struct quant_error *error)
{
    const uint64_t count = loaded->grouping.count;
    const bool has_biases = quant_params_have_biases(&loaded->params);
    if (count < SIZE_MAX / sizeof(int32_t) - 1) {
        loaded->scales = malloc(((size_t)count + 1) * sizeof *loaded->scales);
        loaded->zero_points = malloc(((size_t)count + 1) * sizeof *loaded->zero_points);
        if (has_biases)
            loaded->biases = malloc(((size_t)count + 1) * sizeof *loaded->biases);
    }
    return loaded->scales && loaded->zero_points && (!has_biases || loaded->biases)
               ? QUANT_OK
               : no_memory(error, count * sizeof(float));
}

/* The file has been checked, and is as long as that many records. */
static enum quant_status read_records(const struct quant_group_source *groups,
                                      struct quant_loaded *loaded, struct quant_error *error)
{
    enum { RECORDS_AT_A_TIME = 4096 };
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    const size_t size = quant_scale_record_size(&groups->layout);
    const uint64_t count = loaded->grouping.count;
    for (uint64_t i = 0; i < count; i += RECORDS_AT_A_TIME) {
        const uint64_t left = count - i;
        const size_t n = left < RECORDS_AT_A_TIME ? (size_t)left : RECORDS_AT_A_TIME;
        const enum quant_status status =
            quant_source_read_exactly(groups->source, size * i, records, size * n, error);
        if (status != QUANT_OK)
            return status;
        const struct quant_group_params some = {.scales = loaded->scales + i,
                                                .zero_points = loaded->zero_points + i,
                                                .biases =
                                                    loaded->biases ? loaded->biases + i : NULL};
        quant_scale_records_decode(&groups->layout, records, n, &some);
    }
    return QUANT_OK;
}

static enum quant_status load_groups(struct dequantization *run, struct quant_loaded *loaded)
{
    struct quant_group_source *groups = &run->groups;
    enum quant_status status = quant_group_source_open(groups, &run->sidecar, run->sidecar_path,
                                                       &run->job->control.cancel, run->error);
    if (status != QUANT_OK)
        return status;
    loaded->grouping = groups->grouping;
    status = make_scales(loaded, run->error);
    if (status != QUANT_OK || !groups->all.scales)
        return status == QUANT_OK ? read_records(groups, loaded, run->error) : status;
    const size_t count = (size_t)loaded->grouping.count;
    memcpy(loaded->scales, groups->all.scales, count * sizeof *loaded->scales);
    memcpy(loaded->zero_points, groups->all.zero_points, count * sizeof *loaded->zero_points);
    if (loaded->biases)
        memcpy(loaded->biases, groups->all.biases, count * sizeof *loaded->biases);
    return QUANT_OK;
}

static enum quant_status load_one_scale(struct dequantization *run, struct quant_loaded *loaded)
{
    const struct quant_granularity whole = {.has_axis = false};
    enum quant_status status = quant_grouping_make(&whole, &run->sidecar.shape, run->sidecar.order,
                                                   &loaded->grouping, run->error);
    if (status == QUANT_OK)
        status = make_scales(loaded, run->error);
    if (status != QUANT_OK)
        return status;
    loaded->scales[0] = run->sidecar.params.scale;
    loaded->zero_points[0] = run->sidecar.params.zero_point;
    return QUANT_OK;
}

static enum quant_status load_parameters(struct dequantization *run, struct quant_loaded *loaded)
{
    enum quant_status status = quant_dequantization_open_sidecar(run);
    if (status == QUANT_OK && run->tensors)
        status = quant_source_error(run->sidecar_source, run->error, QUANT_UNSUPPORTED,
                                    "it is the sidecar of a file of many tensors");
    if (status == QUANT_OK)
        status = quant_dequantization_read_sidecar(run);
    if (status != QUANT_OK)
        return status;
    loaded->params = run->sidecar.params;
    loaded->shape = run->sidecar.shape;
    loaded->order = run->sidecar.order;
    loaded->source_dtype = run->sidecar.source_dtype;
    quant_shape_count(&loaded->shape, &loaded->nelems);
    return run->sidecar.has_groups ? load_groups(run, loaded) : load_one_scale(run, loaded);
}

/* ---- Elements ---- */

/* No format stores more than two elements in a byte: more memory than that is not taken on the word
 * of a sidecar. */
static enum quant_status make_elements(struct dequantization *run, struct quant_loaded *loaded)
{
    const uint64_t nbytes = quant_dtype_bytes(loaded->params.dtype, loaded->nelems);
    if (loaded->nelems / 2 > run->sidecar.data_bytes)
        return quant_source_error(run->source, run->error, QUANT_CORRUPT,
                                  "it is too short for the shape in its sidecar");
    if (nbytes < SIZE_MAX)
        loaded->q = malloc((size_t)nbytes + 1);
    loaded->nbytes = (size_t)nbytes;
    return loaded->q ? QUANT_OK : no_memory(run->error, nbytes);
}

static enum quant_status read_elements(struct dequantization *run, struct quant_loaded *loaded)
{
    struct quant_reader *reader = run->reader;
    unsigned char *q = loaded->q;
    enum quant_status status = QUANT_OK;
    uint64_t done = 0;
    size_t got = 1;
    while (status == QUANT_OK && done < loaded->nelems && got > 0) {
        const uint64_t left = loaded->nelems - done;
        status =
            reader->ops->read(reader, q + quant_dtype_bytes(loaded->params.dtype, done),
                              left < QUANT_CHUNK ? (size_t)left : QUANT_CHUNK, &got, run->error);
        done += got;
    }
    if (status == QUANT_OK && done < loaded->nelems)
        status = quant_source_error(run->source, run->error, QUANT_CORRUPT,
                                    "it has fewer elements than the shape in its sidecar");
    return status == QUANT_OK ? quant_dequantization_check_data(run) : status;
}

static enum quant_status load_elements(struct dequantization *run, struct quant_loaded *loaded)
{
    enum quant_status status = quant_dequantization_open_data(run);
    if (status == QUANT_OK)
        status = quant_dequantization_check_pair(run);
    if (status == QUANT_OK)
        status = make_elements(run, loaded);
    return status == QUANT_OK ? read_elements(run, loaded) : status;
}

/* ---- Both ---- */

static enum quant_status try_load(const struct quant_dequantize_job *job, bool has_elements,
                                  struct quant_loaded *loaded, bool *is_replaced,
                                  struct quant_error *error)
{
    struct dequantization *run = calloc(1, sizeof *run);
    *loaded = (struct quant_loaded){.q = NULL};
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    run->job = job;
    run->error = error;
    run->file.fd = -1;
    enum quant_status status = quant_dequantization_find_sidecar(run);
    if (status == QUANT_OK)
        status = load_parameters(run, loaded);
    if (status == QUANT_OK && has_elements)
        status = load_elements(run, loaded);
    *is_replaced = quant_dequantization_is_replaced(run, status);
    quant_dequantization_close_inputs(run);
    free(run);
    if (status != QUANT_OK)
        quant_loaded_release(loaded);
    return status;
}

static enum quant_status load(const struct quant_dequantize_job *job, bool has_elements,
                              struct quant_loaded *loaded, struct quant_error *error)
{
    bool is_replaced = false;
    enum quant_status status = quant_pointer_check(loaded, "room for what is loaded", error);
    if (status != QUANT_OK)
        return status;
    *loaded = (struct quant_loaded){.q = NULL};
    status = quant_pointer_check(job->path, "a path", error);
    if (status != QUANT_OK)
        return status;
    status = try_load(job, has_elements, loaded, &is_replaced, error);
    for (int tries = 1; is_replaced && tries < QUANT_PAIR_TRIES; tries++)
        status = try_load(job, has_elements, loaded, &is_replaced, error);
    return status;
}

enum quant_status quant_sidecar_read(const char *path, const struct quant_cancel *cancel,
                                     struct quant_loaded *loaded, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    const struct quant_dequantize_job job = {
        .path = path, .sidecar = path, .control.cancel = *quant_cancel_of(cancel)};
    return load(&job, false, loaded, error);
}

enum quant_status quant_file_load(const char *path, const char *sidecar,
                                  const struct quant_cancel *cancel, struct quant_loaded *loaded,
                                  struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    const struct quant_dequantize_job job = {
        .path = path, .sidecar = sidecar, .control.cancel = *quant_cancel_of(cancel)};
    return load(&job, true, loaded, error);
}

void quant_loaded_release(struct quant_loaded *loaded)
{
    free(loaded->q);
    free(loaded->scales);
    free(loaded->zero_points);
    free(loaded->biases);
    memset(loaded, 0, sizeof *loaded);
}
