/* SPDX-License-Identifier: MIT */
/* A .safetensors file in the layout of an engine, seen as if quant had written it in its own: a
 * catalogue whose tensors are pieces of one joined source. */
#ifndef QUANT_ENGINE_FILES_FILE_VIEW_H
#define QUANT_ENGINE_FILES_FILE_VIEW_H

#include "base/growing_list.h"
#include "base/joined_source.h"
#include "base/packing.h"
#include "formats/tensor_file.h"

/* All zeros: closed. */
struct quant_file_view {
    struct quant_tensor_file *file;    /* owned, until it is handed over */
    struct quant_growing_list tensors; /* struct quant_tensor_info */
    struct quant_growing_list pieces;  /* struct quant_source_piece: one for each of them */
};

/* QUANT_NO_MEMORY, as all of these. */
enum quant_status quant_file_view_open(struct quant_file_view *view, struct quant_error *error);

/* Adds a tensor whose bytes are in the piece, whose `at` is not used; name and dimensions are
 * copied. *index is its place. */
enum quant_status quant_file_view_add(struct quant_file_view *view,
                                      const struct quant_tensor_info *info,
                                      const struct quant_source_piece *piece, uint32_t *index,
                                      struct quant_error *error);

/* Keeps the metadata of the file but for one key, which may be NULL. */
enum quant_status quant_file_view_keep_metadata(struct quant_file_view *view,
                                                const struct quant_tensor_file *file,
                                                const char *left_out, struct quant_error *error);

/* Ends it: *file is the catalogue, of the source that the pieces were joined to, and for the caller
 * to close, also after an error. QUANT_CORRUPT: two tensors have one name. */
enum quant_status quant_file_view_finish(struct quant_file_view *view, struct quant_source *source,
                                         struct quant_tensor_file **file,
                                         struct quant_error *error);

void quant_file_view_release(struct quant_file_view *view);

/* The bytes of a tensor of the source as they are. */
struct quant_source_piece quant_file_view_plain(struct quant_source *source,
                                                const struct quant_tensor_info *info);

/* The same of nelems packed elements of dtype as quant packs them. */
struct quant_source_piece quant_file_view_packed(struct quant_source *source,
                                                 const struct quant_tensor_info *info,
                                                 enum quant_dtype dtype,
                                                 const struct quant_packing *packing,
                                                 uint64_t nelems);

/* Changes a piece of int8, and the info, to int32 */
void quant_file_view_widen(struct quant_source_piece *piece, struct quant_tensor_info *info);

#endif
