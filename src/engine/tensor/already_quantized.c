/* SPDX-License-Identifier: MIT */
/* The sidecar beside an input. Usually there is no sidecar, and this costs one stat. */
#include "engine/tensor/already_quantized.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/io.h"
#include "io/sidecar_names.h"
#include "records/sidecar.h"

static enum quant_status read_dtype(const struct quant_source *source, const char *sidecar,
                                    const struct quant_cancel *cancel, enum quant_dtype *dtype,
                                    struct quant_error *error)
{
    struct quant_source *text = NULL;
    struct stat found;
    if (stat(sidecar, &found) != 0 || !S_ISREG(found.st_mode))
        return QUANT_OK;
    enum quant_status status = quant_input_open(sidecar, cancel, &text, error);
    if (status == QUANT_OK)
        status = quant_sidecar_identify(text, source->name, source->size, dtype, error);
    quant_source_close(text);
    return status;
}

enum quant_status quant_quantized_check(const struct quant_source *source, const char *path,
                                        enum quant_dtype asked, const struct quant_cancel *cancel,
                                        enum quant_dtype *recorded, struct quant_error *error)
{
    *recorded = QUANT_DTYPE_NONE;
    if (!source->positional || strcmp(path, "-") == 0)
        return QUANT_OK;
    char *sidecar = quant_sidecar_default(path);
    if (!sidecar)
        return quant_error_no_memory(error, strlen(path) + 6, "path");
    enum quant_status status = read_dtype(source, sidecar, cancel, recorded, error);
    const struct quant_dtype_info *info = quant_dtype_info(*recorded);
    if (status == QUANT_OK && info && !info->is_unscaled && asked != *recorded)
        status = quant_source_error(source, error, QUANT_UNSUPPORTED,
                                    "its sidecar says that it is already quantized; 'quant "
                                    "dequant' restores it");
    free(sidecar);
    return status;
}
