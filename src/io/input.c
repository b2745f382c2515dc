/* SPDX-License-Identifier: MIT */
/* Opening inputs, and the source over a regular file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/cancel.h"
#include "io/io.h"
#include "io/temporary.h"

/* Without advice the kernel reads this many bytes at once. */
enum { ADVISE_FROM = 128 << 10 };

/* Files of up to this many bytes are read by one call, and kept: what they are, their header and
 * their elements are then read without asking the system three more times. */
enum { WHOLE_MOST = 16 << 10 };

struct file_source {
    struct quant_source head;
    int fd;
    bool owned;
    off_t begin;                    /* position of standard input when it was opened */
    atomic_flag is_begun;           /* a thread reads, or has read, the whole small file */
    _Atomic(unsigned char *) whole; /* owned: what it has read; else NULL */
    struct stat opened;
    struct quant_cancel cancel;
};

/* If a file is cut while it is read, it gives fewer bytes than it had. That is an error here; with
 * a mapped file it would raise SIGBUS. If a file grows, the new bytes are not read.
 *
 * Mapping was tried. Windows of 2 MiB over a gigabyte took from 0.8 times as long as reading (a
 * page cache in large pages, each window mapped in one step) to twice as long (small pages). A
 * whole quantization took at best a twentieth less time, since it waits for memory. */
