/* SPDX-License-Identifier: MIT */
/* Readers of ONNX refuse absolute paths and '..': a model must not point to files that its
 * directory does not hold. */
#include "engine/files/onnx_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "engine/files/single_name.h"
#include "io/io.h"

static enum quant_status check_location(const char *location, const char *path,
                                        struct quant_error *error)
{
    if (strncmp(location, "../", 3) == 0)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s' is not in its directory or below it, and ONNX allows no other "
                               "place; put the model there",
                               path);
    if (!quant_is_utf8(location))
        return quant_error_set(error, QUANT_INVALID, "the name of '%s' is not UTF-8", path);
    return QUANT_OK;
}

enum quant_status quant_onnx_location(const char *model, const char *path, char **location,
                                      struct quant_error *error)
{
    struct quant_error own = {.status = QUANT_OK};
    *location = quant_path_relative(path, model, &own);
    if (!*location)
        return quant_error_set(error, own.status == QUANT_NO_MEMORY ? QUANT_NO_MEMORY : QUANT_IO,
                               "%s", own.text);
    const enum quant_status status = check_location(*location, path, error);
    if (status != QUANT_OK) {
        free(*location);
        *location = NULL;
    }
    return status;
}

enum quant_status quant_onnx_single_name(const struct quant_quantize_job *job,
                                         const struct quant_file *file, bool is_in_container,
                                         char **name, struct quant_error *error)
{
    char *location = NULL;
    *name = NULL;
    enum quant_status status =
        is_in_container ? QUANT_OK : quant_onnx_location(job->onnx, file->output, &location, error);
    if (status != QUANT_OK)
        return status;
    const char *slash = location ? strrchr(location, '/') : NULL;
    const int length = slash ? (int)(slash - location) + 1 : 0;
    char *stem = job->input.tensor ? strdup(job->input.tensor) : quant_single_name(file->path);
    if (!stem || asprintf(name, "%.*s%s", length, location ? location : "", stem) < 0)
        status = quant_error_no_memory(error, strlen(file->path), "names");
    else if (!quant_is_utf8(*name))
        status = quant_error_set(error, QUANT_INVALID, "the name of '%s' is not UTF-8", file->path);
    free(stem);
    free(location);
    return status;
}

enum quant_status quant_onnx_refuse_duplicate(struct quant_onnx_names *names,
                                              struct quant_error *error)
{
    const char *name = quant_onnx_names_duplicate(names);
    return name ? quant_error_set(error, QUANT_INVALID,
                                  "two tensors would have the name '%.200s' in it; write a model "
                                  "for each file",
                                  name)
                : QUANT_OK;
}
