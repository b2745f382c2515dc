/* SPDX-License-Identifier: MIT */
/* Each tensor of the view is a piece of a joined source: of this shard, or of another that has its
 * scale. */
#include "engine/files/layout_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/grouping.h"
#include "base/growing_list.h"
#include "base/joined_source.h"
#include "base/shape.h"
#include "base/small_float.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout.h"
#include "engine/files/layout_shards.h"
#include "formats/container.h"
#include "io/io.h"
#include "records/document.h"

enum { CONFIG_MOST = 16 << 20 };

struct opening {
    struct quant_layout_reading reading; /* the first member: layouts see no more */
    struct quant_layout_shards shards;
    struct quant_tensor_file *view; /* owned, until it is handed over */
    struct quant_restored_tensors *restored;
    struct quant_growing_list tensors; /* struct quant_tensor_info: those of the view */
    struct quant_growing_list pieces;  /* struct quant_source_piece: one for each of them */
    struct quant_growing_list entries; /* struct quant_restored_tensor */
    cJSON *root;                       /* owned: the config */
    struct quant_source *config;       /* owned */
    char *config_path;                 /* owned */
};

static enum quant_status no_memory(const struct opening *opening)
{
    return quant_error_no_memory(opening->reading.error, sizeof(struct quant_tensor_info),
                                 "tensors");
}

enum quant_status quant_layout_find(struct quant_layout_reading *reading, const char *stem,
                                    const char *suffix, struct quant_layout_place *place)
{
    struct opening *opening = (struct opening *)reading;
    *place = (struct quant_layout_place){.info = NULL};
    const char *name = quant_arena_join(reading->arena, stem, suffix);
    if (!name)
        return no_memory(opening);
    return quant_layout_shards_find(&opening->shards, name, &place->info, &place->source,
                                    reading->error);
}

/* ---- The config ---- */

static const cJSON *entry_of(const cJSON *root)
{
    return cJSON_GetObjectItemCaseSensitive(root, "quantization_config");
}

static cJSON *read_config(struct quant_source *source, enum quant_status *status,
                          struct quant_error *error)
{
    struct quant_fields fields = {
        .source = source, .what = "not a valid config", .error = error, .status = QUANT_OK};
    cJSON *root = quant_document_read(&fields, "config", CONFIG_MOST);
    *status = fields.status;
    return root;
}

/* There need not be one. */
static enum quant_status open_config(struct opening *opening, const char *path,
                                     const struct quant_cancel *cancel)
{
    struct quant_layout_reading *reading = &opening->reading;
    opening->config_path = quant_path_beside("config.json", path);
    if (!opening->config_path)
        return no_memory(opening);
    if (access(opening->config_path, F_OK) != 0)
        return QUANT_OK;
    enum quant_status status =
        quant_input_open(opening->config_path, cancel, &opening->config, reading->error);
    if (status == QUANT_OK)
        opening->root = read_config(opening->config, &status, reading->error);
    reading->config = entry_of(opening->root);
    reading->config_source = opening->config;
    return status;
}

enum quant_status quant_layout_check_config(struct quant_source *source, struct quant_error *error)
{
    struct quant_arena arena = {NULL};
    const struct quant_layout *layout = NULL;
    enum quant_status status = QUANT_OK;
    cJSON *root = read_config(source, &status, error);
    if (status == QUANT_OK)
        status = quant_layout_named(entry_of(root), source, &layout, error);
    struct quant_layout_reading reading = {
        .layout = layout,
        .config = entry_of(root),
        .config_source = source,
        .arena = &arena,
        .error = error,
    };
    if (status == QUANT_OK && layout && layout->begin)
        status = layout->begin(&reading);
    quant_arena_release(&arena);
    cJSON_Delete(root);
    return status;
}

/* ---- The view ---- */

