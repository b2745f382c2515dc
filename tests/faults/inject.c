/* SPDX-License-Identifier: MIT */
/*
 * A library for LD_PRELOAD between a whole program and libc. It counts calls and lets the n-th
 * fail:
 *
 *     INJECT=CALL:N:HOW[:on]   CALL is one of the names below, or "all" for all but memory; HOW is
 *                              errno=NUMBER, short (half of the bytes), or signal=NUMBER, raised
 *                              before the call; "on": all calls after the n-th fail too
 *     INJECT_NAMED=1           files without a name cannot be made, as on some file systems
 *     INJECT_REPORT=FILE       at exit: the number of calls of each name, what is allocated and by
 *                              whom, and descriptors that are open and were not at the start
 *     INJECT_RECORD=FILE       what is written, synced and named, in its order
 *
 * Calls within libc are not seen, except that all of its allocations are. Writes to descriptor 2
 * are left alone: the test reads the message.
 */
/* Both names of each function are defined here; with 64 bits asked for, headers make them one. */
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
    MEMORY,
    OPEN,
    READ,
    PREAD,
    WRITE,
    PWRITE,
    SENDFILE,
    FALLOCATE,
    FTRUNCATE,
    FSYNC,
    RENAME,
    LINK,
    UNLINK,
    MKDIR,
    MMAP,
    THREAD,
    CLOSE,
    DUP,
    FLUSH,
    CALLS
};

static const char *const names[CALLS] = {"memory", "open",     "read",      "pread",     "write",
                                         "pwrite", "sendfile", "fallocate", "ftruncate", "fsync",
                                         "rename", "link",     "unlink",    "mkdir",     "mmap",
                                         "thread", "close",    "dup",       "flush"};

static struct {
    atomic_bool is_armed;
    int call; /* CALLS: all but memory; -1: none */
    unsigned long n;
    int number; /* errno; 0: short */
    int signal;
    bool from_then_on;
    int record; /* descriptor; -1: none */
    const char *report;
    bool without_unnamed;
    bool was_open[256];
} plan = {.call = -1, .record = -1};

static atomic_ulong counts[CALLS];
static atomic_ulong total; /* of all but memory */
static atomic_bool has_fired;

/* ---- What happens to a call ---- */

enum verdict { GOES, FAILS, SHORT };

static bool is_due(enum call call, unsigned long one, unsigned long all)
{
    const unsigned long nth = plan.call == CALLS ? all : one;
    const bool is_meant = plan.call == (int)call || (plan.call == CALLS && call != MEMORY);
    return is_meant && plan.n > 0 && (nth == plan.n || (nth > plan.n && plan.from_then_on));
}

static enum verdict judge(enum call call)
{
    if (!atomic_load(&plan.is_armed))
        return GOES;
    const unsigned long one = atomic_fetch_add(&counts[call], 1) + 1;
    const unsigned long all = call == MEMORY ? 0 : atomic_fetch_add(&total, 1) + 1;
    if (!is_due(call, one, all))
        return GOES;
    atomic_store(&has_fired, true);
    if (plan.signal) {
        kill(getpid(), plan.signal);
        return GOES;
    }
    if (plan.number == 0)
        return SHORT;
    errno = plan.number;
    return FAILS;
}

static bool fails(enum call call)
{
    return judge(call) == FAILS;
}

#define REAL(name, type, ...)                                                                      \
    static type (*real)(__VA_ARGS__);                                                              \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, name)

/* ---- Memory ---- */

void *__libc_malloc(size_t nbytes);
void *__libc_calloc(size_t count, size_t nbytes);
void *__libc_realloc(void *memory, size_t nbytes);
void __libc_free(void *memory);

enum { LIVE = 1 << 17 }; /* a power of two */
static struct {
    const void *memory;
    const void *caller;
    size_t nbytes;
} live[LIVE];
static atomic_flag live_lock = ATOMIC_FLAG_INIT;

static size_t place_of(const void *memory)
{
    size_t i = ((uintptr_t)memory >> 4) * 2654435761U % LIVE;
    while (live[i].memory && live[i].memory != memory)
        i = (i + 1) % LIVE;
    return i;
}

static void take_lock(void)
{
    while (atomic_flag_test_and_set(&live_lock))
        ;
}

/* libc keeps what locales take, and loses some of it when it fails: that is not counted. */
static _Thread_local bool is_locale;

static bool fails_memory(void)
{
    return !is_locale && fails(MEMORY);
}

static void *gained(void *memory, size_t nbytes, const void *caller)
{
    if (!memory || is_locale)
        return memory;
    take_lock();
    const size_t i = place_of(memory);
    live[i].memory = memory;
    live[i].caller = caller;
    live[i].nbytes = nbytes;
    atomic_flag_clear(&live_lock);
    return memory;
}

