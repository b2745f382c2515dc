/* SPDX-License-Identifier: MIT */
/* The files that a dequantization reads beside its inputs: no output may replace them. */
#ifndef QUANT_CLI_READ_FILES_H
#define QUANT_CLI_READ_FILES_H

#include <stdbool.h>

#include "cli/targets.h"

struct read_files {
    size_t n;
    const char **paths; /* owned; entries may be NULL */
    char **names;       /* owned: those of paths that were made here */
};

/* The sidecar of each input and the file of scales beside it, the original and the list of names;
 * the last two may be NULL. False: no memory. To be released in either case. */
bool read_files_init(struct read_files *files, const struct targets *targets, const char *original,
                     const char *list);

void read_files_release(struct read_files *files);

#endif
