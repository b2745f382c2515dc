/* SPDX-License-Identifier: MIT */
/* One wrapper for each function: a fault, or the real one. */
#include "faults.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <xxhash.h>

static _Thread_local struct {
    bool armed;
    unsigned kinds;
    unsigned long n;
    bool from_then_on;
    struct faults_seen seen;
} faults;

bool faults_without_unnamed;

void faults_arm(unsigned kinds, unsigned long n, bool from_then_on)
{
    /* With hooks cJSON allocates through this program, where it is seen. */
    cJSON_InitHooks(&(cJSON_Hooks){malloc, free});
    faults.kinds = kinds;
    faults.n = n;
    faults.from_then_on = from_then_on;
    faults.seen = (struct faults_seen){false, 0, 0};
    faults.armed = true;
}

struct faults_seen faults_disarm(void)
{
    faults.armed = false;
    return faults.seen;
}

static bool fault(enum fault_kind kind, int number)
{
    if (!faults.armed || !(faults.kinds & (unsigned)kind))
        return false;
    const unsigned long call = ++faults.seen.calls;
    if (faults.n == 0 || call < faults.n || (call > faults.n && !faults.from_then_on))
        return false;
    faults.seen.fired = true;
    errno = number;
    return true;
}

/* Counts what was allocated, or is freed. */
static void *gained(void *memory)
{
    faults.seen.live += faults.armed && memory;
    return memory;
}

static void lost(const void *memory)
{
    faults.seen.live -= faults.armed && memory;
}

/* ---- Memory ---- */

/* The function that glibc's headers call instead of another, which _FORTIFY_SOURCE lets them. */
#define WRAP_CHECKED(type, name, ...)                                                              \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

#define WRAP(type, name, ...)                                                                      \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAP(void *, malloc, size_t nbytes)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_malloc(nbytes));
}

WRAP(void *, calloc, size_t count, size_t nbytes)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_calloc(count, nbytes));
}

WRAP(void *, realloc, void *memory, size_t nbytes)
{
    if (fault(FAULT_MEMORY, ENOMEM))
        return NULL;
    void *grown = __real_realloc(memory, nbytes);
    return memory ? grown : gained(grown);
}

WRAP(void, free, void *memory)
{
    lost(memory);
    __real_free(memory);
}

WRAP(char *, strdup, const char *text)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_strdup(text));
}

WRAP(char *, strndup, const char *text, size_t length)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_strndup(text, length));
}

WRAP(char *, realpath, const char *path, char *resolved)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_realpath(path, resolved));
}

WRAP_CHECKED(char *, __realpath_chk, const char *path, char *resolved, size_t size)
{
    (void)size;
    return __wrap_realpath(path, resolved);
}

static int print_or_fault(char **text, const char *format, va_list arguments)
{
    if (fault(FAULT_MEMORY, ENOMEM)) {
        *text = NULL;
        return -1;
    }
    const int length = vasprintf(text, format, arguments);
    if (length >= 0)
        gained(*text);
    return length;
}

int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = print_or_fault(text, format, arguments);
    va_end(arguments);
    return length;
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...);
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    const int length = print_or_fault(text, format, arguments);
    va_end(arguments);
    return length;
}

WRAP(XXH3_state_t *, XXH3_createState, void)
{
    return fault(FAULT_MEMORY, ENOMEM) ? NULL : gained(__real_XXH3_createState());
}

WRAP(XXH_errorcode, XXH3_freeState, XXH3_state_t *state)
{
    lost(state);
    return __real_XXH3_freeState(state);
}

/* ---- Files ---- */

static int open_or_fault(const char *path, int flags, va_list arguments)
{
    const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    if (faults.armed && faults_without_unnamed && (flags & __O_TMPFILE) && mode == 0666) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fault(FAULT_OPEN, EIO))
        return -1;
    return openat(AT_FDCWD, path, flags, mode);
}

#define WRAP_OPEN(name)                                                                            \
    int __wrap_##name(const char *path, int flags, ...);                                           \
    int __wrap_##name(const char *path, int flags, ...)                                            \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        const int fd = open_or_fault(path, flags, arguments);                                      \
        va_end(arguments);                                                                         \
        return fd;                                                                                 \
    }

