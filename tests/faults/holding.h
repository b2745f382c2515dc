/* SPDX-License-Identifier: MIT */
/* The files of the working directory, to be compared and restored. */
#ifndef QUANT_TESTS_FAULTS_HOLDING_H
#define QUANT_TESTS_FAULTS_HOLDING_H

#include "../engine/engine.h"

enum { FILES = 14 };

struct holding {
    struct {
        char name[64];
        unsigned char *bytes;
        size_t nbytes;
    } files[FILES];
    size_t count;
};

static inline void holding_take(struct holding *holding)
{
    holding->count = 0;
    DIR *directory = opendir(".");
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_type == DT_DIR)
            continue;
        assert_true(holding->count < FILES);
        const size_t i = holding->count++;
        snprintf(holding->files[i].name, sizeof holding->files[i].name, "%.63s", entry->d_name);
        holding->files[i].bytes = file_read(entry->d_name, &holding->files[i].nbytes);
    }
    closedir(directory);
}

static inline void holding_drop(struct holding *holding)
{
    for (size_t i = 0; i < holding->count; i++)
        free(holding->files[i].bytes);
    holding->count = 0;
}

/* The index of the file of that name; -1: none. */
static inline int holding_find(const struct holding *holding, const char *name)
{
    for (size_t i = 0; i < holding->count; i++)
        if (strcmp(holding->files[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* Both have this file with the same bytes, or neither has it. */
static inline bool holdings_agree(const struct holding *a, const struct holding *b,
                                  const char *name)
{
    const int i = holding_find(a, name);
    const int k = holding_find(b, name);
    if (i < 0 || k < 0)
        return i < 0 && k < 0;
    return a->files[i].nbytes == b->files[k].nbytes &&
           memcmp(a->files[i].bytes, b->files[k].bytes, a->files[i].nbytes) == 0;
}

static inline bool holdings_equal(const struct holding *a, const struct holding *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!holdings_agree(a, b, a->files[i].name))
            return false;
    return a->count == b->count;
}

static inline void holding_restore(const struct holding *holding)
{
    struct holding now;
    holding_take(&now);
    for (size_t i = 0; i < now.count; i++)
        if (!holdings_agree(&now, holding, now.files[i].name))
            assert_int_equal(unlink(now.files[i].name), 0);
    for (size_t i = 0; i < holding->count; i++)
        if (!holdings_agree(&now, holding, holding->files[i].name))
            file_write(holding->files[i].name, holding->files[i].bytes, holding->files[i].nbytes);
    holding_drop(&now);
}

/* A file of any name has exactly these bytes. */
static inline bool holding_has_bytes(const struct holding *holding, const unsigned char *bytes,
                                     size_t nbytes)
{
    for (size_t i = 0; i < holding->count; i++)
        if (holding->files[i].nbytes == nbytes &&
            memcmp(holding->files[i].bytes, bytes, nbytes) == 0)
            return true;
    return false;
}

#endif
