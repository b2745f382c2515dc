/* SPDX-License-Identifier: MIT */
/*
 * A shard of another program, made tensor by tensor into the file that quant would have written:
 *
 *     begin; for each tensor of the shard that stays: add_restored or add_copied; finish; release
 */
#ifndef QUANT_ENGINE_FILES_LAYOUT_VIEW_H
#define QUANT_ENGINE_FILES_LAYOUT_VIEW_H

#include "base/growing_list.h"
#include "engine/files/file_view.h"
#include "engine/files/layout.h"
#include "engine/tensor/container_input.h"

/* All zeros: released. */
struct quant_layout_view {
    const struct quant_layout_reading *reading; /* borrowed: of the shard */
    struct quant_file_view file;
    struct quant_growing_list entries; /* struct quant_restored_tensor */
    size_t ncopied;                    /* of the entries */
};

/* QUANT_NO_MEMORY. */
enum quant_status quant_layout_view_begin(struct quant_layout_view *view,
                                          const struct quant_layout_reading *reading);

/* Adds what the layout says of a tensor: its integers, scales and zero points. QUANT_UNSUPPORTED:
 * they do not agree in types or sizes; QUANT_NO_MEMORY. */
enum quant_status quant_layout_view_add_restored(struct quant_layout_view *view,
                                                 const struct quant_layout_tensor *tensor);

/* Adds a tensor as it is. QUANT_NO_MEMORY. */
enum quant_status quant_layout_view_add_copied(struct quant_layout_view *view,
                                               const struct quant_layout_place *place);

/* *input becomes the file, with the metadata that the layout keeps, and *restored what restores it.
 * It takes over the sources of the shards, and path outlives it.
 * QUANT_UNSUPPORTED: the only scale of a tensor is not finite and above 0; those of reading. */
enum quant_status quant_layout_view_finish(struct quant_layout_view *view, const char *path,
                                           struct quant_container_input *input,
                                           struct quant_restored_tensors *restored);

void quant_layout_view_release(struct quant_layout_view *view);

#endif
