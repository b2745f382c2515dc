/* SPDX-License-Identifier: MIT */
#include "engine/files/checkpoint_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/compare_sink.h"
#include "io/copy_bytes.h"
#include "io/io.h"
#include "io/leftovers.h"

/* Whether there is a regular file with these bytes. */
static enum quant_status has_bytes(struct quant_source *source, const char *path, bool *equal,
                                   struct quant_error *error)
{
    struct quant_compare_sink there;
    enum quant_status status = QUANT_OK;
    *equal = false;
    if (!quant_compare_sink_open(&there, path))
        return QUANT_OK;
    if (there.size == source->size) {
        status = quant_copy_bytes(source, &there.sink, error);
        *equal = status == QUANT_OK && there.end == there.size;
        if (there.differs)
            status = QUANT_OK;
    }
    quant_compare_sink_close(&there);
    return status;
}

enum quant_status quant_checkpoint_write(struct quant_source *source, const char *path, bool force,
                                         bool syncs, const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    struct quant_file_output output = {.fd = -1};
    struct quant_file_output *const outputs[] = {&output};
    bool equal = false;
    enum quant_status status = has_bytes(source, path, &equal, error);
    if (status != QUANT_OK || equal)
        return status;
    if (force)
        quant_leftovers_remove(&path, 1);
    status = quant_output_open(&output, path, force, cancel, error);
    if (status == QUANT_OK)
        status = quant_copy_bytes(source, &output.sink, error);
    output.syncs = syncs;
    if (status == QUANT_OK)
        status = quant_output_commit_n(outputs, 1, NULL, NULL, error);
    quant_output_discard(&output);
    /* Another process may have written the same meanwhile. */
    if (status == QUANT_EXISTS && has_bytes(source, path, &equal, NULL) == QUANT_OK && equal)
        return QUANT_OK;
    return status;
}

enum quant_status quant_checkpoint_write_text(const char *text, size_t nbytes, const char *path,
                                              bool force, bool syncs,
                                              const struct quant_cancel *cancel,
                                              struct quant_error *error)
{
    struct quant_source *source = quant_source_from_memory(text, nbytes, path);
    const enum quant_status status =
        source ? quant_checkpoint_write(source, path, force, syncs, cancel, error)
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
    return *path ? quant_input_open_regular(*path, cancel, source, error)
                 : quant_error_no_memory(error, strlen(name), "path");
}
