/* SPDX-License-Identifier: MIT */
/* What is in a container, from its header alone. */
#include <quant/file.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/tensor/tensor.h"
#include "engine/work/job_check.h"
#include "io/cancel.h"

/* Offsets of tensors that are not in the file as they are lie beyond its end. */
static enum quant_status list(const struct quant_tensor_file *file, uint64_t nbytes,
                              quant_list_fn *each, void *context, struct quant_error *error)
{
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        const struct quant_listed_tensor listed = {.name = info->name,
                                                   .type = info->type->name,
                                                   .dtype = info->type->dtype,
                                                   .is_float = quant_container_maps(info->type),
                                                   .ndim = info->ndim,
                                                   .dims = info->dims,
                                                   .offset = info->offset <= nbytes ? info->offset
                                                                                    : UINT64_MAX,
                                                   .nbytes = info->nbytes};
        if (each && !each(context, &listed))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
    }
    return QUANT_OK;
}

enum quant_status quant_file_list(const struct quant_input *input,
                                  const struct quant_cancel *cancel, quant_list_fn *each,
                                  void *context, bool *is_container, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_container_input container = {.source = NULL};
    struct quant_tensor tensor = {.source = NULL};
    bool unseen;
    enum quant_status status = quant_pointer_check(input, "an input", error);
    if (status == QUANT_OK)
        status = quant_pointer_check(input->path, "an input path", error);
    if (status == QUANT_OK)
        status = quant_input_check(input, "input", error);
    cancel = quant_cancel_of(cancel);
    if (!is_container)
        is_container = &unseen;
    if (status == QUANT_OK)
        status = quant_tensor_recognize_any(&tensor, input, cancel, error);
    *is_container = status == QUANT_OK && tensor.format->container;
    if (*is_container) {
        struct quant_source *source = tensor.source;
        const struct quant_format *format = tensor.format;
        tensor.source = NULL;
        status = quant_container_input_open(&container, source, format, cancel, error);
        if (status == QUANT_OK)
            status = list(container.file, container.source->size, each, context, error);
    }
    quant_container_input_close(&container);
    quant_tensor_close(&tensor);
    return status;
}
