/* SPDX-License-Identifier: MIT */
/* The files of a command line that would destroy each other. */
#ifndef QUANT_CLI_TARGET_CLASHES_H
#define QUANT_CLI_TARGET_CLASHES_H

#include "cli/targets.h"

/* Gives each input whose output would replace another file of the command line a reason, in
 * targets->reasons and its file. others are nothers more paths that are read; entries may be NULL.
 * Returns EXIT_DONE, or EXIT_FAILED after a message. */
int target_clashes_find(struct targets *targets, bool has_sidecars, const char *const *others,
                        size_t nothers);

#endif
