/* SPDX-License-Identifier: MIT */
#include "engine/files/stored_digests.h"

#include "base/error.h"
#include "engine/files/tensor_copy.h"
#include "io/cancel.h"
#include "io/io.h"

enum quant_status quant_file_has_digest(const char *path, uint64_t nbytes, uint64_t xxh3_64,
                                        bool is_fast, const struct quant_cancel *cancel, bool *has,
                                        struct quant_error *error)
{
    struct quant_source *source = NULL;
    uint64_t digest = 0;
    *has = false;
    enum quant_status status = quant_input_open_regular(path, cancel, &source, error);
    if (status != QUANT_OK)
        return quant_fatal_only(status);
    if (source->positional && source->size == nbytes) {
        const struct quant_extent all = {0, nbytes};
        status = is_fast ? QUANT_OK : quant_tensor_copy(source, &all, NULL, 0, &digest, error);
        *has = status == QUANT_OK && (is_fast || digest == xxh3_64);
    }
    quant_source_close(source);
    return quant_fatal_only(status);
}

static enum quant_status check_tensor(const struct quant_tensor_file *file, uint32_t index,
                                      uint64_t expected, bool *has, struct quant_error *error)
{
    if (index == QUANT_NOT_STORED || !*has)
        return QUANT_OK;
    const struct quant_extent from = {file->tensors[index].offset, file->tensors[index].nbytes};
    uint64_t digest = 0;
    const enum quant_status status =
        quant_tensor_copy(file->source, &from, NULL, 0, &digest, error);
    *has = status == QUANT_OK && digest == expected;
    return quant_fatal_only(status);
}

enum quant_status quant_tensors_have_digests(const struct quant_restored_tensors *restored,
                                             const struct quant_tensor_file *file,
                                             const struct quant_cancel *cancel, bool *has,
                                             struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    *has = true;
    for (size_t i = 0; status == QUANT_OK && *has && i < restored->n; i++) {
        const struct quant_restored_tensor *tensor = &restored->tensors[i];
        if (quant_cancelled(cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        status = check_tensor(file, tensor->data, tensor->digests.data, has, error);
        if (status == QUANT_OK)
            status = check_tensor(file, tensor->scales, tensor->digests.scales, has, error);
        if (status == QUANT_OK)
            status =
                check_tensor(file, tensor->zero_points, tensor->digests.zero_points, has, error);
    }
    return status;
}
