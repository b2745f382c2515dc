/* SPDX-License-Identifier: MIT */
/* What tests of files share: a directory for each test, whole files at once, and a sink and a
 * source in memory that record what a format does. All inline: a test is one source file. */
#ifndef QUANT_TESTS_SUPPORT_FILES_H
#define QUANT_TESTS_SUPPORT_FILES_H

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <quant/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sink.h"
#include "base/source.h"

static const struct quant_cancel never = {NULL, -1};

/* ---- A directory ---- */

static char files_before[4096]; /* the directory in which the test was started: the repository */
static char files_folder[64];

/* A cmocka setup: changes to a new, empty directory. */
static inline int folder_enter(void **state)
{
    (void)state;
    if (!getcwd(files_before, sizeof files_before))
        return -1;
    snprintf(files_folder, sizeof files_folder, "/tmp/quant-test-XXXXXX");
    return mkdtemp(files_folder) && chdir(files_folder) == 0 ? 0 : -1;
}

static inline int folder_remove_one(const char *path, const struct stat *status, int type,
                                    struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* A cmocka teardown: changes back and removes the directory. */
static inline int folder_leave(void **state)
{
    (void)state;
    if (chdir(files_before) != 0)
        return -1;
    return nftw(files_folder, folder_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The number of entries in a directory, with hidden ones. */
static inline int folder_count(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

/* ---- Whole files ---- */

static inline bool file_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static inline void file_write(const char *path, const void *bytes, size_t nbytes)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("cannot write %s", path);
    assert_int_equal(fwrite(bytes, 1, nbytes, file), nbytes);
    assert_int_equal(fclose(file), 0);
}

static inline void file_write_text(const char *path, const char *text)
{
    file_write(path, text, strlen(text));
}

/* A .safetensors with this header, whose tensors have nbytes bytes together. */
static inline void file_write_container(const char *path, const char *header, const void *bytes,
                                        size_t nbytes)
{
    const uint64_t length = strlen(header);
    FILE *file = fopen(path, "wb");
    if (!file)
        fail_msg("cannot write %s", path);
    assert_int_equal(fwrite(&length, sizeof length, 1, file), 1);
    assert_int_equal(fwrite(header, 1, length, file), length);
    assert_int_equal(fwrite(bytes, 1, nbytes, file), nbytes);
    assert_int_equal(fclose(file), 0);
}

/* The whole file, followed by a NUL. The caller frees it. */
static inline unsigned char *file_read(const char *path, size_t *nbytes)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    struct stat status;
    assert_int_equal(fstat(fileno(file), &status), 0);
    unsigned char *bytes = malloc((size_t)status.st_size + 1);
    assert_non_null(bytes);
    *nbytes = fread(bytes, 1, (size_t)status.st_size, file);
    assert_int_equal(*nbytes, status.st_size);
    bytes[*nbytes] = '\0';
    fclose(file);
    return bytes;
}

static inline bool file_equals(const char *path, const void *bytes, size_t nbytes)
{
    size_t found = 0;
    unsigned char *content = file_read(path, &found);
    const bool equal = found == nbytes && memcmp(content, bytes, nbytes) == 0;
    free(content);
    return equal;
}

static inline bool file_has_text(const char *path, const char *text)
{
    return file_equals(path, text, strlen(text));
}

static inline bool files_equal(const char *a, const char *b)
{
    size_t nbytes = 0;
    unsigned char *bytes = file_read(a, &nbytes);
    const bool equal = file_equals(b, bytes, nbytes);
    free(bytes);
    return equal;
}

/* ---- What came of a call ---- */

/* Checks that the error has this status, and a text that contains this one. */
static inline void check_error(const char *label, enum quant_status status,
                               const struct quant_error *error, enum quant_status expected,
                               const char *text)
{
    if (status != expected)
        fail_msg("%s: status %d, not %d: %s", label, status, expected,
                 status == QUANT_OK ? "" : error->text);
    if (expected == QUANT_OK)
        return;
    assert_int_equal(error->status, expected);
    if (!strstr(error->text, text))
        fail_msg("%s: text '%s' without '%s'", label, error->text, text);
}

#define check_ok(status, error)                                                                    \
    do {                                                                                           \
        const enum quant_status status_ = (status);                                                \
        if (status_ != QUANT_OK)                                                                   \
            fail_msg("status %d: %s", status_, (error)->text);                                     \
    } while (0)

/* ---- A sink over memory ---- */

struct memory_sink {
    struct quant_sink sink;
    unsigned char *bytes; /* the caller frees it */
    size_t nbytes;
    size_t limit; /* a write that exceeds it fails */
};

static inline enum quant_status memory_sink_write(struct quant_sink *sink, const void *bytes,
                                                  size_t nbytes, struct quant_error *error)
{
    struct memory_sink *memory = (struct memory_sink *)sink;
    if (nbytes > memory->limit - memory->nbytes)
        return quant_sink_error(sink, error, QUANT_IO, "full");
    unsigned char *grown = realloc(memory->bytes, memory->nbytes + nbytes);
    assert_non_null(grown);
    memory->bytes = grown;
    memcpy(memory->bytes + memory->nbytes, bytes, nbytes);
    memory->nbytes += nbytes;
    return QUANT_OK;
}

static const struct quant_sink_ops memory_sink_ops = {.write = memory_sink_write};

static inline struct memory_sink memory_sink_make(size_t limit)
{
    return (struct memory_sink){{&memory_sink_ops, "sink"}, NULL, 0, limit};
}

/* ---- A source over memory that hides its size until it has ended, and can give little at once
 * ---- */

struct hiding_source {
    struct quant_source source;
    const unsigned char *bytes;
    size_t nbytes;
    uint64_t reads;    /* calls */
    uint64_t fails_at; /* a read of this byte fails; UINT64_MAX: none */
};

static inline enum quant_status hiding_read_at(struct quant_source *source, uint64_t offset,
                                               void *buffer, size_t nbytes, size_t *got,
                                               struct quant_error *error)
{
    struct hiding_source *hiding = (struct hiding_source *)source;
    *got = 0;
    hiding->reads++;
    if (offset <= hiding->fails_at && hiding->fails_at - offset < nbytes)
        return quant_source_error(source, error, QUANT_IO, "bad sector");
    const size_t ahead = offset < hiding->nbytes ? hiding->nbytes - (size_t)offset : 0;
    if (ahead < nbytes)
        source->size = hiding->nbytes;
    *got = nbytes < ahead ? nbytes : ahead;
    memcpy(buffer, hiding->bytes + offset, *got);
    return QUANT_OK;
}

static inline void hiding_close(struct quant_source *source)
{
    (void)source;
}

static const struct quant_source_ops hiding_ops = {.read_at = hiding_read_at,
                                                   .close = hiding_close};

static inline struct hiding_source hiding_source_make(const void *bytes, size_t nbytes)
{
    return (struct hiding_source){
        {.ops = &hiding_ops, .name = "stream", .size = QUANT_SIZE_UNKNOWN},
        bytes,
        nbytes,
        0,
        UINT64_MAX};
}

#endif
