/* SPDX-License-Identifier: MIT */
/* Each tensor of the view is a piece of a joined source: of this shard, or of another that has its
 * scale. */
#include "engine/files/layout_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/joined_source.h"
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
    view->file = calloc(1, sizeof *view->file);
    if (!view->file)
        return no_memory(view);
    view->file->format = &quant_format_safetensors;
    return QUANT_OK;
}

/* ---- Tensors of the file ---- */

/* Adds a tensor whose bytes are in the piece; *index is its place. */
static enum quant_status add_tensor(struct quant_layout_view *view,
                                    const struct quant_tensor_info *info,
                                    const struct quant_source_piece *piece, uint32_t *index)
{
    const struct quant_source_piece *last = view->pieces.items;
    struct quant_tensor_info own = *info;
    struct quant_source_piece placed = *piece;
    if (last) {
        last += view->pieces.n - 1;
        placed.at = last->at + last->nbytes;
    }
    const size_t nbytes = own.ndim * sizeof *own.dims;
    uint64_t *dims = quant_arena_take(&view->file->arena, nbytes + 1);
    own.name = quant_arena_join(&view->file->arena, info->name, "");
    if (!dims || !own.name)
        return no_memory(view);
    if (nbytes > 0)
        memcpy(dims, info->dims, nbytes);
    own.dims = dims;
    own.offset = placed.at;
    own.nbytes = placed.nbytes;
    *index = (uint32_t)view->tensors.n;
    return view->tensors.n < QUANT_NOT_STORED &&
                   quant_growing_list_add(&view->tensors, &own, sizeof own) &&
                   quant_growing_list_add(&view->pieces, &placed, sizeof placed)
               ? QUANT_OK
               : no_memory(view);
}

static struct quant_source_piece plain(const struct quant_layout_place *place)
{
    return (struct quant_source_piece){
        .source = place->source, .offset = place->info->offset, .nbytes = place->info->nbytes};
}

static enum quant_status add_plain(struct quant_layout_view *view,
                                   const struct quant_layout_place *place, uint32_t *index)
{
    const struct quant_source_piece piece = plain(place);
    return add_tensor(view, place->info, &piece, index);
}

static enum quant_status add_data(struct quant_layout_view *view,
                                  const struct quant_layout_tensor *tensor, uint64_t nelems,
                                  uint32_t *index)
{
    const unsigned bits = quant_dtype_info(tensor->dtype)->bits;
    struct quant_tensor_info info = *tensor->data.info;
    struct quant_source_piece piece = plain(&tensor->data);
    const uint64_t columns = tensor->ndim > 0 ? tensor->dims[tensor->ndim - 1] : 1;
    info.name = tensor->name;
    info.dims = tensor->dims;
    info.ndim = tensor->ndim;
    info.type = view->file->format->container->type_of(tensor->dtype);
    piece.nbytes = quant_dtype_bytes(tensor->dtype, nelems);
    piece.flip = !tensor->has_offset ? 0 : bits == 4 ? 0x88 : 0x80;
    if (tensor->row_bytes > 0 && tensor->row_bytes * 8 != columns * bits) {
        piece.kind = QUANT_PIECE_ROWS;
        piece.bits = bits;
        piece.nelems = nelems;
        piece.columns = columns;
        piece.row_bytes = tensor->row_bytes;
    }
    return add_tensor(view, &info, &piece, index);
}

static enum quant_status add_zero_points(struct quant_layout_view *view,
                                         const struct quant_layout_tensor *tensor, uint32_t *index)
{
    struct quant_tensor_info info = *tensor->zero_points.info;
    struct quant_source_piece piece = plain(&tensor->zero_points);
    if (info.type->dtype == QUANT_INT8) {
        piece.kind = QUANT_PIECE_WIDENED;
        piece.nbytes *= 4;
        info.type = view->file->format->container->type_of(QUANT_INT32);
    }
    return add_tensor(view, &info, &piece, index);
}

/* ---- Entries ---- */

/* The entry has the shape of its data. */
static enum quant_status add_entry(struct quant_layout_view *view,
                                   struct quant_restored_tensor *entry)
{
    const struct quant_tensor_info *tensors = view->tensors.items;
    entry->dims = tensors[entry->data].dims; /* of the file's arena, which lives longer */
    return quant_growing_list_add(&view->entries, entry, sizeof *entry) ? QUANT_OK
                                                                        : no_memory(view);
}

/* Whether scales, and zero points, are of known types and as many as there are groups. */
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
    const bool has_zero_points = tensor->zero_points.info;
    return (struct quant_restored_tensor){
        .params = {.scheme = has_zero_points ? QUANT_ZERO_POINT : QUANT_ABSMAX,
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

static enum quant_status keep_metadata(const struct quant_layout_view *view)
{
    const struct quant_tensor_file *from = view->reading->file;
    const char *left_out = view->reading->layout->metadata;
    struct quant_tensor_file *file = view->file;
    struct quant_metadata_pair *pairs =
        quant_arena_take(&file->arena, (from->nmetadata + 1) * sizeof *pairs);
    if (!pairs)
        return no_memory(view);
    for (size_t i = 0; i < from->nmetadata; i++) {
        struct quant_metadata_pair *pair = &pairs[file->nmetadata];
        if (left_out && strcmp(from->metadata[i].key, left_out) == 0)
            continue;
        pair->key = quant_arena_join(&file->arena, from->metadata[i].key, "");
        pair->value = quant_arena_join(&file->arena, from->metadata[i].value, "");
        if (!pair->key || !pair->value)
            return no_memory(view);
        file->nmetadata++;
    }
    file->metadata = pairs;
    return QUANT_OK;
}

/* Hands the file over to *input; the shards' sources go to the joined one. */
static enum quant_status hand_over(struct quant_layout_view *view, const char *path,
                                   struct quant_container_input *input)
{
    struct quant_tensor_file *file = view->file;
    file->n = view->tensors.n;
    file->tensors =
        quant_growing_list_keep(&view->tensors, sizeof(struct quant_tensor_info), &file->arena);
    if (!file->tensors)
        return no_memory(view);
    input->source =
        quant_layout_shards_join(view->reading->shards, view->pieces.items, view->pieces.n, path);
    if (!input->source)
        return no_memory(view);
    file->source = input->source;
    input->file = file;
    view->file = NULL;
    return quant_tensor_file_index(file, view->reading->error);
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
    enum quant_status status = keep_metadata(view);
    if (status == QUANT_OK)
        status = hand_over(view, path, input);
    if (status != QUANT_OK)
        return status;
    restored->tensors = view->entries.items;
    restored->n = view->entries.n;
    restored->ncopied = view->ncopied;
    view->entries = (struct quant_growing_list){.n = 0};
    for (size_t i = 0; status == QUANT_OK && i < restored->n; i++)
        status = read_single(view->reading, input->file, &restored->tensors[i]);
    return status;
}

void quant_layout_view_release(struct quant_layout_view *view)
{
    if (view->file)
        quant_tensor_file_close(view->file);
    free(view->tensors.items);
    free(view->pieces.items);
    free(view->entries.items);
    *view = (struct quant_layout_view){.file = NULL};
}