/* Adds a tensor whose bytes are in the piece; *index is its place. */
static enum quant_status add_tensor(struct opening *opening, const struct quant_tensor_info *info,
                                    const struct quant_source_piece *piece, uint32_t *index)
{
    const struct quant_source_piece *last = opening->pieces.items;
    struct quant_tensor_info own = *info;
    struct quant_source_piece placed = *piece;
    if (last) {
        last += opening->pieces.n - 1;
        placed.at = last->at + last->nbytes;
    }
    const size_t nbytes = own.ndim * sizeof *own.dims;
    uint64_t *dims = quant_arena_take(&opening->view->arena, nbytes + 1);
    own.name = quant_arena_join(&opening->view->arena, info->name, "");
    if (!dims || !own.name)
        return no_memory(opening);
    if (nbytes > 0)
        memcpy(dims, info->dims, nbytes);
    own.dims = dims;
    own.offset = placed.at;
    own.nbytes = placed.nbytes;
    *index = (uint32_t)opening->tensors.n;
    return opening->tensors.n < QUANT_NOT_STORED &&
                   quant_growing_list_add(&opening->tensors, &own, sizeof own) &&
                   quant_growing_list_add(&opening->pieces, &placed, sizeof placed)
               ? QUANT_OK
               : no_memory(opening);
}

static struct quant_source_piece plain(const struct quant_layout_place *place)
{
    return (struct quant_source_piece){
        .source = place->source, .offset = place->info->offset, .nbytes = place->info->nbytes};
}

static enum quant_status add_plain(struct opening *opening, const struct quant_layout_place *place,
                                   uint32_t *index)
{
    const struct quant_source_piece piece = plain(place);
    return add_tensor(opening, place->info, &piece, index);
}

static enum quant_status add_data(struct opening *opening, const struct quant_layout_tensor *tensor,
                                  uint64_t nelems, uint32_t *index)
{
    const struct quant_container *container = quant_format_safetensors.container;
    const unsigned bits = quant_dtype_info(tensor->dtype)->bits;
    struct quant_tensor_info info = *tensor->data.info;
    struct quant_source_piece piece = plain(&tensor->data);
    const uint64_t columns = tensor->ndim > 0 ? tensor->dims[tensor->ndim - 1] : 1;
    info.name = tensor->name;
    info.dims = tensor->dims;
    info.ndim = tensor->ndim;
    info.type = container->type_of(tensor->dtype);
    piece.nbytes = quant_dtype_bytes(tensor->dtype, nelems);
    piece.flip = !tensor->has_offset ? 0 : bits == 4 ? 0x88 : 0x80;
    if (tensor->row_bytes > 0 && tensor->row_bytes * 8 != columns * bits) {
        piece.kind = QUANT_PIECE_ROWS;
        piece.bits = bits;
        piece.nelems = nelems;
        piece.columns = columns;
        piece.row_bytes = tensor->row_bytes;
    }
    return add_tensor(opening, &info, &piece, index);
}

static enum quant_status add_zero_points(struct opening *opening,
                                         const struct quant_layout_tensor *tensor, uint32_t *index)
{
    struct quant_tensor_info info = *tensor->zero_points.info;
    struct quant_source_piece piece = plain(&tensor->zero_points);
    if (info.type->dtype == QUANT_INT8) {
        piece.kind = QUANT_PIECE_WIDENED;
        piece.nbytes *= 4;
        info.type = quant_format_safetensors.container->type_of(QUANT_INT32);
    }
    return add_tensor(opening, &info, &piece, index);
}

/* ---- What restores a tensor ---- */

static enum quant_status read_one_scale(const struct opening *opening,
                                        const struct quant_layout_tensor *tensor,
                                        struct quant_params *params)
{
    const struct quant_layout_place *scales = &tensor->scales;
    const struct quant_layout_place *zero = &tensor->zero_points;
    const struct quant_small_float *type = quant_small_float(params->scale_dtype);
    unsigned char bytes[4] = {0};
    struct quant_error *error = opening->reading.error;
    enum quant_status status = quant_source_read_exactly(
        scales->source, scales->info->offset, bytes, (size_t)scales->info->nbytes, error);
    const uint32_t bits = quant_load_32(bytes, false);
    if (type)
        params->scale = quant_small_float_decode(type, quant_load_16(bytes, false));
    else
        memcpy(&params->scale, &bits, sizeof bits);
    if (status == QUANT_OK && !(params->scale > 0 && isfinite(params->scale)))
        return quant_layout_fail(&opening->reading, scales->info->name,
                                 "is a scale that is not finite and above 0");
    if (status != QUANT_OK || !zero->info)
        return status;
    status = quant_source_read_exactly(zero->source, zero->info->offset, bytes,
                                       (size_t)zero->info->nbytes, error);
    params->zero_point = zero->info->type->dtype == QUANT_INT8
                             ? (int32_t)(int8_t)bytes[0]
                             : (int32_t)quant_load_32(bytes, false);
    return status;
}

