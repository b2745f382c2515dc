/* SPDX-License-Identifier: MIT */
/* Lists the sidecars and files of scales. */
#include "cli/dequant_reads.h"

#include <quant/file.h>
#include <stdlib.h>
#include <string.h>

/* Takes ownership of name, which may be NULL (no memory). */
static bool add_name(struct dequant_reads *files, char *name)
{
    files->names[files->n] = name;
    files->paths[files->n++] = name;
    return name != NULL;
}

static bool add_sidecar(struct dequant_reads *files, const char *sidecar, const char *input)
{
    if (sidecar)
        files->paths[files->n++] = sidecar;
    else if (strcmp(input, "-") == 0)
        return true;
    else if (!add_name(files, targets_sidecar_name(input)))
        return false;
    return add_name(files, quant_file_scales_name(files->paths[files->n - 1]));
}

bool dequant_reads_init(struct dequant_reads *files, const struct targets *targets,
                        const char *original, const char *list)
{
    const size_t room = 2 * targets->n + 2;
    *files = (struct dequant_reads){.paths = calloc(room, sizeof *files->paths),
                                    .names = calloc(room, sizeof *files->names)};
    bool is_complete = files->paths && files->names;
    for (size_t i = 0; is_complete && i < targets->n; i++)
        is_complete = add_sidecar(files, targets->options->sidecar, targets->inputs[i]);
    if (!is_complete)
        return false;
    files->paths[files->n++] = original;
    files->paths[files->n++] = list;
    return true;
}

void dequant_reads_release(struct dequant_reads *files)
{
    for (size_t i = 0; files->names && i < files->n; i++)
        free(files->names[i]);
    free(files->names);
    free(files->paths);
}