/* Those that follow move up, so that none is looked for in vain. */
static void lost(const void *memory)
{
    if (!memory)
        return;
    take_lock();
    size_t i = place_of(memory);
    if (live[i].memory) {
        live[i].memory = NULL;
        for (size_t k = (i + 1) % LIVE; live[k].memory; k = (k + 1) % LIVE) {
            const void *other = live[k].memory;
            live[k].memory = NULL;
            const size_t to = place_of(other);
            live[to].memory = other;
            live[to].caller = live[k].caller;
            live[to].nbytes = live[k].nbytes;
        }
    }
    atomic_flag_clear(&live_lock);
}

void *malloc(size_t nbytes)
{
    if (fails_memory())
        return NULL;
    return gained(__libc_malloc(nbytes), nbytes, __builtin_return_address(0));
}

void *calloc(size_t count, size_t nbytes)
{
    if (fails_memory())
        return NULL;
    return gained(__libc_calloc(count, nbytes), count * nbytes, __builtin_return_address(0));
}

void *realloc(void *memory, size_t nbytes)
{
    if (fails_memory())
        return NULL;
    lost(memory);
    void *grown = __libc_realloc(memory, nbytes);
    return gained(grown ? grown : memory, nbytes, __builtin_return_address(0)) ? grown : NULL;
}

void free(void *memory)
{
    const int number = errno;
    lost(memory);
    __libc_free(memory);
    errno = number;
}

char *setlocale(int category, const char *name)
{
    REAL("setlocale", char *, int, const char *);
    is_locale = true;
    char *result = real(category, name);
    is_locale = false;
    return result;
}

/* ---- What is written and named ---- */

__attribute__((format(printf, 1, 2))) static void record(const char *format, ...)
{
    char line[8192];
    if (plan.record < 0)
        return;
    const int number = errno;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        (void)!syscall(SYS_write, plan.record, line, (size_t)length);
    errno = number;
}

static unsigned long long inode(int fd)
{
    struct stat found;
    return plan.record >= 0 && fstat(fd, &found) == 0 ? found.st_ino : 0;
}

static unsigned long long inode_of(const char *path)
{
    struct stat found;
    return plan.record >= 0 && lstat(path, &found) == 0 ? found.st_ino : 0;
}

/* ---- Opening and closing ---- */

static int do_open(int at, const char *path, int flags, va_list arguments)
{
    const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    if (plan.without_unnamed && (flags & __O_TMPFILE) && mode == 0666) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fails(OPEN))
        return -1;
    const int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && flags & O_CREAT)
        record("create\t%llu\t%s\n", inode(fd), path);
    return fd;
}

#define WRAP_OPEN(name, at, ...)                                                                   \
    int name(__VA_ARGS__, int flags, ...);                                                         \
    int name(__VA_ARGS__, int flags, ...)                                                          \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        const int fd = do_open(at, path, flags, arguments);                                        \
        va_end(arguments);                                                                         \
        return fd;                                                                                 \
    }

WRAP_OPEN(open, AT_FDCWD, const char *path)
WRAP_OPEN(open64, AT_FDCWD, const char *path)
WRAP_OPEN(openat, at, int at, const char *path)
WRAP_OPEN(openat64, at, int at, const char *path)

/* What glibc's headers call instead of these, and of reads, in programs with _FORTIFY_SOURCE. */
#define WRAP_CHECKED(type, name, parameters, call)                                                 \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        return call;                                                                               \
    }

WRAP_CHECKED(int, __open_2, (const char *path, int flags), open(path, flags))
WRAP_CHECKED(int, __open64_2, (const char *path, int flags), open64(path, flags))

/* A function of libc that is only called if the call does not fail. */
#define WRAP(call, type, failure, name, parameters, arguments)                                     \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static __typeof__(name) *real;                                                             \
        if (!real)                                                                                 \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                             \
        return fails(call) ? (failure) : real arguments;                                           \
    }

