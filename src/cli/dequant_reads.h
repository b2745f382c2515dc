/* SPDX-License-Identifier: MIT */
/* The files that a dequantization reads in addition to its inputs; no output may replace them. */
#ifndef QUANT_CLI_DEQUANT_READS_H
#define QUANT_CLI_DEQUANT_READS_H

#include <stdbool.h>

#include "cli/targets.h"

struct dequant_reads {
    size_t n;
    const char **paths; /* owned; entries may be NULL */
    char **names;       /* owned: the paths that were made here */
};

/* Lists the sidecar of each input and its file of scales, the original and the list of names; the
 * last two may be NULL. Returns false if there is no memory. Release it in either case. */
bool dequant_reads_init(struct dequant_reads *files, const struct targets *targets,
                        const char *original, const char *list);

void dequant_reads_release(struct dequant_reads *files);

#endif
