/* SPDX-License-Identifier: MIT */
/* What the layout makes of an entry says which tensors of the file it is; the names that the entry
 * has for them are for other readers, and must be the same. */
#include "engine/files/layout_stored.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/file_view.h"
#include "engine/files/layout_write.h"
#include "engine/files/scale_shape.h"
#include "formats/container.h"

struct viewing {
    const struct quant_written_layout *layout;
    struct quant_source *source;
    const struct quant_tensor_file *file; /* as it is */
    struct quant_file_view view;
    struct quant_arena arena; /* of what the layout makes */
    unsigned char *named;     /* owned: one for each tensor of the file */
    struct quant_error *error;
};

static enum quant_status disagree(const struct viewing *viewing, const char *name, const char *what)
{
    return quant_source_error(viewing->source, viewing->error, QUANT_CORRUPT,
                              "its sidecar does not belong to it: tensor '%.200s' %s", name, what);
}

/* *info is NULL, without an error, if there is no such tensor: what restores it says so. */
static void find(struct viewing *viewing, const char *name, const struct quant_tensor_info **info)
{
    size_t i;
    *info = NULL;
    if (!quant_tensor_file_find(viewing->file, name, &i))
        return;
    viewing->named[i] = 1;
    *info = &viewing->file->tensors[i];
}

static bool has_form(const struct quant_tensor_info *info, const char *type, const uint64_t *dims,
                     uint32_t ndim)
{
    return info->type == quant_container_type_called(quant_format_safetensors.container, type) &&
           info->ndim == ndim && (ndim == 0 || memcmp(info->dims, dims, ndim * sizeof *dims) == 0);
}

static enum quant_status add(struct viewing *viewing, const struct quant_tensor_info *info,
                             const struct quant_source_piece *piece)
{
    uint32_t index;
    return quant_file_view_add(&viewing->view, info, piece, &index, viewing->error);
}

static enum quant_status add_plain(struct viewing *viewing, const struct quant_tensor_info *info)
{
    const struct quant_source_piece piece = quant_file_view_plain(viewing->source, info);
    return add(viewing, info, &piece);
}

/* ---- The tensors of one entry ---- */

static enum quant_status check_names(const struct viewing *viewing,
                                     const struct quant_sidecar_entry *entry,
                                     const struct quant_layout_stored *stored)
{
    const struct quant_sidecar_stored *said = &entry->stored;
    bool agrees =
        said->data && strcmp(said->data, stored->data) == 0 && said->nbeside == stored->nfixed;
    for (size_t i = 0; agrees && i < said->nbeside; i++)
        agrees = strcmp(said->beside[i], stored->fixed[i].name) == 0;
    return agrees ? QUANT_OK : disagree(viewing, entry->name, "is stored in other tensors");
}

static enum quant_status add_data(struct viewing *viewing, const struct quant_sidecar_entry *entry,
                                  const struct quant_layout_stored *stored)
{
    const struct quant_tensor_info *info;
    find(viewing, stored->data, &info);
    if (!info)
        return QUANT_OK;
    if (!has_form(info, stored->type, stored->dims, stored->ndim))
        return disagree(viewing, stored->data, "has another type or shape");
    const struct quant_source_piece piece =
        quant_file_view_packed(viewing->source, info, entry->params.dtype, &stored->packing,
                               entry->dims[0] * entry->dims[1]);
    struct quant_tensor_info own = *info;
    own.name = entry->name;
    own.type = quant_format_safetensors.container->type_of(entry->params.dtype);
    own.dims = entry->dims;
    own.ndim = (uint32_t)entry->ndim;
    return add(viewing, &own, &piece);
}

/* Scales, or zero points. */
static enum quant_status add_beside(struct viewing *viewing,
                                    const struct quant_sidecar_entry *entry, const char *name,
                                    bool has_no_dims)
{
    const struct quant_tensor_info *info;
    const struct quant_shape shape = quant_scale_shape(
        entry->dims, (uint32_t)entry->ndim, entry->axis, entry->block_size, entry->block_rows);
    if (name)
        find(viewing, name, &info);
    if (!name || !info)
        return QUANT_OK;
    struct quant_source_piece piece = quant_file_view_plain(viewing->source, info);
    struct quant_tensor_info own = *info;
    if (has_no_dims && info->ndim == 0) {
        own.dims = shape.dims;
        own.ndim = (uint32_t)shape.ndim;
    }
    quant_file_view_widen(&piece, &own);
    return add(viewing, &own, &piece);
}

static enum quant_status check_fixed(struct viewing *viewing,
                                     const struct quant_layout_fixed *fixed)
{
    const struct quant_tensor_info *info;
    unsigned char bytes[256];
    find(viewing, fixed->name, &info);
    if (!info)
        return disagree(viewing, fixed->name, "is missing");
    if (!has_form(info, fixed->type, &fixed->length, 1) || fixed->nbytes > sizeof bytes)
        return disagree(viewing, fixed->name, "has another type or shape");
    const enum quant_status status = quant_source_read_exactly(viewing->source, info->offset, bytes,
                                                               fixed->nbytes, viewing->error);
    if (status != QUANT_OK)
        return status;
    return memcmp(bytes, fixed->bytes, fixed->nbytes) == 0
               ? QUANT_OK
               : disagree(viewing, fixed->name, "says something else");
}