WRAP(OPEN, int, -1, mkostemp, (char *path, int flags), (path, flags))
WRAP(OPEN, int, -1, mkostemp64, (char *path, int flags), (path, flags))
WRAP(OPEN, FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode))
WRAP(OPEN, FILE *, NULL, fopen64, (const char *path, const char *mode), (path, mode))
WRAP(OPEN, DIR *, NULL, opendir, (const char *path), (path))
WRAP(MKDIR, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(FALLOCATE, int, -1, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
WRAP(FALLOCATE, int, -1, fallocate64, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n))
WRAP(FTRUNCATE, int, -1, ftruncate, (int fd, off_t n), (fd, n))
WRAP(FTRUNCATE, int, -1, ftruncate64, (int fd, off_t n), (fd, n))
WRAP(MMAP, void *, MAP_FAILED, mmap,
     (void *at, size_t n, int access, int flags, int fd, off_t from),
     (at, n, access, flags, fd, from))
WRAP(MMAP, void *, MAP_FAILED, mmap64,
     (void *at, size_t n, int access, int flags, int fd, off_t from),
     (at, n, access, flags, fd, from))
WRAP(THREAD, int, EAGAIN, pthread_create,
     (pthread_t * thread, const pthread_attr_t *attributes, void *(*work)(void *), void *context),
     (thread, attributes, work, context))

static int do_fcntl(int fd, int command, void *argument)
{
    const bool copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    return copies && fails(DUP) ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}

#define WRAP_FCNTL(name)                                                                           \
    int name(int fd, int command, ...);                                                            \
    int name(int fd, int command, ...)                                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, command);                                                              \
        void *argument = va_arg(arguments, void *);                                                \
        va_end(arguments);                                                                         \
        return do_fcntl(fd, command, argument);                                                    \
    }

WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

/* Linux closes the descriptor all the same. */
int close(int fd)
{
    const enum verdict verdict = judge(CLOSE);
    const int number = errno;
    const int result = (int)syscall(SYS_close, fd);
    if (verdict != FAILS)
        return result;
    errno = number;
    return -1;
}

/* What libc still holds is lost, as it is after a write that failed. */
int fflush(FILE *stream)
{
    REAL("fflush", int, FILE *);
    if (fails(FLUSH)) {
        const int number = errno;
        real(stream);
        errno = number;
        return EOF;
    }
    return real(stream);
}

int fclose(FILE *stream)
{
    REAL("fclose", int, FILE *);
    const bool is_failure = fails(FLUSH);
    const int number = errno;
    const int result = real(stream);
    if (!is_failure)
        return result;
    errno = number;
    return EOF;
}

/* ---- Reading and writing ---- */

#define WRAP_BYTES(call, name, number, parameters, ...)                                            \
    ssize_t name parameters;                                                                       \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        const enum verdict verdict = judge(call);                                                  \
        if (verdict == FAILS)                                                                      \
            return -1;                                                                             \
        if (verdict == SHORT && n > 1)                                                             \
            n /= 2;                                                                                \
        return syscall(number, __VA_ARGS__);                                                       \
    }

WRAP_BYTES(READ, read, SYS_read, (int fd, void *to, size_t n), fd, to, n)
WRAP_BYTES(PREAD, pread, SYS_pread64, (int fd, void *to, size_t n, off_t at), fd, to, n, at)
WRAP_BYTES(PREAD, pread64, SYS_pread64, (int fd, void *to, size_t n, off_t at), fd, to, n, at)
WRAP_BYTES(SENDFILE, sendfile, SYS_sendfile, (int to, int from, off_t *at, size_t n), to, from, at,
           n)
WRAP_BYTES(SENDFILE, sendfile64, SYS_sendfile, (int to, int from, off_t *at, size_t n), to, from,
           at, n)

WRAP_CHECKED(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t size),
             ((void)size, read(fd, to, n)))
WRAP_CHECKED(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t size),
             ((void)size, pread(fd, to, n, at)))
WRAP_CHECKED(ssize_t, __pread64_chk, (int fd, void *to, size_t n, off_t at, size_t size),
             ((void)size, pread64(fd, to, n, at)))

ssize_t write(int fd, const void *from, size_t n)
{
    const enum verdict verdict = fd == STDERR_FILENO ? GOES : judge(WRITE);
    if (verdict == FAILS)
        return -1;
    const ssize_t count = syscall(SYS_write, fd, from, verdict == SHORT && n > 1 ? n / 2 : n);
    if (fd > STDERR_FILENO)
        record("write\t%llu\n", inode(fd));
    return count;
}

static ssize_t do_pwrite(int fd, const void *from, size_t n, off_t at)
{
    const enum verdict verdict = judge(PWRITE);
    if (verdict == FAILS)
        return -1;
    record("write\t%llu\n", inode(fd));
    return syscall(SYS_pwrite64, fd, from, verdict == SHORT && n > 1 ? n / 2 : n, at);
}

