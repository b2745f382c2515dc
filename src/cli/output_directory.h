/* SPDX-License-Identifier: MIT */
/*
 * The directory of --output-dir: created if missing, removed again if nothing was written to it.
 * Outputs that have no name yet do not show in a directory, so every run holds a shared lock on it
 * while it works there.
 */
#ifndef QUANT_CLI_OUTPUT_DIRECTORY_H
#define QUANT_CLI_OUTPUT_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

/* Initialize it with OUTPUT_DIRECTORY_INIT. */
struct output_directory {
    const char *path; /* borrowed */
    int fd;           /* holds the lock; -1: no lock */
    bool made;        /* it was created here */
    char **below;     /* owned: directories in it that were created here, nbelow of them */
    size_t nbelow;
};

#define OUTPUT_DIRECTORY_INIT                                                                      \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Creates the directory (one level), or uses the existing one. Returns false and sets errno on
 * failure. */
bool output_directory_open(struct output_directory *directory, const char *path);

/* Creates relative, a path of directories, in an open one. They are removed again with the
 * directory, if nothing was written to any of them. Returns false and sets errno on failure. */
bool output_directory_add(struct output_directory *directory, const char *relative);

/* Waits until the disk has the names of the directories that were created here. Returns false and
 * sets errno on failure. Fine if it was never opened. */
bool output_directory_sync(const struct output_directory *directory);

/* Whether the directory exists or could be created. Returns false and sets errno if not. */
bool output_directory_check(const char *path);

/* Does nothing if it was never opened. */
void output_directory_close(struct output_directory *directory);

#endif
