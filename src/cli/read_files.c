/* SPDX-License-Identifier: MIT */
/* Naming sidecars and files of scales. */
#include "cli/read_files.h"

#include <quant/file.h>
#include <stdlib.h>
#include <string.h>

/* name is owned from here on; NULL: no memory. */
static bool add_name(struct read_files *files, char *name)
{
    files->names[files->n] = name;
    files->paths[files->n++] = name;
    return name != NULL;
}

static bool add_sidecar(struct read_files *files, const char *sidecar, const char *input)
{
    if (sidecar)
        files->paths[files->n++] = sidecar;
    else if (strcmp(input, "-") == 0)
        return true;
    else if (!add_name(files, targets_sidecar_name(input)))
        return false;
    return add_name(files, quant_file_scales_name(files->paths[files->n - 1]));
}

bool read_files_init(struct read_files *files, const struct targets *targets, const char *original,
                     const char *list)
{
    const size_t room = 2 * targets->n + 2;
    *files = (struct read_files){.paths = calloc(room, sizeof *files->paths),
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

void read_files_release(struct read_files *files)
{
    for (size_t i = 0; files->names && i < files->n; i++)
        free(files->names[i]);
    free(files->names);
    free(files->paths);
}