/* Which of the two the library calls is up to the headers (_FILE_OFFSET_BITS). */
WRAP_OPEN(open)
WRAP_OPEN(open64)

WRAP_CHECKED(int, __open_2, const char *path, int flags)
{
    return __wrap_open(path, flags);
}

WRAP_CHECKED(int, __open64_2, const char *path, int flags)
{
    return __wrap_open64(path, flags);
}

WRAP(int, mkostemp, char *path, int flags)
{
    return fault(FAULT_OPEN, EIO) ? -1 : __real_mkostemp(path, flags);
}

WRAP(int, mkostemp64, char *path, int flags)
{
    return fault(FAULT_OPEN, EIO) ? -1 : __real_mkostemp64(path, flags);
}

WRAP(ssize_t, read, int fd, void *bytes, size_t nbytes)
{
    return fault(FAULT_READ, EIO) ? -1 : __real_read(fd, bytes, nbytes);
}

WRAP(ssize_t, pread, int fd, void *bytes, size_t nbytes, off_t offset)
{
    return fault(FAULT_READ, EIO) ? -1 : __real_pread(fd, bytes, nbytes, offset);
}

WRAP(ssize_t, pread64, int fd, void *bytes, size_t nbytes, off_t offset)
{
    return fault(FAULT_READ, EIO) ? -1 : __real_pread64(fd, bytes, nbytes, offset);
}

WRAP_CHECKED(ssize_t, __read_chk, int fd, void *bytes, size_t nbytes, size_t size)
{
    (void)size;
    return __wrap_read(fd, bytes, nbytes);
}

WRAP_CHECKED(ssize_t, __pread_chk, int fd, void *bytes, size_t nbytes, off_t offset, size_t size)
{
    (void)size;
    return __wrap_pread(fd, bytes, nbytes, offset);
}

WRAP_CHECKED(ssize_t, __pread64_chk, int fd, void *bytes, size_t nbytes, off_t offset, size_t size)
{
    (void)size;
    return __wrap_pread64(fd, bytes, nbytes, offset);
}

WRAP(ssize_t, write, int fd, const void *bytes, size_t nbytes)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_write(fd, bytes, nbytes);
}

WRAP(ssize_t, pwrite, int fd, const void *bytes, size_t nbytes, off_t offset)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_pwrite(fd, bytes, nbytes, offset);
}

WRAP(ssize_t, pwrite64, int fd, const void *bytes, size_t nbytes, off_t offset)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_pwrite64(fd, bytes, nbytes, offset);
}

WRAP(ssize_t, pwritev, int fd, const struct iovec *pieces, int n, off_t offset)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_pwritev(fd, pieces, n, offset);
}

WRAP(ssize_t, pwritev64, int fd, const struct iovec *pieces, int n, off_t offset)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_pwritev64(fd, pieces, n, offset);
}

WRAP(ssize_t, sendfile, int to, int from, off_t *offset, size_t nbytes)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_sendfile(to, from, offset, nbytes);
}

WRAP(ssize_t, sendfile64, int to, int from, off_t *offset, size_t nbytes)
{
    return fault(FAULT_WRITE, ENOSPC) ? -1 : __real_sendfile64(to, from, offset, nbytes);
}

WRAP(int, close, int fd)
{
    const int result = __real_close(fd);
    return fault(FAULT_CLOSE, EIO) ? -1 : result;
}

WRAP(int, rename, const char *from, const char *to)
{
    return fault(FAULT_RENAME, EIO) ? -1 : __real_rename(from, to);
}

WRAP(int, renameat2, int at, const char *from, int to_at, const char *to, unsigned flags)
{
    return fault(FAULT_RENAME, EIO) ? -1 : __real_renameat2(at, from, to_at, to, flags);
}

WRAP(int, linkat, int at, const char *from, int to_at, const char *to, int flags)
{
    return fault(FAULT_LINK, EPERM) ? -1 : __real_linkat(at, from, to_at, to, flags);
}

WRAP(int, link, const char *from, const char *to)
{
    return fault(FAULT_LINK, EPERM) ? -1 : __real_link(from, to);
}
