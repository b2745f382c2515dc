/* SPDX-License-Identifier: MIT */
/* The pieces are in the order of the tensors, each after the last. */
#include "engine/files/file_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/restored_tensors.h"
#include "formats/container.h"

static enum quant_status no_memory(struct quant_error *error)
{
    return quant_error_no_memory(error, sizeof(struct quant_tensor_info), "tensors");
}

enum quant_status quant_file_view_open(struct quant_file_view *view, struct quant_error *error)
{
    view->file = calloc(1, sizeof *view->file);
    if (!view->file)
        return no_memory(error);
    view->file->format = &quant_format_safetensors;
    return QUANT_OK;
}

enum quant_status quant_file_view_add(struct quant_file_view *view,
                                      const struct quant_tensor_info *info,
                                      const struct quant_source_piece *piece, uint32_t *index,
                                      struct quant_error *error)
{
    const struct quant_source_piece *last = view->pieces.items;
    struct quant_tensor_info own = *info;
    struct quant_source_piece placed = *piece;
    placed.at = 0;
    if (last) {
        last += view->pieces.n - 1;
        placed.at = last->at + last->nbytes;
    }
    const size_t nbytes = own.ndim * sizeof *own.dims;
    uint64_t *dims = quant_arena_take(&view->file->arena, nbytes + 1);
    own.name = quant_arena_join(&view->file->arena, info->name, "");
    if (!dims || !own.name)
        return no_memory(error);
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
               : no_memory(error);
}

enum quant_status quant_file_view_keep_metadata(struct quant_file_view *view,
                                                const struct quant_tensor_file *file,
                                                const char *left_out, struct quant_error *error)
{
    struct quant_tensor_file *own = view->file;
    struct quant_metadata_pair *pairs =
        quant_arena_take(&own->arena, (file->nmetadata + 1) * sizeof *pairs);
    if (!pairs)
        return no_memory(error);
    for (size_t i = 0; i < file->nmetadata; i++) {
        struct quant_metadata_pair *pair = &pairs[own->nmetadata];
        if (left_out && strcmp(file->metadata[i].key, left_out) == 0)
            continue;
        pair->key = quant_arena_join(&own->arena, file->metadata[i].key, "");
        pair->value = quant_arena_join(&own->arena, file->metadata[i].value, "");
        if (!pair->key || !pair->value)
            return no_memory(error);
        own->nmetadata++;
    }
    own->metadata = pairs;
    return QUANT_OK;
}

enum quant_status quant_file_view_finish(struct quant_file_view *view, struct quant_source *source,
                                         struct quant_tensor_file **file, struct quant_error *error)
{
    *file = view->file;
    view->file = NULL;
    (*file)->source = source;
    (*file)->n = view->tensors.n;
    (*file)->tensors =
        quant_growing_list_keep(&view->tensors, sizeof(struct quant_tensor_info), &(*file)->arena);
    uint64_t *offsets = quant_arena_take(&(*file)->arena, (view->pieces.n + 1) * sizeof *offsets);
    if (!(*file)->tensors || !offsets) {
        (*file)->n = 0;
        return no_memory(error);
    }
    const struct quant_source_piece *pieces = view->pieces.items;
    for (size_t i = 0; i < view->pieces.n; i++)
        offsets[i] = pieces[i].offset;
    (*file)->stored_offsets = offsets;
    return quant_tensor_file_index(*file, error);
}

void quant_file_view_release(struct quant_file_view *view)
{
    if (view->file)
        quant_tensor_file_close(view->file);
    free(view->tensors.items);
    free(view->pieces.items);
    *view = (struct quant_file_view){.file = NULL};
}

/* ---- Pieces ---- */

struct quant_source_piece quant_file_view_plain(struct quant_source *source,
                                                const struct quant_tensor_info *info)
{
    return (struct quant_source_piece){
        .source = source, .offset = info->offset, .nbytes = info->nbytes};
}

struct quant_source_piece
quant_file_view_packed(struct quant_source *source, const struct quant_tensor_info *info,
                       enum quant_dtype dtype, const struct quant_packing *packing, uint64_t nelems)
{
    struct quant_source_piece piece = quant_file_view_plain(source, info);
    piece.nbytes = quant_dtype_bytes(dtype, nelems);
    piece.flip = packing->flip;
    if (packing->bits > 0 && packing->row_bytes * 8 != packing->columns * packing->bits) {
        piece.kind = QUANT_PIECE_ROWS;
        piece.bits = packing->bits;
        piece.nelems = nelems;
        piece.columns = packing->columns;
        piece.row_bytes = packing->row_bytes;
    }
    return piece;
}

void quant_file_view_widen(struct quant_source_piece *piece, struct quant_tensor_info *info)
{
    if (info->type->dtype != QUANT_INT8)
        return;
    piece->kind = QUANT_PIECE_WIDENED;
    piece->nbytes *= 4;
    info->type = quant_format_safetensors.container->type_of(QUANT_INT32);
}
