/* SPDX-License-Identifier: MIT */
#include "io/free_space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/checked.h"
#include "base/error.h"
#include "io/io.h"

/* File systems that may store fewer bytes than are written (they compress or share blocks), and
 * those whose bytes end on another machine or in another program, where the same may happen. The
 * numbers are those of statfs(2); not all are in a header everywhere. */
static const uint32_t not_counting[] = {
    0x9123683E, /* btrfs */
    0x2FC12FC1, /* zfs */
    0xCA451A4E, /* bcachefs */
    0xF2F52010, /* f2fs */
    0x24051905, /* ubifs */
    0x000072B6, /* jffs2 */
    0x5346544E, /* ntfs */
    0x7366746E, /* ntfs3 */
    0x65735546, /* fuse */
    0x00006969, /* nfs */
    0xFF534D42, /* cifs */
    0xFE534D42, /* smb2 */
    0x0000517B, /* smb */
    0x00C36400, /* ceph */
    0x0BD00BD0, /* lustre */
    0x01021997, /* 9p */
};

static bool counts_bytes(const struct statfs *system)
{
    const uint32_t type = (uint32_t)system->f_type;
    for (size_t i = 0; i < sizeof not_counting / sizeof not_counting[0]; i++)
        if (type == not_counting[i])
            return false;
    return system->f_blocks > 0 && system->f_bsize > 0;
}

/* Shortens a path to its directory; false if there is nothing left. "name" becomes ".". */
static bool cut_component(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0 || (length == 1 && (path[0] == '/' || path[0] == '.')))
        return false;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        path[length++] = '.';
    path[length] = '\0';
    return true;
}

/* The file, which may be a link to another file system, or the nearest directory that exists.
 * *device is that of either; NULL: it is not asked for, which saves a call to the system for each
 * of ten thousand files. */
static bool find_system(const char *path, struct statfs *system, uint64_t *device, bool *exists)
{
    struct stat status;
    char *place = strdup(path);
    bool found = false;
    bool is_left = place != NULL && path[0] != '\0';
    *exists = true;
    while (is_left && !found) {
        found = statfs(place, system) == 0;
        *exists = *exists && found;
        is_left = found || (errno == ENOENT && cut_component(place));
    }
    if (found && device) {
        found = stat(place, &status) == 0;
        *device = found ? (uint64_t)status.st_dev : 0;
    }
    free(place);
    return found;
}

/* What df shows: without the blocks that are reserved for root. */
static uint64_t available_on(const struct statfs *system)
{
    const uint64_t size =
        system->f_frsize > 0 ? (uint64_t)system->f_frsize : (uint64_t)system->f_bsize;
    uint64_t available;
    return quant_checked_mul(system->f_bavail, size, &available) ? available : UINT64_MAX;
}

bool quant_free_space_find(const char *path, struct quant_free_space *space)
{
    struct statfs system;
    bool exists;
    if (!path || !find_system(path, &system, &space->device, &exists) || !counts_bytes(&system))
        return false;
    space->available = available_on(&system);
    return true;
}

static enum quant_status no_space(const struct quant_space_need *need, uint64_t needed,
                                  uint64_t available, struct quant_error *error)
{
    return quant_error_set(
        error, QUANT_IO, "cannot write '%s': %s: %llu bytes are needed, %llu are available",
        need->path, strerror(ENOSPC), (unsigned long long)needed, (unsigned long long)available);
}

/* Where the file goes, if it needs room at all. */
static bool find_need(const struct quant_space_need *need, bool is_alone,
                      struct quant_free_space *space)
{
    struct statfs system;
    bool exists;
    space->device = 0;
    if (need->nbytes == 0 || strcmp(need->path, "-") == 0 ||
        !find_system(need->path, &system, is_alone ? NULL : &space->device, &exists) ||
        !counts_bytes(&system) || (exists && quant_path_is_stream(need->path)))
        return false;
    space->available = available_on(&system);
    return true;
}

enum quant_status quant_free_space_check(const struct quant_space_need *needs, size_t n,
                                         struct quant_error *error)
{
    struct quant_free_space first = {0};
    uint64_t needed = 0; /* on the file system of the first */
    size_t nsized = 0;
    for (size_t i = 0; i < n; i++)
        nsized += needs[i].nbytes > 0;
    for (size_t i = 0; i < n; i++) {
        struct quant_free_space space;
        if (!find_need(&needs[i], nsized == 1, &space))
            continue;
        if (needed == 0 || space.device != first.device) {
            first = space;
            needed = 0;
        }
        if (!quant_checked_add(needed, needs[i].nbytes, &needed))
            needed = UINT64_MAX;
        if (needed > first.available)
            return no_space(&needs[i], needed, first.available, error);
    }
    return QUANT_OK;
}

/* Takes nbytes of the room that is known to be free. false: it is not known to be enough. */
static bool take_room(struct quant_shared_directory *directory, uint64_t nbytes)
{
    uint64_t room = atomic_load_explicit(&directory->room, memory_order_relaxed);
    while (nbytes <= room)
        if (atomic_compare_exchange_weak(&directory->room, &room, room - nbytes))
            return true;
    return false;
}

enum quant_status quant_free_space_check_shared(struct quant_shared_directory *directory,
                                                const struct quant_space_need *needs, size_t n,
                                                struct quant_error *error)
{
    struct quant_free_space space;
    uint64_t needed = 0;
    for (size_t i = 0; i < n; i++)
        if (!quant_shared_directory_has(directory, needs[i].path) ||
            !quant_checked_add(needed, needs[i].nbytes, &needed))
            return quant_free_space_check(needs, n, error);
    if (take_room(directory, needed))
        return QUANT_OK;
    const enum quant_status status = quant_free_space_check(needs, n, error);
    if (status == QUANT_OK) /* a system that does not know its room takes everything */
        atomic_store(&directory->room, quant_free_space_find(directory->path, &space)
                                           ? space.available / 8
                                           : UINT64_MAX);
    return status;
}
