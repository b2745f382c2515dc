/* SPDX-License-Identifier: MIT */
/* A file of one tensor goes by its path. */
#include "engine/files/file_selection.h"

#include "base/error.h"

enum quant_status quant_selection_check_file(const struct quant_selection *selection,
                                             const char *verb, const char *path, const char *tensor,
                                             struct quant_error *error)
{
    if (quant_selection_has(selection, tensor ? tensor : path))
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID, "cannot %s '%s%s%.200s': it is not selected", verb,
                           path, tensor ? ": " : "", tensor ? tensor : "");
}

enum quant_status quant_selection_error(const char *verb, const char *path, size_t ntensors,
                                        struct quant_error *error)
{
    return quant_error_set(error, QUANT_INVALID,
                           "cannot %s '%s': no tensor is selected (tensors: %zu)", verb, path,
                           ntensors);
}
