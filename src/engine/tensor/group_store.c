/* SPDX-License-Identifier: MIT */
/* Scales in memory or in a file of records, which can be written in one go, and read for some
 * groups alone. */
#include "engine/tensor/group_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "io/distinct_paths.h"
#include "io/sidecar_names.h"

enum { RECORDS_AT_A_TIME = 1024 };

/* A file that nobody finds again would be of no use. */
static enum quant_status name_file(struct quant_group_store *store, const char *sidecar_path,
                                   struct quant_error *error)
{
    const unsigned long long count = (unsigned long long)store->grouping->count;
    struct quant_error own;
    if (quant_path_is_stream(sidecar_path))
        return quant_error_set(error, QUANT_INVALID,
                               "%llu scales need a file next to the sidecar, but '%s' is a stream; "
                               "--sidecar names a file",
                               count, sidecar_path);
    store->path = quant_file_scales_name(sidecar_path);
    if (!store->path)
        return quant_error_no_memory(error, strlen(sidecar_path) + 8, "path");
    store->relative = quant_path_relative(store->path, sidecar_path, error ? error : &own);
    if (!store->relative)
        return error ? error->status : own.status;
    if (!quant_is_utf8(store->relative))
        return quant_error_set(
            error, QUANT_INVALID,
            "%llu scales need a file that the sidecar names in UTF-8, but '%s' is not UTF-8", count,
            store->path);
    return QUANT_OK;
}

static enum quant_status open_file(struct quant_group_store *store,
                                   const struct quant_quantize_job *job, const char *sidecar_path,
                                   struct quant_error *error)
{
    enum quant_status status = name_file(store, sidecar_path, error);
    const char *const inputs[] = {job->input.path};
    const char *const outputs[] = {store->path, job->output.path, sidecar_path};
    if (status == QUANT_OK)
        status = quant_paths_distinct(inputs, 1, outputs, 3, error);
    if (status == QUANT_OK)
        status =
            quant_output_open(&store->file, store->path, job->output.force, &job->cancel, error);
    if (status == QUANT_OK)
        status = quant_checksum_sink_init(&store->checksum, &store->file.sink, error);
    return status;
}

enum quant_status quant_group_store_open(struct quant_group_store *store,
                                         const struct quant_grouping *grouping,
                                         const struct quant_params *common,
                                         const struct quant_quantize_job *job,
                                         const char *sidecar_path, struct quant_error *error)
{
    store->grouping = grouping;
    store->layout =
        (struct quant_scale_records){common->scale_dtype, quant_params_have_zero_points(common)};
    store->to_file = grouping->count > QUANT_SIDECAR_SCALES;
    if (store->to_file)
        return open_file(store, job, sidecar_path, error);
    const size_t count = (size_t)grouping->count + 1; /* never 0 bytes */
    store->scales = malloc(count * sizeof *store->scales);
    store->zero_points = malloc(count * sizeof *store->zero_points);
    return store->scales && store->zero_points
               ? QUANT_OK
               : quant_error_no_memory(error, count * sizeof *store->scales, "scales");
}

static enum quant_status write_records(struct quant_group_store *store, const float *scales,
                                       const int32_t *zero_points, size_t n,
                                       struct quant_error *error)
{
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    quant_scale_records_encode(&store->layout, scales, zero_points, n, records);
    return quant_sink_write(&store->checksum.sink, records,
                            quant_scale_record_size(&store->layout) * n, error);
}

enum quant_status quant_group_store_append(struct quant_group_store *store, const float *scales,
                                           const int32_t *zero_points, size_t n,
                                           struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (!store->to_file && n > 0) {
        memcpy(store->scales + store->appended, scales, n * sizeof *scales);
        memcpy(store->zero_points + store->appended, zero_points, n * sizeof *zero_points);
    }
    for (size_t i = 0; store->to_file && status == QUANT_OK && i < n; i += RECORDS_AT_A_TIME) {
        const size_t left = n - i;
        status = write_records(store, scales + i, zero_points + i,
                               left < RECORDS_AT_A_TIME ? left : RECORDS_AT_A_TIME, error);
    }
    store->appended += n;
    return status;
}

void quant_group_store_record(struct quant_group_store *store, struct quant_sidecar *sidecar)
{
    struct quant_sidecar_groups *groups = &sidecar->groups;
    sidecar->has_groups = true;
    *groups = (struct quant_sidecar_groups){
        .axis = store->grouping->axis,
        .block_size = store->grouping->block_size,
        .count = store->grouping->count,
        .scales = store->scales,
        .zero_points = store->zero_points,
        .path = store->relative,
        .has_zero_points = store->layout.has_zero_points,
        .bytes = store->to_file ? store->checksum.nbytes : 0,
        .xxh3_64 = store->to_file ? quant_checksum_sink_digest(&store->checksum) : 0,
    };
    store->scales = NULL;
    store->zero_points = NULL;
    store->relative = NULL;
}

struct quant_file_output *quant_group_store_file(struct quant_group_store *store)
{
    return store->to_file ? &store->file : NULL;
}

void quant_group_store_release(struct quant_group_store *store)
{
    if (store->to_file) {
        quant_checksum_sink_release(&store->checksum);
        quant_output_discard(&store->file);
    }
    free(store->path);
    free(store->relative);
    free(store->scales);
    free(store->zero_points);
}
