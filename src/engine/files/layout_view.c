/* SPDX-License-Identifier: MIT */
/* Each tensor of the view is a piece of a joined source: of this shard, or of another that has its
 * scale. */
#include "engine/files/layout_view.h"

#include <quant/profiles.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "engine/files/layout_shards.h"
#include "engine/files/scale_arrays.h"
#include "formats/container.h"

static enum quant_status no_memory(const struct quant_layout_view *view)
{
    return quant_error_no_memory(view->reading->error, sizeof(struct quant_tensor_info), "tensors");
}

enum quant_status quant_layout_view_begin(struct quant_layout_view *view,
                                          const struct quant_layout_reading *reading)
{
    *view = (struct quant_layout_view){.reading = reading};
    return quant_file_view_open(&view->file, reading->error);
}

/* ---- Tensors of the file ---- */

static enum quant_status add_plain(struct quant_layout_view *view,
                                   const struct quant_layout_place *place, uint32_t *index)
{
    const struct quant_source_piece piece = quant_file_view_plain(place->source, place->info);
    return quant_file_view_add(&view->file, place->info, &piece, index, view->reading->error);
}

static enum quant_status add_data(struct quant_layout_view *view,
                                  const struct quant_layout_tensor *tensor, uint64_t nelems,
                                  uint32_t *index)
{
    const unsigned bits = quant_dtype_info(tensor->dtype)->bits;
    struct quant_tensor_info info = *tensor->data.info;
    const struct quant_packing packing = {
        .bits = tensor->row_bytes > 0 ? bits : 0,
        .flip = !tensor->has_offset ? 0
                : bits == 4         ? 0x88
                                    : 0x80,
        .columns = tensor->ndim > 0 ? tensor->dims[tensor->ndim - 1] : 1,
        .row_bytes = tensor->row_bytes,
    };
    const struct quant_source_piece piece =
        quant_file_view_packed(tensor->data.source, &info, tensor->dtype, &packing, nelems);
    info.name = tensor->name;
    info.dims = tensor->dims;
    info.ndim = tensor->ndim;
    info.type = quant_format_safetensors.container->type_of(tensor->dtype);
    return quant_file_view_add(&view->file, &info, &piece, index, view->reading->error);
}

static enum quant_status add_zero_points(struct quant_layout_view *view,
                                         const struct quant_layout_tensor *tensor, uint32_t *index)
{
    const struct quant_layout_place *place = &tensor->zero_points;
    struct quant_tensor_info info = *place->info;
    struct quant_source_piece piece = quant_file_view_plain(place->source, place->info);
    quant_file_view_widen(&piece, &info);
    return quant_file_view_add(&view->file, &info, &piece, index, view->reading->error);
}

/* ---- Entries ---- */

/* The entry has the shape of its data. */
static enum quant_status add_entry(struct quant_layout_view *view,
                                   struct quant_restored_tensor *entry)
{
    const struct quant_tensor_info *tensors = view->file.tensors.items;
    entry->dims = tensors[entry->data].dims; /* of the file's arena, which lives longer */
    return quant_growing_list_add(&view->entries, entry, sizeof *entry) ? QUANT_OK
                                                                        : no_memory(view);
}

/* Whether scales, and zero points or biases, are of known types and as many as there are groups. */
static enum quant_status check_scales(const struct quant_layout_view *view,
                                      const struct quant_layout_tensor *tensor,
                                      const struct quant_shape *shape)
{
    const struct quant_layout_reading *reading = view->reading;
    const struct quant_tensor_info *scales = tensor->scales.info;
    const struct quant_tensor_info *zero = tensor->zero_points.info;
    const struct quant_dtype_info *type = quant_dtype_info(scales->type->dtype);
    const struct quant_granularity granularity =
        quant_granularity_again(tensor->axis, tensor->block_size, tensor->block_rows);
    struct quant_grouping grouping = {.count = 1};
    enum quant_status status = QUANT_OK;
    if (!type || !type->is_scale)
        return quant_layout_fail(reading, scales->name,
                                 "has the dtype %s, which is not one of scales",
                                 scales->type->name);
    if (tensor->axis >= 0)
        status = quant_grouping_make(&granularity, shape, QUANT_ORDER_C, &grouping, reading->error);
    if (status == QUANT_OK && quant_layout_count(scales) != grouping.count)
        return quant_layout_fail(reading, scales->name, "has %llu scales, not %llu",
                                 (unsigned long long)quant_layout_count(scales),
                                 (unsigned long long)grouping.count);
    if (status == QUANT_OK && zero &&
        ((zero->type->dtype != QUANT_INT8 && zero->type->dtype != QUANT_INT32) ||
         quant_layout_count(zero) != grouping.count))
        return quant_layout_fail(reading, zero->name,
                                 "does not have a zero point in int8 or int32 for each scale");
    const struct quant_tensor_info *biases = tensor->biases.info;
    if (status == QUANT_OK && biases &&
        (biases->type != scales->type || quant_layout_count(biases) != grouping.count))
        return quant_layout_fail(reading, biases->name, "does not have a bias in %s for each scale",
                                 scales->type->name);
    return status;
}

