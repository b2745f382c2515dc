/* SPDX-License-Identifier: MIT */
/* Windows of the container, each hashed by itself. */
#include "engine/files/restored_reader.h"

#include <quant/profiles.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "base/source_window.h"
#include "engine/files/tensor_copy.h"

static enum quant_status open_window(const struct quant_tensor_file *file, uint32_t index,
                                     struct quant_source **window, struct quant_error *error)
{
    *window = quant_source_window_of_tensor(file->source, &file->tensors[index]);
    return *window ? QUANT_OK : quant_error_no_memory(error, 256, "buffers");
}

enum quant_status quant_restored_reader_open(struct quant_restored_reader *reader,
                                             const struct quant_tensor_file *file,
                                             const struct quant_restored_tensor *restored,
                                             struct quant_error *error)
{
    enum quant_status status = open_window(file, restored->data, &reader->data, error);
    if (status != QUANT_OK)
        return status;
    reader->shape = quant_shape_of(restored->dims, restored->ndim);
    status = quant_checksum_source_init(&reader->checksum, reader->data, error);
    const struct quant_reader head = {.format = file->format,
                                      .stored = restored->params.dtype,
                                      .delivered = restored->params.dtype,
                                      .byte_order = QUANT_LITTLE,
                                      .order = restored->order,
                                      .knowledge = QUANT_SHAPE_KNOWN,
                                      .shape = reader->shape};
    return status == QUANT_OK
               ? quant_flat_open_reader(&reader->checksum.source, &head, 0, &reader->reader, error)
               : status;
}

/* ---- Scales ---- */

static enum quant_status open_groups(struct quant_restored_reader *reader,
                                     const struct quant_tensor_file *file,
                                     const struct quant_restored_tensor *restored,
                                     struct quant_error *error)
{
    const struct quant_granularity granularity =
        quant_granularity_again(restored->axis, restored->block_size, restored->block_rows);
    struct quant_group_tensors tensors = {
        .scale_dtype = restored->params.scale_dtype,
        .is_integer = quant_dtype_info(restored->params.dtype)->is_integer,
        .any_scale = quant_params_take_any_scale(&restored->params),
        .has_biases = quant_params_have_biases(&restored->params),
        .scales_xxh3_64 = restored->digests.scales,
        .zero_points_xxh3_64 = restored->digests.zero_points,
        .is_unchecked = restored->is_unchecked,
    };
    enum quant_status status = quant_grouping_make(&granularity, &reader->shape, restored->order,
                                                   &reader->groups.grouping, error);
    if (status == QUANT_OK)
        status = open_window(file, restored->scales, &tensors.scales, error);
    if (status == QUANT_OK && restored->zero_points != QUANT_NOT_STORED)
        status = open_window(file, restored->zero_points, &tensors.zero_points, error);
    if (status != QUANT_OK) {
        quant_source_close(tensors.scales);
        return status;
    }
    return quant_group_source_open_container(&reader->groups, &tensors, error);
}

/* A tensor that is only checked: one scale, which the sidecar has as well, and its zero point. */
static enum quant_status check_stored(const struct quant_tensor_file *file, uint32_t index,
                                      uint64_t expected, struct quant_error *error)
{
    if (index == QUANT_NOT_STORED)
        return QUANT_OK;
    const struct quant_tensor_info *info = &file->tensors[index];
    const struct quant_extent from = {info->offset, info->nbytes};
    uint64_t digest = 0;
    const enum quant_status status =
        quant_tensor_copy(file->source, &from, NULL, 0, &digest, error);
    return status == QUANT_OK ? quant_stored_tensor_check(file, index, digest, expected, error)
                              : status;
}

enum quant_status quant_restored_reader_open_scales(struct quant_restored_reader *reader,
                                                    const struct quant_tensor_file *file,
                                                    const struct quant_restored_tensor *restored,
                                                    struct quant_error *error)
{
    if (restored->axis >= 0)
        return open_groups(reader, file, restored, error);
    if (restored->is_unchecked)
        return QUANT_OK;
    const enum quant_status status =
        check_stored(file, restored->scales, restored->digests.scales, error);
    return status == QUANT_OK
               ? check_stored(file, restored->zero_points, restored->digests.zero_points, error)
               : status;
}

/* ---- Checksums ---- */

enum quant_status quant_stored_tensor_check(const struct quant_tensor_file *file, uint32_t index,
                                            uint64_t digest, uint64_t expected,
                                            struct quant_error *error)
{
    if (digest == expected)
        return QUANT_OK;
    return quant_source_error(
        file->source, error, QUANT_CORRUPT,
        "the checksum of tensor '%.200s' is %016llx, not %016llx as in its sidecar",
        file->tensors[index].name, (unsigned long long)digest, (unsigned long long)expected);
}

enum quant_status quant_restored_reader_check(struct quant_restored_reader *reader,
                                              const struct quant_tensor_file *file,
                                              const struct quant_restored_tensor *restored,
                                              struct quant_error *error)
{
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    const enum quant_status status =
        quant_checksum_source_finish(&reader->checksum, &digest, &nbytes, error);
    return status == QUANT_OK && !restored->is_unchecked
               ? quant_stored_tensor_check(file, restored->data, digest, restored->digests.data,
                                           error)
               : status;
}

void quant_restored_reader_close(struct quant_restored_reader *reader)
{
    quant_group_source_release(&reader->groups);
    reader->groups = (struct quant_group_source){.source = NULL};
    if (reader->reader)
        reader->reader->ops->close(reader->reader);
    reader->reader = NULL;
    quant_checksum_source_release(&reader->checksum);
    quant_source_close(reader->data);
    reader->data = NULL;
}
