/* SPDX-License-Identifier: MIT */
/* The directories of the outputs, and what the library gets of each. */
#include "cli/prepare_targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/target_clashes.h"

/* Files of one directory follow one another. */
static bool mirror_directories(struct targets *targets)
{
    const char *last = "";
    size_t last_length = 0;
    for (size_t i = 0; i < targets->n; i++) {
        const struct quant_directory_file *file = targets->origins[i].file;
        const char *slash = file ? strrchr(file->relative, '/') : NULL;
        const size_t length = slash ? (size_t)(slash - file->relative) : 0;
        if (length == 0 || (length == last_length && memcmp(last, file->relative, length) == 0))
            continue;
        char *relative = strndup(file->relative, length);
        const bool ok = relative && output_directory_add(&targets->directory, relative);
        if (!ok)
            message_error("cannot create the directory '%s/%.*s': %s", targets->options->directory,
                          (int)length, file->relative, strerror(errno));
        free(relative);
        if (!ok)
            return false;
        last = file->relative;
        last_length = length;
    }
    return true;
}

/* That of --output is not created. The library takes a missing one to be created in time. */
static bool check_output_directory(const char *output)
{
    const char *slash = output ? strrchr(output, '/') : NULL;
    char *directory = slash ? strndup(output, (size_t)(slash - output) + 1) : NULL;
    const bool ok = !directory || access(directory, F_OK) == 0;
    if (!ok)
        message_error("cannot write '%s': %s", output, strerror(errno));
    free(directory);
    return ok;
}

/* Whether there are other shards, which may have what this one does not. */
static bool is_one_of_shards(const struct targets *targets, size_t i)
{
    const struct input_origin *origin = &targets->origins[i];
    return origin->file && origin->file->checkpoint != QUANT_NO_CHECKPOINT &&
           origin->directory->checkpoints[origin->file->checkpoint].nshards > 1;
}

int targets_prepare(struct targets *targets, bool has_sidecars, const char *const *others,
                    size_t nothers)
{
    bool is_any = targets->report != NULL;
    const bool is_terminal = isatty(STDOUT_FILENO) == 1; /* asked once for all files */
    for (size_t i = 0; i < targets->n; i++) {
        const char *output = targets->outputs[i];
        targets->files[i] = (struct quant_file){
            .path = targets->inputs[i],
            .output = output,
            .sidecar = targets->options->sidecar,
            .text_only = is_terminal && targets_is_stdout(targets->options, output),
            .may_copy_all = is_one_of_shards(targets, i)};
        is_any = is_any || output;
    }
    if (!is_any)
        return EXIT_DONE;
    if (targets->is_dry_run && !check_output_directory(targets->options->output))
        return EXIT_FAILED;
    const char *directory = targets->options->directory;
    const bool ok =
        !directory || (targets->is_dry_run ? output_directory_check(directory)
                                           : output_directory_open(&targets->directory, directory));
    if (!ok) {
        message_error("cannot create the directory '%s': %s", directory, strerror(errno));
        return EXIT_FAILED;
    }
    if (directory && !targets->is_dry_run && !mirror_directories(targets))
        return EXIT_FAILED;
    if (targets->syncs && !output_directory_sync(&targets->directory)) {
        message_error("cannot sync the directory '%s': %s", directory, strerror(errno));
        return EXIT_FAILED;
    }
    return target_clashes_find(targets, has_sidecars, others, nothers);
}