static enum quant_status check_sizes(const struct quant_layout_view *view,
                                     const struct quant_layout_tensor *tensor, uint64_t *nelems)
{
    const struct quant_tensor_info *data = tensor->data.info;
    const struct quant_shape shape = quant_shape_of(tensor->dims, tensor->ndim);
    const uint64_t rows = tensor->ndim > 0 ? tensor->dims[0] : 1;
    const bool has_count = quant_shape_count(&shape, nelems);
    const uint64_t stored = tensor->row_bytes > 0 ? rows * tensor->row_bytes
                                                  : quant_dtype_bytes(tensor->dtype, *nelems);
    if (!has_count || data->nbytes != stored)
        return quant_layout_fail(view->reading, data->name, "does not have the size of its shape");
    return check_scales(view, tensor, &shape);
}

static struct quant_restored_tensor entry_of(const struct quant_layout_tensor *tensor)
{
    const struct quant_dtype_info *type = quant_dtype_info(tensor->dtype);
    const bool has_biases = tensor->biases.info;
    const bool is_affine = tensor->zero_points.info || has_biases;
    return (struct quant_restored_tensor){
        .params = {.scheme = is_affine ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                   .profile = has_biases ? quant_profile_from_name("mlx") : NULL,
                   .dtype = tensor->dtype,
                   .qmin = type->is_integer ? (int32_t)type->min : 0,
                   .qmax = type->is_integer ? (int32_t)type->max : 0,
                   .scale = 1,
                   .scale_dtype = tensor->scales.info->type->dtype},
        .nelems = 1,
        .block_size = tensor->block_size,
        .block_rows = tensor->block_rows,
        .scales = QUANT_NOT_STORED,
        .zero_points = QUANT_NOT_STORED,
        .ndim = tensor->ndim,
        .axis = tensor->axis,
        .is_unchecked = true,
    };
}

enum quant_status quant_layout_view_add_restored(struct quant_layout_view *view,
                                                 const struct quant_layout_tensor *tensor)
{
    struct quant_restored_tensor entry = entry_of(tensor);
    enum quant_status status = check_sizes(view, tensor, &entry.nelems);
    if (status == QUANT_OK)
        status = add_data(view, tensor, entry.nelems, &entry.data);
    if (status == QUANT_OK)
        status = add_plain(view, &tensor->scales, &entry.scales);
    if (status == QUANT_OK && tensor->zero_points.info)
        status = add_zero_points(view, tensor, &entry.zero_points);
    if (status == QUANT_OK && tensor->biases.info)
        status = add_plain(view, &tensor->biases, &entry.zero_points);
    return status == QUANT_OK ? add_entry(view, &entry) : status;
}

enum quant_status quant_layout_view_add_copied(struct quant_layout_view *view,
                                               const struct quant_layout_place *place)
{
    struct quant_restored_tensor entry = {.nelems = quant_layout_count(place->info),
                                          .scales = QUANT_NOT_STORED,
                                          .zero_points = QUANT_NOT_STORED,
                                          .ndim = place->info->ndim,
                                          .axis = -1,
                                          .is_copied = true,
                                          .is_unchecked = true};
    const enum quant_status status = add_plain(view, place, &entry.data);
    view->ncopied++;
    return status == QUANT_OK ? add_entry(view, &entry) : status;
}

/* ---- The whole ---- */

/* Hands the file over to *input; the shards' sources go to the joined one. */
static enum quant_status hand_over(struct quant_layout_view *view, const char *path,
                                   struct quant_container_input *input)
{
    const struct quant_growing_list *pieces = &view->file.pieces;
    input->source = quant_layout_shards_join(view->reading->shards, pieces->items, pieces->n, path);
    return input->source ? quant_file_view_finish(&view->file, input->source, &input->file,
                                                  view->reading->error)
                         : no_memory(view);
}

/* A single scale, and its zero point, are part of the entry. */
static enum quant_status read_single(const struct quant_layout_reading *reading,
                                     const struct quant_tensor_file *file,
                                     struct quant_restored_tensor *entry)
{
    struct quant_params *params = &entry->params;
    if (entry->is_copied || entry->axis >= 0)
        return QUANT_OK;
    enum quant_status status =
        quant_scale_array_read(file, entry->scales, &params->scale, reading->error);
    if (status == QUANT_OK && !(params->scale > 0 && isfinite(params->scale)))
        return quant_layout_fail(reading, file->tensors[entry->scales].name,
                                 "is a scale that is not finite and above 0");
    if (status == QUANT_OK && entry->zero_points != QUANT_NOT_STORED)
        status = quant_zero_point_array_read(file, entry->zero_points, &params->zero_point,
                                             reading->error);
    return status;
}

enum quant_status quant_layout_view_finish(struct quant_layout_view *view, const char *path,
                                           struct quant_container_input *input,
                                           struct quant_restored_tensors *restored)
{
    const struct quant_layout_reading *reading = view->reading;
    enum quant_status status = quant_file_view_keep_metadata(
        &view->file, reading->file, reading->layout->metadata, reading->error);
    if (status == QUANT_OK)
        status = hand_over(view, path, input);
    if (status != QUANT_OK)
        return status;
    restored->tensors = view->entries.items;
    restored->n = view->entries.n;
    restored->ncopied = view->ncopied;
    view->entries = (struct quant_growing_list){.n = 0};
    for (size_t i = 0; status == QUANT_OK && i < restored->n; i++)
        status = read_single(reading, input->file, &restored->tensors[i]);
    return status;
}

void quant_layout_view_release(struct quant_layout_view *view)
{
    quant_file_view_release(&view->file);
    free(view->entries.items);
    *view = (struct quant_layout_view){.reading = NULL};
}
