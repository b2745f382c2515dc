/* SPDX-License-Identifier: MIT */
/* The three places for scales, one row each. */
#include "engine/tensor/scale_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/utf8.h"
#include "core/group_params.h"
#include "io/distinct_paths.h"

enum { RECORDS_AT_A_TIME = 1024 };

struct quant_scale_store_ops {
    enum quant_status (*append)(struct quant_scale_store *store,
                                const struct quant_group_params *groups, size_t n,
                                struct quant_error *error);
};

/* ---- Memory ---- */

static enum quant_status append_to_memory(struct quant_scale_store *store,
                                          const struct quant_group_params *groups, size_t n,
                                          struct quant_error *error)
{
    (void)error;
    memcpy(store->scales + store->appended, groups->scales, n * sizeof *store->scales);
    memcpy(store->zero_points + store->appended, groups->zero_points,
           n * sizeof *store->zero_points);
    if (store->biases)
        memcpy(store->biases + store->appended, groups->biases, n * sizeof *store->biases);
    return QUANT_OK;
}

static const struct quant_scale_store_ops memory_ops = {append_to_memory};

enum quant_status quant_scale_store_open_memory(struct quant_scale_store *store, uint64_t count,
                                                bool has_biases, struct quant_error *error)
{
    const size_t room = (size_t)count + 1; /* never 0 bytes */
    store->ops = &memory_ops;
    store->scales = malloc(room * sizeof *store->scales);
    store->zero_points = malloc(room * sizeof *store->zero_points);
    if (has_biases)
        store->biases = malloc(room * sizeof *store->biases);
    return store->scales && store->zero_points && (!has_biases || store->biases)
               ? QUANT_OK
               : quant_error_no_memory(error, room * sizeof *store->scales, "scales");
}

/* ---- A file beside the data ---- */

static enum quant_status append_to_file(struct quant_scale_store *store,
                                        const struct quant_group_params *groups, size_t n,
                                        struct quant_error *error)
{
    unsigned char records[QUANT_SCALE_RECORD_MOST * RECORDS_AT_A_TIME];
    quant_scale_records_encode(&store->layout, groups, n, records);
    return quant_sink_write(&store->checksum.sink, records,
                            quant_scale_record_size(&store->layout) * n, error);
}

static const struct quant_scale_store_ops file_ops = {append_to_file};

/* A file that nobody finds again would be of no use. */
static enum quant_status name_file(struct quant_scale_store *store, uint64_t count,
                                   const char *sidecar_path, struct quant_error *error)
{
    struct quant_error own;
    if (quant_path_is_stream(sidecar_path))
        return quant_error_set(error, QUANT_INVALID,
                               "%llu scales need a file next to the sidecar, but '%s' is a stream; "
                               "give '--sidecar FILE'",
                               (unsigned long long)count, sidecar_path);
    store->path = quant_file_scales_name(sidecar_path);
    if (!store->path)
        return quant_error_no_memory(error, strlen(sidecar_path) + 8, "path");
    store->relative = quant_path_relative(store->path, sidecar_path, error ? error : &own);
    if (!store->relative)
        return error ? error->status : own.status;
    if (!quant_is_utf8(store->relative))
        return quant_error_set(
            error, QUANT_INVALID,
            "%llu scales need a file whose name is in the sidecar, but '%s' is not UTF-8",
            (unsigned long long)count, store->path);
    return QUANT_OK;
}

enum quant_status quant_scale_store_open_file(struct quant_scale_store *store, uint64_t count,
                                              const struct quant_params *common,
                                              const struct quant_quantize_job *job,
                                              const char *sidecar_path, struct quant_error *error)
{
    store->ops = &file_ops;
    store->file.fd = -1;
    store->layout = quant_scale_records_of(common);
    enum quant_status status = name_file(store, count, sidecar_path, error);
    const char *const inputs[] = {job->input.path};
    const char *const outputs[] = {store->path, job->output.path, sidecar_path};
    if (status == QUANT_OK)
        status = quant_paths_distinct(inputs, 1, outputs, 3, error);
    if (status == QUANT_OK)
        status = quant_output_open(&store->file, store->path, job->output.force,
                                   &job->control.cancel, error);
    if (status == QUANT_OK)
        status = quant_checksum_sink_init(&store->checksum, &store->file.sink, error);
    return status;
}

/* ---- Two tensors of a container ---- */

/* An engine that stores zero points in the type of the integers has no others. */
static enum quant_status write_narrow(struct quant_scale_store *store, const int32_t *zero_points,
                                      const unsigned char *wide, size_t n,
                                      struct quant_error *error)
{
    struct quant_checksum_sink *checksum = &store->zero_points_checksum;
    const uint64_t at = store->zero_points_offset + checksum->nbytes / 4;
    unsigned char bytes[RECORDS_AT_A_TIME];
    for (size_t i = 0; i < n; i++) {
        if (zero_points[i] < INT8_MIN || zero_points[i] > INT8_MAX)
            return quant_error_set(error, QUANT_OUT_OF_RANGE,
                                   "zero point %d is outside int8, which the layout stores it as; "
                                   "--include-zero keeps zero points inside",
                                   (int)zero_points[i]);
        bytes[i] = (unsigned char)(zero_points[i] & 0xFF);
    }
    quant_checksum_sink_update(checksum, wide, 4 * n);
    return checksum->target->ops->write_at(checksum->target, at, bytes, n, error);
}

