/* SPDX-License-Identifier: MIT */
#include "engine/files/scale_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/directory_names.h"

enum quant_status quant_is_scale_name(const char *tensor,
                                      bool (*has)(const void *context, const char *name),
                                      const void *context, bool *is, struct quant_error *error)
{
    static const char *const ends[] = {"_scale", "_scale_inv", "_zero_point", "_bias"};
    *is = false;
    for (size_t i = 0; !*is && i < sizeof ends / sizeof ends[0]; i++) {
        if (!quant_name_ends(tensor, ends[i]))
            continue;
        char *name = strndup(tensor, strlen(tensor) - strlen(ends[i]));
        if (!name)
            return quant_error_no_memory(error, strlen(tensor), "names");
        *is = has(context, name);
        free(name);
    }
    return QUANT_OK;
}

enum quant_status quant_find_beside(const struct quant_tensor_file *file, const char *name,
                                    const char *suffix, const struct quant_tensor_info **info,
                                    struct quant_error *error)
{
    size_t index;
    char *beside = NULL;
    if (asprintf(&beside, "%s%s", name, suffix) < 0)
        return quant_error_no_memory(error, strlen(name) + strlen(suffix), "names");
    *info = quant_tensor_file_find(file, beside, &index) ? &file->tensors[index] : NULL;
    free(beside);
    return QUANT_OK;
}

enum quant_status quant_has_biases_beside(const struct quant_tensor_file *file, const char *name,
                                          bool *has, struct quant_error *error)
{
    const struct quant_tensor_info *scales = NULL;
    const struct quant_tensor_info *biases = NULL;
    enum quant_status status = quant_find_beside(file, name, "_scale", &scales, error);
    if (status == QUANT_OK)
        status = quant_find_beside(file, name, "_bias", &biases, error);
    *has = scales && biases && scales->ndim >= 2 && scales->ndim == biases->ndim &&
           memcmp(scales->dims, biases->dims, scales->ndim * sizeof *scales->dims) == 0;
    return status;
}
