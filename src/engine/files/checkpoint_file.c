/* SPDX-License-Identifier: MIT */
#include "engine/files/checkpoint_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/copy_bytes.h"
#include "io/io.h"

static const size_t STEP = 64 << 10;

static enum quant_status compare(struct quant_source *one, struct quant_source *other, bool *equal,
                                 struct quant_error *error)
{
    unsigned char *bytes = malloc(2 * STEP);
    enum quant_status status = QUANT_OK;
    if (!bytes)
        return quant_error_no_memory(error, 2 * STEP, "buffers");
    *equal = one->size == other->size;
    for (uint64_t offset = 0; status == QUANT_OK && *equal && offset < one->size; offset += STEP) {
        size_t got = 0;
        size_t other_got = 0;
        status = one->ops->read_at(one, offset, bytes, STEP, &got, error);
        if (status == QUANT_OK)
            status = other->ops->read_at(other, offset, bytes + STEP, STEP, &other_got, error);
        *equal = status == QUANT_OK && got == other_got && memcmp(bytes, bytes + STEP, got) == 0;
    }
    free(bytes);
    return status;
}

static enum quant_status has_bytes(struct quant_source *source, const char *path,
                                   const struct quant_cancel *cancel, bool *equal,
                                   struct quant_error *error)
{
    struct stat found;
    struct quant_source *there = NULL;
    *equal = false;
    if (stat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return QUANT_OK;
    enum quant_status status = quant_input_open(path, cancel, &there, error);
    if (status != QUANT_OK && stat(path, &found) != 0)
        return QUANT_OK; /* another process has removed it meanwhile */
    if (status == QUANT_OK)
        status = compare(source, there, equal, error);
    quant_source_close(there);
    return status;
}

enum quant_status quant_checkpoint_write(struct quant_source *source, const char *path, bool force,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    struct quant_file_output output = {.fd = -1};
    struct quant_file_output *const outputs[] = {&output};
    bool equal = false;
    enum quant_status status = has_bytes(source, path, cancel, &equal, error);
    if (status != QUANT_OK || equal)
        return status;
    status = quant_output_open(&output, path, force, cancel, error);
    if (status == QUANT_OK)
        status = quant_copy_bytes(source, &output.sink, error);
    if (status == QUANT_OK)
        status = quant_output_commit_n(outputs, 1, NULL, error);
    quant_output_discard(&output);
    /* Another process may have written the same meanwhile. */
    if (status == QUANT_EXISTS && has_bytes(source, path, cancel, &equal, NULL) == QUANT_OK &&
        equal)
        return QUANT_OK;
    return status;
}

enum quant_status quant_checkpoint_write_text(const char *text, size_t nbytes, const char *path,
                                              bool force, const struct quant_cancel *cancel,
                                              struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(text, nbytes, path);
    const enum quant_status status =
        source ? quant_checkpoint_write(source, path, force, cancel, error)
               : quant_error_no_memory(error, nbytes, "text");
    quant_source_close(source);
    return status;
}

char *quant_checkpoint_path(const char *directory, const char *name)
{
    const size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    char *path = NULL;
    return asprintf(&path, "%s%s%s", directory, slash, name) < 0 ? NULL : path;
}

enum quant_status quant_checkpoint_open(const char *directory, const char *name,
                                        const struct quant_cancel *cancel, char **path,
                                        struct quant_source **source, struct quant_error *error)
{
    *path = quant_checkpoint_path(directory, name);
    return *path ? quant_input_open(*path, cancel, source, error)
                 : quant_error_no_memory(error, strlen(name), "path");
}