static enum quant_status read_range(struct quant_source *source, uint64_t offset, void *buffer,
                                    size_t nbytes, size_t *got, struct quant_error *error)
{
    struct file_source *file = (struct file_source *)source;
    while (*got < nbytes) {
        if (quant_cancelled(&file->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        const ssize_t count = pread(file->fd, (unsigned char *)buffer + *got, nbytes - *got,
                                    file->begin + (off_t)(offset + *got));
        if (count > 0)
            *got += (size_t)count;
        else if (count == 0)
            return quant_source_error(source, error, QUANT_TRUNCATED,
                                      "it shrank while it was read: from %llu bytes to %llu",
                                      (unsigned long long)source->size,
                                      (unsigned long long)(offset + *got));
        else if (errno != EINTR)
            return quant_error_system(error, errno, "cannot read '%s'", source->name);
    }
    return QUANT_OK;
}

/* The first thread that reads a small file reads all of it. Without memory nothing is kept. */
static enum quant_status keep_whole(struct file_source *file, struct quant_error *error)
{
    if (file->head.size > WHOLE_MOST || atomic_flag_test_and_set(&file->is_begun))
        return QUANT_OK;
    const size_t nbytes = (size_t)file->head.size;
    size_t got = 0;
    unsigned char *whole = malloc(nbytes);
    if (!whole)
        return QUANT_OK;
    const enum quant_status status = read_range(&file->head, 0, whole, nbytes, &got, error);
    if (status == QUANT_OK)
        atomic_store_explicit(&file->whole, whole, memory_order_release);
    else
        free(whole);
    return status;
}

static enum quant_status file_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                      size_t nbytes, size_t *got, struct quant_error *error)
{
    struct file_source *file = (struct file_source *)source;
    *got = 0;
    if (offset >= source->size)
        return QUANT_OK;
    if (nbytes > source->size - offset)
        nbytes = (size_t)(source->size - offset);
    const enum quant_status status = keep_whole(file, error);
    const unsigned char *whole = atomic_load_explicit(&file->whole, memory_order_acquire);
    if (status != QUANT_OK || !whole)
        return status != QUANT_OK ? status : read_range(source, offset, buffer, nbytes, got, error);
    memcpy(buffer, whole + offset, nbytes);
    *got = nbytes;
    return QUANT_OK;
}

/* By size and time of change, as exact as the clock of the file system. If bytes change between two
 * passes, the result would belong to neither version. */
static enum quant_status file_check_unchanged(struct quant_source *source,
                                              struct quant_error *error)
{
    const struct file_source *file = (const struct file_source *)source;
    struct stat now;
    if (fstat(file->fd, &now) != 0)
        return quant_error_system(error, errno, "cannot read '%s'", source->name);
    const struct stat *opened = &file->opened;
    if (now.st_size == opened->st_size && now.st_mtim.tv_sec == opened->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == opened->st_mtim.tv_nsec)
        return QUANT_OK;
    return quant_source_error(source, error, QUANT_IO, "it changed while it was read");
}

static void file_close(struct quant_source *source)
{
    struct file_source *file = (struct file_source *)source;
    if (file->owned)
        close(file->fd); /* nothing was written: nothing can be lost */
    free(file->whole);
    free(file);
}

static const struct quant_source_ops file_ops = {
    .read_at = file_read_at,
    .check_unchanged = file_check_unchanged,
    .close = file_close,
};

static enum quant_status open_regular(int fd, bool owned, const char *name,
                                      const struct stat *opened, const struct quant_cancel *cancel,
                                      struct quant_source **source, struct quant_error *error)
{
    const off_t size = opened->st_size;
    const off_t begin = owned ? 0 : lseek(fd, 0, SEEK_CUR);
    struct file_source *file = malloc(sizeof *file);
    if (!file)
        return quant_error_no_memory(error, sizeof *file, "file source");
    *file = (struct file_source){
        .head = {.ops = &file_ops,
                 .name = name,
                 .size = begin < size ? (uint64_t)(size - begin) : 0,
                 .positional = true},
        .fd = fd,
        .owned = owned,
        .begin = begin,
        .opened = *opened,
        .is_begun = ATOMIC_FLAG_INIT,
        .cancel = *cancel,
    };
    if (size > ADVISE_FROM)
        posix_fadvise(fd, begin, 0, POSIX_FADV_SEQUENTIAL);
    *source = &file->head;
    return QUANT_OK;
}

/* Files of procfs and FUSE may have content though their size is 0, and those of sysfs less than
 * their size of a page. They are read to their end, as a pipe is. What cannot be read now is read
 * as a stream too, and then that is an error. */
static bool has_other_size(int fd, bool owned, const struct stat *opened)
{
    enum { PAGE = 4096 };
    char bytes[PAGE + 1];
    const off_t begin = owned ? 0 : lseek(fd, 0, SEEK_CUR);
    if (opened->st_size > PAGE || opened->st_blocks > 0)
        return false;
    const off_t left = begin < opened->st_size ? opened->st_size - begin : 0;
    ssize_t got;
    do {
        got = pread(fd, bytes, sizeof bytes, begin);
    } while (got < 0 && errno == EINTR);
    return got != left;
}

static enum quant_status open_kind(int fd, bool owned, const char *name,
                                   const struct quant_cancel *cancel, struct quant_source **source,
                                   struct quant_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return quant_error_system(error, errno, "cannot read '%s'", name);
    if (S_ISDIR(status.st_mode))
        return quant_error_set(error, QUANT_IO, "cannot read '%s': it is a directory", name);
    if (S_ISREG(status.st_mode) && !has_other_size(fd, owned, &status))
        return open_regular(fd, owned, name, &status, cancel, source, error);
    return quant_stream_open(fd, owned, name, cancel, source, error);
}

enum quant_status quant_input_open_file(int fd, const char *name, const struct quant_cancel *cancel,
                                        struct quant_source **source, struct quant_error *error)
{
    const enum quant_status status = open_kind(fd, true, name, cancel, source, error);
    if (status == QUANT_OK && (*source)->positional) /* it may be written while it is read */
        atomic_flag_test_and_set(&((struct file_source *)*source)->is_begun);
    return status;
}

/* O_NONBLOCK: open does not wait for the writer of a FIFO. poll does, and can be woken. */
static int open_path(const char *path)
{
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

enum quant_status quant_input_open(const char *path, const struct quant_cancel *cancel,
                                   struct quant_source **source, struct quant_error *error)
{
    if (quant_cancelled(cancel))
        return quant_error_set(error, QUANT_CANCELLED, "cancelled");
    if (strcmp(path, "-") == 0)
        return open_kind(STDIN_FILENO, false, "standard input", cancel, source, error);
    const int fd = open_path(path);
    if (fd < 0)
        return quant_error_system(error, errno, "cannot read '%s'", path);
    const enum quant_status status = open_kind(fd, true, path, cancel, source, error);
    if (status != QUANT_OK)
        close(fd);
    return status;
}

static enum quant_status check_regular(const char *path, const struct stat *status,
                                       struct quant_error *error)
{
    if (S_ISREG(status->st_mode))
        return QUANT_OK;
    return quant_error_set(error, QUANT_IO, "cannot read '%s': it is %s", path,
                           S_ISDIR(status->st_mode) ? "a directory" : "not a regular file");
}

/* Looks before it opens, since opening a device may do something; and again, since it may be
 * another file by then. */
enum quant_status quant_input_open_regular(const char *path, const struct quant_cancel *cancel,
                                           struct quant_source **source, struct quant_error *error)
{
    struct stat found;
    if (quant_cancelled(cancel))
        return quant_error_set(error, QUANT_CANCELLED, "cancelled");
    if (stat(path, &found) != 0)
        return quant_error_system(error, errno, "cannot read '%s'", path);
    enum quant_status status = check_regular(path, &found, error);
    if (status != QUANT_OK)
        return status;
    const int fd = open_path(path);
    if (fd < 0 || fstat(fd, &found) != 0)
        status = quant_error_system(error, errno, "cannot read '%s'", path);
    else
        status = check_regular(path, &found, error);
    if (status == QUANT_OK)
        status = open_kind(fd, true, path, cancel, source, error);
    if (status != QUANT_OK && fd >= 0)
        close(fd);
    return status;
}
