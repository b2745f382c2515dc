/* SPDX-License-Identifier: MIT */
/*
 * Whether there is room for an output before it is written. The answer is a hint: others may take
 * the room meanwhile, and quotas are not looked at. It is not given where it would be a guess: on
 * file systems that may compress what is written, or that do not know it themselves.
 */
#ifndef QUANT_IO_FREE_SPACE_H
#define QUANT_IO_FREE_SPACE_H

#include <quant/dry_run.h> /* quant_free_space_find */

#include "io/shared_directory.h"

/* A file that is to be written. nbytes 0: it is not looked at. */
struct quant_space_need {
    const char *path;
    uint64_t nbytes;
};

/* QUANT_IO if the n files do not fit where they go, together with others on the same file system.
 * Pipes, devices and "-" need no room. */
enum quant_status quant_free_space_check(const struct quant_space_need *needs, size_t n,
                                         struct quant_error *error);

/* The same for files of a call that has many in this directory, which do not exist yet: once the
 * system has been asked, an eighth of the free room can be announced before it is asked again.
 * directory NULL: as above. */
enum quant_status quant_free_space_check_shared(struct quant_shared_directory *directory,
                                                const struct quant_space_need *needs, size_t n,
                                                struct quant_error *error);

#endif