static enum quant_status add_quantized(struct viewing *viewing,
                                       const struct quant_sidecar_entry *entry)
{
    const struct quant_layout_weight weight = {
        .name = entry->name,
        .dims = entry->dims,
        .params = &entry->params,
        .input = entry->source_dtype,
        .axis = entry->has_groups ? entry->axis : -1,
        .block_size = entry->block_size,
        .block_rows = entry->block_rows,
        .has_zero_points = entry->zero_point_name && !quant_params_have_biases(&entry->params),
    };
    struct quant_layout_stored stored = {.data = NULL};
    struct quant_error own;
    if (entry->ndim != 2)
        return disagree(viewing, entry->name, "is not a matrix");
    enum quant_status status = viewing->layout->store(&weight, &viewing->arena, &stored, &own);
    if (status == QUANT_NO_MEMORY)
        return quant_error_set(viewing->error, status, "%s", own.text);
    if (status != QUANT_OK)
        return disagree(viewing, entry->name, "cannot be in its layout");
    status = check_names(viewing, entry, &stored);
    if (status == QUANT_OK)
        status = add_data(viewing, entry, &stored);
    if (status == QUANT_OK)
        status = add_beside(viewing, entry, stored.scales, stored.has_one_scale);
    if (status == QUANT_OK)
        status = add_beside(viewing, entry, stored.zero_points, false);
    if (status == QUANT_OK)
        status = add_beside(viewing, entry, stored.biases, false);
    for (size_t i = 0; status == QUANT_OK && i < stored.nfixed; i++)
        status = check_fixed(viewing, &stored.fixed[i]);
    return status;
}

/* ---- The file ---- */

static enum quant_status add_entry(struct viewing *viewing, const struct quant_sidecar_entry *entry)
{
    const struct quant_tensor_info *info;
    if (!entry->is_copied)
        return add_quantized(viewing, entry);
    find(viewing, entry->name, &info);
    return info ? add_plain(viewing, info) : QUANT_OK;
}

static enum quant_status add_all(struct viewing *viewing, struct quant_sidecar_reader *reader)
{
    struct quant_sidecar_entry entry;
    bool found = true;
    enum quant_status status = QUANT_OK;
    while (status == QUANT_OK && found) {
        status = quant_sidecar_tensors_next(reader, &entry, &found, viewing->error);
        if (status == QUANT_OK && found)
            status = add_entry(viewing, &entry);
        quant_arena_release(&viewing->arena);
    }
    /* What no entry names is there too, and found to be so. */
    for (size_t i = 0; status == QUANT_OK && i < viewing->file->n; i++)
        if (!viewing->named[i])
            status = add_plain(viewing, &viewing->file->tensors[i]);
    return status;
}

/* The file's own source goes to the joined one. */
static enum quant_status finish(struct viewing *viewing, struct quant_container_input *input)
{
    const struct quant_joined_part part = {viewing->source, NULL};
    const struct quant_file_view *view = &viewing->view;
    struct quant_tensor_file *file = NULL;
    struct quant_source *joined = NULL;
    view->file->header_nbytes = viewing->file->header_nbytes;
    enum quant_status status =
        quant_file_view_finish(&viewing->view, viewing->source, &file, viewing->error);
    if (status == QUANT_OK) {
        joined =
            quant_source_join(&part, 1, view->pieces.items, view->pieces.n, viewing->source->name);
        if (!joined)
            status = quant_error_no_memory(viewing->error, view->pieces.n * sizeof part, "tensors");
    }
    if (status != QUANT_OK) {
        quant_tensor_file_close(file);
        return status;
    }
    quant_tensor_file_close(input->file);
    file->source = input->source = joined;
    input->file = file;
    return QUANT_OK;
}

enum quant_status quant_layout_view_stored(struct quant_container_input *input,
                                           struct quant_sidecar_reader *reader,
                                           struct quant_error *error)
{
    const char *name = quant_sidecar_tensors_head(reader)->layout;
    struct viewing viewing = {.layout = quant_written_layout_named(name),
                              .source = input->source,
                              .file = input->file,
                              .error = error};
    if (!name)
        return QUANT_OK;
    if (!viewing.layout || input->file->format != &quant_format_safetensors)
        return quant_source_error(input->source, error, QUANT_UNSUPPORTED,
                                  "its sidecar says the layout '%.64s', which is not known", name);
    viewing.named = calloc(input->file->n + 1, 1);
    enum quant_status status = viewing.named
                                   ? quant_file_view_open(&viewing.view, error)
                                   : quant_error_no_memory(error, input->file->n, "tensors");
    if (status == QUANT_OK)
        status = add_all(&viewing, reader);
    if (status == QUANT_OK)
        status = quant_file_view_keep_metadata(&viewing.view, input->file, NULL, error);
    if (status == QUANT_OK)
        status = finish(&viewing, input);
    quant_file_view_release(&viewing.view);
    quant_arena_release(&viewing.arena);
    free(viewing.named);
    return status == QUANT_OK ? quant_sidecar_tensors_rewind(reader, error) : status;
}