/* Whether scales, and zero points, are of known types and as many as there are groups. */
static enum quant_status check_scales(struct opening *opening,
                                      const struct quant_layout_tensor *tensor,
                                      const struct quant_restored_tensor *entry)
{
    const struct quant_tensor_info *scales = tensor->scales.info;
    const struct quant_tensor_info *zero = tensor->zero_points.info;
    const struct quant_dtype_info *type = quant_dtype_info(scales->type->dtype);
    const struct quant_shape shape = quant_shape_of(entry->dims, entry->ndim);
    const struct quant_granularity granularity =
        quant_granularity_again(entry->axis, entry->block_size, entry->block_rows);
    struct quant_grouping grouping = {.count = 1};
    enum quant_status status = QUANT_OK;
    if (!type || !type->is_scale)
        return quant_layout_fail(&opening->reading, scales->name,
                                 "has the dtype %s, which is not one of scales",
                                 scales->type->name);
    if (entry->axis >= 0)
        status = quant_grouping_make(&granularity, &shape, QUANT_ORDER_C, &grouping,
                                     opening->reading.error);
    if (status == QUANT_OK && quant_layout_count(scales) != grouping.count)
        return quant_layout_fail(&opening->reading, scales->name, "has %llu scales, not %llu",
                                 (unsigned long long)quant_layout_count(scales),
                                 (unsigned long long)grouping.count);
    if (status == QUANT_OK && zero &&
        ((zero->type->dtype != QUANT_INT8 && zero->type->dtype != QUANT_INT32) ||
         quant_layout_count(zero) != grouping.count))
        return quant_layout_fail(&opening->reading, zero->name,
                                 "does not have a zero point in int8 or int32 for each scale");
    return status;
}

static enum quant_status describe(struct opening *opening, const struct quant_layout_tensor *tensor,
                                  struct quant_restored_tensor *entry)
{
    const struct quant_dtype_info *type = quant_dtype_info(tensor->dtype);
    const struct quant_tensor_info *data = tensor->data.info;
    const bool has_zero = tensor->zero_points.info;
    uint64_t *dims = quant_arena_take(&opening->restored->arena, sizeof tensor->dims);
    *entry = (struct quant_restored_tensor){
        .params = {.scheme = has_zero ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                   .dtype = tensor->dtype,
                   .qmin = type->is_integer ? (int32_t)type->min : 0,
                   .qmax = type->is_integer ? (int32_t)type->max : 0,
                   .scale = 1,
                   .scale_dtype = tensor->scales.info->type->dtype},
        .dims = dims,
        .nelems = 1,
        .block_size = tensor->block_size,
        .block_rows = tensor->block_rows,
        .scales = QUANT_NOT_STORED,
        .zero_points = QUANT_NOT_STORED,
        .ndim = tensor->ndim,
        .axis = tensor->axis,
        .is_unchecked = true,
    };
    if (!dims)
        return no_memory(opening);
    memcpy(dims, tensor->dims, sizeof tensor->dims);
    const struct quant_shape shape = quant_shape_of(dims, tensor->ndim);
    const uint64_t rows = tensor->ndim > 0 ? dims[0] : 1;
    const bool has_count = quant_shape_count(&shape, &entry->nelems);
    const uint64_t stored = tensor->row_bytes > 0 ? rows * tensor->row_bytes
                                                  : quant_dtype_bytes(tensor->dtype, entry->nelems);
    if (!has_count || data->nbytes != stored)
        return quant_layout_fail(&opening->reading, data->name,
                                 "does not have the size of its shape");
    const enum quant_status status = check_scales(opening, tensor, entry);
    return status == QUANT_OK && entry->axis < 0 ? read_one_scale(opening, tensor, &entry->params)
                                                 : status;
}

