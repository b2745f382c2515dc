/* SPDX-License-Identifier: MIT */
/*
 * Makes the n-th call of the system fail. Between faults_arm and faults_disarm, the calls of this
 * thread are counted by kind. The linker's --wrap replaces those of the library and of cJSON's
 * hooks. Calls within libc, and those of other threads, are not affected.
 */
#ifndef QUANT_TESTS_FAULTS_FAULTS_H
#define QUANT_TESTS_FAULTS_FAULTS_H

#include <stdbool.h>

enum fault_kind {
    FAULT_MEMORY =
        1, /* malloc, calloc, realloc, strdup, strndup, asprintf, realpath, XXH3's state */
    FAULT_OPEN = 2,
    FAULT_READ = 4,   /* and pread */
    FAULT_WRITE = 8,  /* and pwrite, pwritev, sendfile */
    FAULT_CLOSE = 16, /* the descriptor is closed all the same, as Linux does */
    FAULT_RENAME = 32,
    FAULT_LINK = 64, /* and linkat */
    FAULT_ALL = 127
};

/* Makes the n-th call of these kinds fail, or the n-th and all after it. n 0: none, just count. */
void faults_arm(unsigned kinds, unsigned long n, bool from_then_on);

/* Outputs must have a name from the beginning, as on file systems without O_TMPFILE. */
extern bool faults_without_unnamed;

struct faults_seen {
    bool fired;
    unsigned long calls; /* of the kinds */
    long live;           /* allocations that were not freed again */
};

struct faults_seen faults_disarm(void);

#endif
