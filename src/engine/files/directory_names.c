/* SPDX-License-Identifier: MIT */
#include "engine/files/directory_names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "formats/format.h"
#include "io/io.h"
#include "io/sidecar_names.h"
#include "records/sidecar.h"

bool quant_name_ends(const char *name, const char *end)
{
    const size_t length = strlen(name);
    const size_t wanted = strlen(end);
    return length > wanted && strcmp(name + length - wanted, end) == 0;
}

bool quant_is_tensor_name(const char *name)
{
    const struct quant_format *format = quant_format_from_path(name);
    return format && !format->is_text;
}

bool quant_is_shard_name(const char *name)
{
    return quant_name_ends(name, ".safetensors");
}

bool quant_is_weights_name(const char *name)
{
    static const char *const ends[] = {".bin",      ".npy",    ".pt",      ".pth",  ".ckpt",
                                       ".h5",       ".keras",  ".msgpack", ".onnx", ".onnx_data",
                                       ".gguf",     ".tflite", ".ot",      ".pb",   ".mlmodel",
                                       ".pdparams", ".pkl",    ".npz"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (quant_name_ends(name, ends[i]))
            return true;
    return quant_is_shard_name(name);
}

bool quant_is_beside_tensors(const char *path)
{
    static const char *const ends[] = {".json", ".scales"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct stat found;
        if (!quant_name_ends(path, ends[i]))
            continue;
        char *data = strndup(path, strlen(path) - strlen(ends[i]));
        const bool is_beside = data && quant_is_tensor_name(data) && stat(data, &found) == 0;
        free(data);
        if (is_beside)
            return true;
    }
    return false;
}

/* ---- Sidecars ---- */

/* A sidecar that cannot be read concerns its own file, not the directory: the file is listed, and
 * the error comes again when its turn comes. */
static enum quant_status leave_for_file(enum quant_status status)
{
    return status == QUANT_IO ? QUANT_OK : status;
}

/* Opens the sidecar beside path, if there is one; else *text is NULL. */
static enum quant_status open_sidecar(const char *path, const struct quant_cancel *cancel,
                                      char **name, struct quant_source **text,
                                      struct quant_error *error)
{
    struct stat found;
    *text = NULL;
    *name = quant_sidecar_default(path);
    if (!*name)
        return quant_error_no_memory(error, strlen(path) + 6, "path");
    if (stat(*name, &found) != 0 || !S_ISREG(found.st_mode))
        return QUANT_OK;
    return quant_input_open(*name, cancel, text, error);
}

enum quant_status quant_has_any_sidecar(const char *path, const struct quant_cancel *cancel,
                                        bool *has, struct quant_error *error)
{
    struct quant_source *text = NULL;
    char *name = NULL;
    *has = false;
    enum quant_status status = open_sidecar(path, cancel, &name, &text, error);
    if (text)
        status = quant_sidecar_begins(text, has, error);
    *has = *has || status == QUANT_IO;
    quant_source_close(text);
    free(name);
    return leave_for_file(status);
}

static enum quant_status has_own_sidecar(const char *path, const struct quant_cancel *cancel,
                                         bool *has, struct quant_error *error)
{
    struct stat found;
    struct quant_source *text = NULL;
    char *name = NULL;
    enum quant_dtype dtype = QUANT_DTYPE_NONE;
    enum quant_status status = open_sidecar(path, cancel, &name, &text, error);
    if (text && stat(path, &found) == 0)
        status = quant_sidecar_identify(text, path, (uint64_t)found.st_size, &dtype, error);
    *has = dtype != QUANT_DTYPE_NONE;
    quant_source_close(text);
    free(name);
    return leave_for_file(status);
}

char *quant_integers_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (enum quant_dtype dtype = QUANT_DTYPE_NONE + 1; dot && dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_dtype_info *info = quant_dtype_info(dtype);
        const size_t length = strlen(info->short_name);
        if (info->is_integer || (size_t)(dot - path) < length + 2 ||
            memcmp(dot - length, info->short_name, length) != 0 ||
            dot[-(ptrdiff_t)length - 1] != '.')
            continue;
        char *integers = strdup(path);
        if (integers)
            memmove(integers + (dot - path) - length - 1, dot, strlen(dot) + 1);
        return integers;
    }
    return NULL;
}

enum quant_status quant_is_own_output(const char *path, const struct quant_cancel *cancel,
                                      bool *is_own, struct quant_error *error)
{
    enum quant_status status = has_own_sidecar(path, cancel, is_own, error);
    char *integers = status == QUANT_OK && !*is_own ? quant_integers_name(path) : NULL;
    if (integers)
        status = has_own_sidecar(integers, cancel, is_own, error);
    free(integers);
    return status;
}