static enum quant_status add_restored(struct opening *opening,
                                      const struct quant_layout_tensor *tensor)
{
    struct quant_restored_tensor entry;
    enum quant_status status = describe(opening, tensor, &entry);
    if (status == QUANT_OK)
        status = add_data(opening, tensor, entry.nelems, &entry.data);
    if (status == QUANT_OK)
        status = add_plain(opening, &tensor->scales, &entry.scales);
    if (status == QUANT_OK && tensor->zero_points.info)
        status = add_zero_points(opening, tensor, &entry.zero_points);
    if (status == QUANT_OK && !quant_growing_list_add(&opening->entries, &entry, sizeof entry))
        status = no_memory(opening);
    return status;
}

static enum quant_status add_copied(struct opening *opening, const struct quant_layout_place *place)
{
    struct quant_restored_tensor entry = {.nelems = quant_layout_count(place->info),
                                          .scales = QUANT_NOT_STORED,
                                          .zero_points = QUANT_NOT_STORED,
                                          .ndim = place->info->ndim,
                                          .axis = -1,
                                          .is_copied = true,
                                          .is_unchecked = true};
    const enum quant_status status = add_plain(opening, place, &entry.data);
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_info *tensors = opening->tensors.items;
    entry.dims = tensors[entry.data].dims; /* of the view's arena, which lives longer */
    opening->restored->ncopied++;
    return quant_growing_list_add(&opening->entries, &entry, sizeof entry) ? QUANT_OK
                                                                           : no_memory(opening);
}

/* ---- The shard ---- */

static enum quant_status add_all(struct opening *opening)
{
    struct quant_layout_reading *reading = &opening->reading;
    const struct quant_tensor_file *file = reading->file;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++) {
        const struct quant_layout_place place = {&file->tensors[i], file->source};
        enum quant_layout_role role = QUANT_LAYOUT_COPIED;
        struct quant_layout_tensor tensor = {.axis = -1};
        status = reading->layout->place(reading, place.info, &role, &tensor);
        if (status == QUANT_OK && role == QUANT_LAYOUT_RESTORED)
            status = add_restored(opening, &tensor);
        else if (status == QUANT_OK && role == QUANT_LAYOUT_COPIED)
            status = add_copied(opening, &place);
    }
    return status;
}

static enum quant_status keep_metadata(struct opening *opening)
{
    const struct quant_tensor_file *file = opening->reading.file;
    const char *left_out = opening->reading.layout->metadata;
    struct quant_tensor_file *view = opening->view;
    struct quant_metadata_pair *pairs =
        quant_arena_take(&view->arena, (file->nmetadata + 1) * sizeof *pairs);
    if (!pairs)
        return no_memory(opening);
    for (size_t i = 0; i < file->nmetadata; i++) {
        struct quant_metadata_pair *pair = &pairs[view->nmetadata];
        if (left_out && strcmp(file->metadata[i].key, left_out) == 0)
            continue;
        pair->key = quant_arena_join(&view->arena, file->metadata[i].key, "");
        pair->value = quant_arena_join(&view->arena, file->metadata[i].value, "");
        if (!pair->key || !pair->value)
            return no_memory(opening);
        view->nmetadata++;
    }
    view->metadata = pairs;
    return QUANT_OK;
}

