/* SPDX-License-Identifier: MIT */
#include "engine/files/scale_names.h"

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
