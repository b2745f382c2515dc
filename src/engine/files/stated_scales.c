/* SPDX-License-Identifier: MIT */
/* The catalogue says what a sidecar would say. */
#include "engine/files/stated_scales.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/files/layout_file.h"
#include "formats/format.h"
#include "io/io.h"
#include "io/sidecar_names.h"

/* ---- Which files ---- */

static enum quant_status recognize(struct quant_source *source, bool *is_gguf,
                                   struct quant_error *error)
{
    unsigned char head[64];
    size_t nbytes = 0;
    const enum quant_status status =
        source->ops->read_at(source, 0, head, sizeof head, &nbytes, error);
    *is_gguf = status == QUANT_OK && quant_format_gguf.recognize(head, nbytes) == QUANT_MATCH_SURE;
    return status;
}

enum quant_status quant_states_scales(const char *path, const struct quant_cancel *cancel,
                                      bool *states, struct quant_error *error)
{
    struct quant_source *source = NULL;
    char *sidecar = quant_sidecar_default(path);
    *states = false;
    if (!sidecar)
        return quant_error_no_memory(error, strlen(path), "path");
    const bool has_sidecar = access(sidecar, F_OK) == 0;
    free(sidecar);
    if (has_sidecar || quant_path_is_stream(path))
        return QUANT_OK;
    const enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status != QUANT_OK)
        return quant_is_fatal(status) ? status : QUANT_OK;
    const enum quant_status read = recognize(source, states, error);
    quant_source_close(source);
    if (read != QUANT_OK || *states)
        return quant_is_fatal(read) ? read : QUANT_OK;
    return quant_layout_file_is(path, cancel, states, NULL, error);
}

static enum quant_status open_gguf(struct quant_container_input *input, const char *path,
                                   const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_source *source = NULL;
    const enum quant_status status = quant_input_open(path, cancel, &source, error);
    return status == QUANT_OK
               ? quant_container_input_open(input, source, &quant_format_gguf, cancel, error)
               : status;
}

enum quant_status quant_holds_blocks(const char *path, const struct quant_cancel *cancel,
                                     bool *holds, struct quant_error *error)
{
    struct quant_container_input input = {.source = NULL};
    *holds = false;
    if (quant_format_from_path(path) != &quant_format_gguf)
        return QUANT_OK;
    const enum quant_status status = open_gguf(&input, path, cancel, error);
    for (size_t i = 0; status == QUANT_OK && i < input.file->n; i++) {
        const struct quant_dtype_info *info = quant_dtype_info(input.file->tensors[i].type->dtype);
        *holds = *holds || (info && info->block_nelems > 0);
    }
    quant_container_input_close(&input);
    return quant_is_fatal(status) ? status : QUANT_OK;
}

/* ---- Their tensors ---- */

static struct quant_restored_tensor restored_from(const struct quant_tensor_info *info, uint32_t i)
{
    const struct quant_dtype_info *dtype = quant_dtype_info(info->type->dtype);
    return (struct quant_restored_tensor){
        .params = {.dtype = info->type->dtype, .scale = 1, .scale_dtype = QUANT_FLOAT32},
        .dims = info->dims,
        .ndim = info->ndim,
        .nelems = quant_stored_elements(info->type, info->nbytes),
        .data = i,
        .scales = QUANT_NOT_STORED,
        .zero_points = QUANT_NOT_STORED,
        .axis = -1,
        .is_copied = !dtype || dtype->block_nelems == 0,
        .order = (enum quant_order)info->order,
        .is_unchecked = true,
    };
}

static enum quant_status read_gguf(struct quant_restored_tensors *tensors,
                                   const struct quant_tensor_file *file, struct quant_error *error)
{
    tensors->tensors = calloc(file->n + 1, sizeof *tensors->tensors);
    if (!tensors->tensors)
        return quant_error_no_memory(error, file->n * sizeof *tensors->tensors, "tensors");
    for (size_t i = 0; i < file->n; i++) {
        tensors->tensors[i] = restored_from(&file->tensors[i], (uint32_t)i);
        tensors->ncopied += tensors->tensors[i].is_copied;
    }
    tensors->n = file->n;
    if (tensors->ncopied < tensors->n)
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "cannot dequantize '%s': no tensor of it is of a type that can be "
                           "restored: Q8_0, Q4_0, Q4_1, Q5_0 or Q5_1 (tensors: %zu)",
                           file->source->name, file->n);
}

enum quant_status quant_stated_scales_open(struct quant_container_input *input,
                                           struct quant_restored_tensors *restored,
                                           const char *path, const struct quant_cancel *cancel,
                                           struct quant_error *error)
{
    struct quant_source *source = NULL;
    bool is_gguf = false;
    enum quant_status status = quant_input_open(path, cancel, &source, error);
    if (status == QUANT_OK)
        status = recognize(source, &is_gguf, error);
    quant_source_close(source);
    if (status != QUANT_OK)
        return status;
    if (!is_gguf)
        return quant_layout_file_open(input, restored, path, cancel, error);
    status = open_gguf(input, path, cancel, error);
    return status == QUANT_OK ? read_gguf(restored, input->file, error) : status;
}
