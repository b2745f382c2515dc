/* SPDX-License-Identifier: MIT */
/* What has to be done and known before the first output is written. */
#ifndef QUANT_CLI_PREPARE_TARGETS_H
#define QUANT_CLI_PREPARE_TARGETS_H

#include "cli/targets.h"

/* Fills in files, creates the directory unless this is a dry run, and finds outputs, and the
 * report, that would replace files of other inputs. others are nothers more paths that are read;
 * entries may be NULL. Returns EXIT_DONE, or EXIT_FAILED after a message, and then nothing has
 * changed. */
int targets_prepare(struct targets *targets, bool has_sidecars, const char *const *others,
                    size_t nothers);

#endif
