/* SPDX-License-Identifier: MIT */
/*
 * The folder of --output-dir, which is made where it is missing and goes again where nothing came
 * to be in it. Outputs that have no name yet do not show in a folder: what tells one run that
 * another is at work there is a shared lock, which each of them holds.
 */
#ifndef QUANT_CLI_OUTPUT_DIRECTORY_H
#define QUANT_CLI_OUTPUT_DIRECTORY_H

#include <stdbool.h>

/* Begin it as FOLDER_INIT. */
struct folder {
    const char *path; /* borrowed */
    int fd;           /* holds the lock; -1: none */
    bool made;        /* it was not there before */
};

#define FOLDER_INIT                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Makes the folder, one level, or takes the one that is there. false, with errno. */
bool folder_open(struct folder *folder, const char *path);

/* Fine on one that was never opened. */
void folder_close(struct folder *folder);

#endif