/* A short one writes half of the first piece. */
static ssize_t do_pwritev(int fd, const struct iovec *pieces, int n, off_t at)
{
    const enum verdict verdict = judge(PWRITE);
    if (verdict == FAILS)
        return -1;
    record("write\t%llu\n", inode(fd));
    if (verdict == SHORT && pieces[0].iov_len > 1)
        return syscall(SYS_pwrite64, fd, pieces[0].iov_base, pieces[0].iov_len / 2, at);
    return syscall(SYS_pwritev, fd, pieces, n, at, 0);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    return do_pwrite(fd, from, n, at);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off_t at)
{
    return do_pwrite(fd, from, n, at);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int n, off_t at)
{
    return do_pwritev(fd, pieces, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int n, off_t at)
{
    return do_pwritev(fd, pieces, n, at);
}

int fsync(int fd)
{
    struct stat found;
    if (fails(FSYNC))
        return -1;
    if (plan.record >= 0 && fstat(fd, &found) == 0)
        record("%s\t%llu\n", S_ISDIR(found.st_mode) ? "syncdir" : "fsync",
               (unsigned long long)found.st_ino);
    return plan.record >= 0 ? 0
                            : (int)syscall(SYS_fsync, fd); /* the record is all that is wanted */
}

/* ---- Names ---- */

int rename(const char *from, const char *to)
{
    const int result = fails(RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
    if (result == 0)
        record("rename\t%s\t%s\n", from, to);
    return result;
}

int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags)
{
    const int result = fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, at, from, to_at, to, flags);
    if (result == 0)
        record("rename\t%s\t%s\n", from, to);
    return result;
}

int link(const char *from, const char *to)
{
    const int result = fails(LINK) ? -1 : (int)syscall(SYS_link, from, to);
    if (result == 0)
        record("link\t%llu\t%s\n", inode_of(to), to);
    return result;
}

int linkat(int at, const char *from, int to_at, const char *to, int flags)
{
    const int result = fails(LINK) ? -1 : (int)syscall(SYS_linkat, at, from, to_at, to, flags);
    if (result == 0)
        record("link\t%llu\t%s\n", inode_of(to), to);
    return result;
}

int unlink(const char *path)
{
    const int result = fails(UNLINK) ? -1 : (int)syscall(SYS_unlink, path);
    if (result == 0)
        record("unlink\t%s\n", path);
    return result;
}

int unlinkat(int at, const char *path, int flags)
{
    return fails(UNLINK) ? -1 : (int)syscall(SYS_unlinkat, at, path, flags);
}

/* ---- The beginning and the end ---- */

static int open_for_lines(const char *path)
{
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                                O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    const int high = fd >= 0 ? (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900) : -1;
    if (fd >= 0)
        syscall(SYS_close, fd);
    return high;
}

static void read_plan(const char *text)
{
    char call[32];
    char number[24];
    char how[32];
    char on[8] = "";
    if (sscanf(text, "%31[^:]:%23[^:]:%31[^:]:%7s", call, number, how, on) < 3)
        return;
    plan.n = strtoul(number, NULL, 10);
    plan.call = CALLS;
    for (int i = 0; i < CALLS; i++)
        if (strcmp(names[i], call) == 0)
            plan.call = i;
    plan.from_then_on = strcmp(on, "on") == 0;
    if (strncmp(how, "errno=", 6) == 0)
        plan.number = (int)strtol(how + 6, NULL, 10);
    else if (strncmp(how, "signal=", 7) == 0)
        plan.signal = (int)strtol(how + 7, NULL, 10);
}

static bool is_open(int fd)
{
    return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("INJECT");
    const char *path = getenv("INJECT_RECORD");
    plan.report = getenv("INJECT_REPORT");
    plan.without_unnamed = getenv("INJECT_NAMED");
    if (path)
        plan.record = open_for_lines(path);
    if (text)
        read_plan(text);
    for (int fd = 0; fd < 256; fd++)
        plan.was_open[fd] = is_open(fd);
    atomic_store(&plan.is_armed, true);
}

static void report_live(int fd)
{
    for (size_t i = 0; i < LIVE; i++) {
        Dl_info found = {.dli_fname = NULL};
        if (!live[i].memory)
            continue;
        dladdr(live[i].caller, &found);
        dprintf(fd, "live %zu %s %s %#zx\n", live[i].nbytes,
                found.dli_fname ? found.dli_fname : "?", found.dli_sname ? found.dli_sname : "?",
                (size_t)((const char *)live[i].caller - (const char *)found.dli_fbase));
    }
}

__attribute__((destructor)) static void end(void)
{
    atomic_store(&plan.is_armed, false);
    const int fd = plan.report ? open_for_lines(plan.report) : -1;
    if (fd < 0)
        return;
    for (int i = 0; i < CALLS; i++)
        dprintf(fd, "calls %s %lu\n", names[i], atomic_load(&counts[i]));
    dprintf(fd, "calls all %lu\n", atomic_load(&total));
    dprintf(fd, "fired %d\n", atomic_load(&has_fired));
    for (int i = 0; i < 256; i++)
        if (is_open(i) && !plan.was_open[i])
            dprintf(fd, "open %d\n", i);
    report_live(fd);
    syscall(SYS_close, fd);
}
