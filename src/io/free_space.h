/* SPDX-License-Identifier: MIT */
/*
 * Whether there is room for an output before it is written. The answer is a hint: others may take
 * the room meanwhile, and quotas are not looked at. It is not given where it would be a guess: on
 * file systems that may compress what is written, or that do not know it themselves.
 */
#ifndef QUANT_IO_FREE_SPACE_H
#define QUANT_IO_FREE_SPACE_H

#include <quant/quant.h>

/* What is known of the file system that a file is, or would be, on. */
struct quant_free_space {
    uint64_t device;    /* the same for all files on it */
    uint64_t available; /* bytes that this process may still write */
};

/* The file and its directories need not exist. Returns false if nothing is known. */
bool quant_free_space_find(const char *path, struct quant_free_space *space);

/* A file that is to be written. nbytes 0: it is not looked at. */
struct quant_space_need {
    const char *path;
    uint64_t nbytes;
};

/* QUANT_IO if the n files do not fit where they go, together with others on the same file system.
 * Pipes, devices and "-" need no room. */
enum quant_status quant_free_space_check(const struct quant_space_need *needs, size_t n,
                                         struct quant_error *error);

#endif