/* The shards' sources go to the joined one. */
static enum quant_status finish_view(struct opening *opening, struct quant_container_input *input,
                                     const char *path)
{
    struct quant_tensor_file *view = opening->view;
    view->n = opening->tensors.n;
    view->tensors =
        quant_growing_list_keep(&opening->tensors, sizeof(struct quant_tensor_info), &view->arena);
    if (!view->tensors)
        return no_memory(opening);
    input->source =
        quant_layout_shards_join(&opening->shards, opening->pieces.items, opening->pieces.n, path);
    if (!input->source)
        return no_memory(opening);
    view->source = input->source;
    input->file = view;
    opening->view = NULL;
    opening->restored->tensors = opening->entries.items;
    opening->restored->n = opening->entries.n;
    opening->entries.items = NULL;
    return quant_tensor_file_index(view, opening->reading.error);
}

/* By the config, or by a tensor of the shard, or of one beside it. */
static enum quant_status recognize(struct opening *opening)
{
    struct quant_layout_reading *reading = &opening->reading;
    const struct quant_tensor_file *file = reading->file;
    const struct quant_shard_index *index = NULL;
    enum quant_status status =
        quant_layout_named(reading->config, opening->config, &reading->layout, reading->error);
    for (size_t i = 0; status == QUANT_OK && !reading->layout && i < file->n; i++)
        reading->layout = quant_layout_marked(file->tensors[i].name);
    if (status == QUANT_OK && !reading->layout)
        status = quant_layout_shards_index(&opening->shards, &index, reading->error);
    for (size_t i = 0; status == QUANT_OK && !reading->layout && i < index->n; i++)
        reading->layout = quant_layout_marked(index->entries[i].tensor);
    return status;
}

static enum quant_status open_all(struct opening *opening, struct quant_container_input *input,
                                  const char *path, const struct quant_cancel *cancel)
{
    struct quant_layout_reading *reading = &opening->reading;
    enum quant_status status =
        quant_layout_shards_open(&opening->shards, path, cancel, reading->error);
    if (status == QUANT_OK)
        status = open_config(opening, path, cancel);
    reading->file = opening->shards.file;
    if (status == QUANT_OK)
        status = recognize(opening);
    if (status != QUANT_OK || !input)
        return status;
    if (!reading->layout)
        return quant_source_error(reading->file->source, reading->error, QUANT_CORRUPT,
                                  "no other program has quantized it");
    opening->view = calloc(1, sizeof *opening->view);
    if (!opening->view)
        return no_memory(opening);
    opening->view->format = &quant_format_safetensors;
    if (reading->layout->begin)
        status = reading->layout->begin(reading);
    if (status == QUANT_OK)
        status = add_all(opening);
    if (status == QUANT_OK)
        status = keep_metadata(opening);
    return status == QUANT_OK ? finish_view(opening, input, path) : status;
}

static void close_all(struct opening *opening)
{
    if (opening->view)
        quant_tensor_file_close(opening->view);
    quant_layout_shards_close(&opening->shards);
    free(opening->tensors.items);
    free(opening->pieces.items);
    free(opening->entries.items);
    cJSON_Delete(opening->root);
    quant_source_close(opening->config);
    free(opening->config_path);
}

enum quant_status quant_layout_file_open(struct quant_container_input *input,
                                         struct quant_restored_tensors *restored, const char *path,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    struct quant_arena arena = {NULL};
    struct opening opening = {.reading = {.arena = &arena, .error = error}, .restored = restored};
    const enum quant_status status = open_all(&opening, input, path, cancel);
    close_all(&opening);
    quant_arena_release(&arena);
    return status;
}

enum quant_status quant_layout_file_is(const char *path, const struct quant_cancel *cancel,
                                       bool *is, const char **name, struct quant_error *error)
{
    struct quant_arena arena = {NULL};
    struct opening opening = {.reading = {.arena = &arena, .error = error}};
    *is = false;
    if (name)
        *name = NULL;
    if (!quant_is_shard_name(path))
        return QUANT_OK;
    const enum quant_status status = open_all(&opening, NULL, path, cancel);
    *is = opening.reading.layout || (status == QUANT_UNSUPPORTED && opening.config);
    if (name && opening.reading.layout)
        *name = opening.reading.layout->name;
    close_all(&opening);
    quant_arena_release(&arena);
    return status == QUANT_NO_MEMORY || status == QUANT_CANCELLED ? status : QUANT_OK;
}