static enum quant_status write_at(struct quant_checksum_sink *checksum, uint64_t offset,
                                  const void *bytes, size_t nbytes, struct quant_error *error)
{
    const uint64_t at = offset + checksum->nbytes;
    quant_checksum_sink_update(checksum, bytes, nbytes);
    return checksum->target->ops->write_at(checksum->target, at, bytes, nbytes, error);
}

static enum quant_status append_to_container(struct quant_scale_store *store,
                                             const struct quant_group_params *groups, size_t n,
                                             struct quant_error *error)
{
    const enum quant_dtype dtype = store->layout.dtype;
    const size_t nbytes = (size_t)quant_dtype_bytes(dtype, n);
    unsigned char bytes[4 * RECORDS_AT_A_TIME];
    quant_scale_column_encode(dtype, groups->scales, n, bytes);
    const enum quant_status status =
        write_at(&store->checksum, store->scales_offset, bytes, nbytes, error);
    if (status != QUANT_OK || !(store->layout.has_zero_points || store->layout.has_biases))
        return status;
    if (store->layout.has_biases) {
        quant_scale_column_encode(dtype, groups->biases, n, bytes);
        return write_at(&store->zero_points_checksum, store->zero_points_offset, bytes, nbytes,
                        error);
    }
    for (size_t i = 0; i < n; i++)
        quant_store_32_little(bytes + 4 * i, (uint32_t)groups->zero_points[i]);
    return store->has_narrow_zero_points ? write_narrow(store, groups->zero_points, bytes, n, error)
                                         : write_at(&store->zero_points_checksum,
                                                    store->zero_points_offset, bytes, 4 * n, error);
}

static const struct quant_scale_store_ops container_ops = {append_to_container};

enum quant_status quant_scale_store_open_container(struct quant_scale_store *store,
                                                   const struct quant_scale_records *layout,
                                                   const struct quant_scale_places *places,
                                                   struct quant_error *error)
{
    store->ops = &container_ops;
    store->layout = *layout;
    store->scales_offset = places->scales;
    store->zero_points_offset = places->zero_points;
    store->has_narrow_zero_points = places->has_narrow_zero_points;
    enum quant_status status = quant_checksum_sink_init(&store->checksum, places->sink, error);
    if (status == QUANT_OK && (layout->has_zero_points || layout->has_biases))
        status = quant_checksum_sink_init(&store->zero_points_checksum, places->sink, error);
    return status;
}

/* ---- All of them ---- */

enum quant_status quant_scale_store_append(struct quant_scale_store *store,
                                           const struct quant_group_params *groups, size_t n,
                                           struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < n; i += RECORDS_AT_A_TIME) {
        const size_t left = n - i;
        const size_t count = left < RECORDS_AT_A_TIME ? left : RECORDS_AT_A_TIME;
        const struct quant_group_params some = quant_group_params_from(groups, i);
        status = store->ops->append(store, &some, count, error);
        store->appended += count;
    }
    return status;
}

void quant_scale_store_record(struct quant_scale_store *store,
                              const struct quant_grouping *grouping, struct quant_sidecar *sidecar)
{
    const bool to_file = store->ops == &file_ops;
    sidecar->has_groups = true;
    sidecar->groups = (struct quant_sidecar_groups){
        .axis = grouping->axis,
        .block_size = grouping->block_size,
        .block_rows = grouping->block_rows,
        .count = grouping->count,
        .scales = store->scales,
        .zero_points = store->zero_points,
        .biases = store->biases,
        .path = store->relative,
        .has_zero_points = store->layout.has_zero_points,
        .bytes = to_file ? store->checksum.nbytes : 0,
        .xxh3_64 = to_file ? quant_checksum_sink_digest(&store->checksum) : 0,
    };
    store->scales = NULL;
    store->zero_points = NULL;
    store->biases = NULL;
    store->relative = NULL;
}

struct quant_file_output *quant_scale_store_file(struct quant_scale_store *store)
{
    return store->ops == &file_ops ? &store->file : NULL;
}

void quant_scale_store_release(struct quant_scale_store *store)
{
    quant_checksum_sink_release(&store->checksum);
    quant_checksum_sink_release(&store->zero_points_checksum);
    if (store->ops == &file_ops)
        quant_output_discard(&store->file);
    free(store->path);
    free(store->relative);
    free(store->scales);
    free(store->zero_points);
    free(store->biases);
    *store = (struct quant_scale_store){.ops = NULL};
}
