/* SPDX-License-Identifier: MIT */
/*
 * Making the n-th call into the system fail. Between faults_arm and faults_disarm the calls that
 * this thread makes are counted, by kind; the linker's --wrap brings those of the library and of
 * cJSON's hooks here. libc's own calls into itself, and other threads, are not touched.
 */
#ifndef QUANT_TESTS_FAULTS_FAULTS_H
#define QUANT_TESTS_FAULTS_FAULTS_H

#include <stdbool.h>

enum fault_kind {
    FAULT_MEMORY =
        1, /* malloc, calloc, realloc, strdup, strndup, asprintf, realpath, XXH3's state */
    FAULT_OPEN = 2,
    FAULT_READ = 4,   /* and pread */
    FAULT_WRITE = 8,  /* and pwrite, sendfile */
    FAULT_CLOSE = 16, /* the descriptor is closed all the same, as Linux does */
    FAULT_RENAME = 32,
    FAULT_LINK = 64, /* and linkat */
    FAULT_ALL = 127
};

/* Makes the n-th call of these kinds fail, or the n-th and all after it. n 0: none, just count. */
void faults_arm(unsigned kinds, unsigned long n, bool from_then_on);

/* Outputs cannot be begun without a name, as on file systems that have no O_TMPFILE. */
extern bool faults_without_unnamed;

struct faults_seen {
    bool fired;
    unsigned long calls; /* of the kinds */
    long live;           /* allocations that were not freed again */
};

struct faults_seen faults_disarm(void);

#endif
