/* SPDX-License-Identifier: MIT */
/* Directories are read whole and sorted, so that the order is that of the names on every system. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <quant/directory.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "engine/files/directory_names.h"
#include "engine/work/job.h"
#include "io/cancel.h"

/* A list that grows; its items are copied to the arena at the end. */
struct list {
    void *items; /* owned */
    size_t n;
    size_t room;
};

/* A directory on the way down. */
struct level {
    const struct level *above;
    dev_t device;
    ino_t inode;
    const char *path;     /* of the arena */
    const char *relative; /* "" or ending in a slash */
};

struct listing {
    const struct quant_directory_job *job;
    struct quant_arena *arena;
    struct list files;
    struct list checkpoints;
    size_t nleft_out;
    struct stat output; /* of job->output, if has_output */
    bool has_output;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct listing *listing)
{
    return quant_error_no_memory(listing->error, 4096, "directory");
}

static bool add(struct list *list, const void *item, size_t nbytes)
{
    enum { FIRST_ROOM = 64 };
    if (list->n == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : FIRST_ROOM;
        void *items = realloc(list->items, room * nbytes);
        if (!items)
            return false;
        list->items = items;
        list->room = room;
    }
    memcpy((unsigned char *)list->items + list->n++ * nbytes, item, nbytes);
    return true;
}

static const void *keep(struct listing *listing, const struct list *list, size_t nbytes)
{
    void *copy = quant_arena_take(listing->arena, list->n * nbytes + 1);
    if (copy && list->n > 0)
        memcpy(copy, list->items, list->n * nbytes);
    return copy;
}

/* ---- The files of one directory ---- */

struct entry {
    const char *name;
    const char *path;
    uint64_t nbytes;
    bool is_directory;
    dev_t device;
    ino_t inode;
};

static int compare_names(const void *a, const void *b)
{
    const struct entry *first = a;
    const struct entry *second = b;
    return strcmp(first->name, second->name);
}

static enum quant_status add_entry(struct listing *listing, const struct level *level,
                                   const char *name, struct list *entries)
{
    struct stat found;
    struct entry entry = {.name = quant_arena_join(listing->arena, name, "")};
    char *path = NULL;
    const size_t length = strlen(level->path);
    const char *slash = length > 0 && level->path[length - 1] == '/' ? "" : "/";
    const char *directory = quant_arena_join(listing->arena, level->path, slash);
    if (directory)
        path = quant_arena_join(listing->arena, directory, name);
    if (!entry.name || !path)
        return no_memory(listing);
    if (stat(path, &found) != 0 || (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)))
        return QUANT_OK; /* a broken link, a pipe, a device */
    entry.path = path;
    entry.nbytes = (uint64_t)found.st_size;
    entry.is_directory = S_ISDIR(found.st_mode);
    entry.device = found.st_dev;
    entry.inode = found.st_ino;
    return add(entries, &entry, sizeof entry) ? QUANT_OK : no_memory(listing);
}

static enum quant_status read_entries(struct listing *listing, const struct level *level,
                                      struct list *entries)
{
    enum quant_status status = QUANT_OK;
    DIR *directory = opendir(level->path);
    if (!directory)
        return quant_error_system(listing->error, errno, "cannot read '%s'", level->path);
    errno = 0;
    for (struct dirent *found = readdir(directory); found && status == QUANT_OK;
         found = readdir(directory)) {
        if (found->d_name[0] != '.')
            status = add_entry(listing, level, found->d_name, entries);
        errno = 0;
    }
    if (status == QUANT_OK && errno != 0)
        status = quant_error_system(listing->error, errno, "cannot read '%s'", level->path);
    closedir(directory);
    if (status == QUANT_OK && entries->n > 0)
        qsort(entries->items, entries->n, sizeof(struct entry), compare_names);
    return status;
}

static enum quant_status add_file(struct listing *listing, const struct level *level,
                                  const struct entry *entry, size_t checkpoint, bool *is_taken)
{
    const struct quant_directory_job *job = listing->job;
    bool is_quantized = false;
    enum quant_status status = QUANT_OK;
    if (job->finds == QUANT_FINDS_QUANTIZED)
        status = quant_has_any_sidecar(entry->path, &job->cancel, &is_quantized, listing->error);
    else if (job->finds == QUANT_FINDS_FLOATS)
        status = quant_is_own_output(entry->path, entry->nbytes, &job->cancel, &is_quantized,
                                     listing->error);
    *is_taken =
        job->finds == QUANT_FINDS_ALL || is_quantized == (job->finds == QUANT_FINDS_QUANTIZED);
    listing->nleft_out += !*is_taken;
    if (status != QUANT_OK || !*is_taken)
        return status;
    const struct quant_directory_file file = {
        entry->path, quant_arena_join(listing->arena, level->relative, entry->name), checkpoint};
    return file.relative && add(&listing->files, &file, sizeof file) ? QUANT_OK
                                                                     : no_memory(listing);
}

static enum quant_status add_files(struct listing *listing, const struct level *level,
                                   const struct entry *entries, size_t n)
{
    enum quant_status status = QUANT_OK;
    bool is_taken;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        if (!entries[i].is_directory && quant_is_tensor_name(entries[i].name))
            status = add_file(listing, level, &entries[i], QUANT_NO_CHECKPOINT, &is_taken);
    return status;
}

/* ---- Checkpoints ---- */

struct parts {
    const char *unfinished; /* a shard that is not of the kind looked for; NULL: none */
    struct list shards;
    struct list others;
    struct list left_out;
};

/* The index of the weights; those of variants, with longer names, are left out. */
static enum quant_status keep_index(struct listing *listing, const char *name, struct parts *parts,
                                    struct quant_checkpoint *checkpoint)
{
    const char *longer = name;
    if (!checkpoint->index || strlen(name) < strlen(checkpoint->index)) {
        longer = checkpoint->index;
        checkpoint->index = name;
    }
    return !longer || add(&parts->left_out, &longer, sizeof longer) ? QUANT_OK : no_memory(listing);
}

/* An index of weights that are left out: "pytorch_model.bin.index.json". */
static bool is_other_index(const char *name)
{
    static const char end[] = ".index.json";
    char stem[NAME_MAX + 1];
    const size_t length = strlen(name);
    if (!quant_name_ends(name, end) || length >= sizeof stem)
        return false;
    memcpy(stem, name, length - strlen(end));
    stem[length - strlen(end)] = '\0';
    return quant_is_weights_name(stem);
}

static enum quant_status sort_out(struct listing *listing, const struct level *level,
                                  const struct entry *entry, struct parts *parts,
                                  struct quant_checkpoint *checkpoint)
{
    struct list *list = &parts->others;
    bool is_taken = true;
    enum quant_status status = QUANT_OK;
    if (quant_is_shard_name(entry->name)) {
        status = add_file(listing, level, entry, listing->checkpoints.n, &is_taken);
        list = &parts->shards;
    } else if (quant_is_weights_name(entry->name)) {
        list = &parts->left_out;
    } else if (strcmp(entry->name, "config.json") == 0) {
        checkpoint->has_config = true;
        return QUANT_OK;
    } else if (quant_name_ends(entry->name, ".safetensors.index.json")) {
        return keep_index(listing, entry->name, parts, checkpoint);
    } else if (quant_is_beside_tensors(entry->path) || is_other_index(entry->name)) {
        return QUANT_OK;
    }
    if (status != QUANT_OK)
        return status;
    if (!is_taken) {
        parts->unfinished = entry->path;
        return QUANT_OK;
    }
    return add(list, &entry->name, sizeof entry->name) ? QUANT_OK : no_memory(listing);
}

static enum quant_status add_checkpoint(struct listing *listing, const struct level *level,
                                        const struct entry *entries, size_t n)
{
    struct parts parts = {.unfinished = NULL};
    struct quant_checkpoint checkpoint = {.path = level->path, .relative = level->relative};
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        if (!entries[i].is_directory)
            status = sort_out(listing, level, &entries[i], &parts, &checkpoint);
    checkpoint.nshards = parts.shards.n;
    checkpoint.nothers = parts.others.n;
    checkpoint.nleft_out = parts.left_out.n;
    checkpoint.shards = keep(listing, &parts.shards, sizeof(char *));
    checkpoint.others = keep(listing, &parts.others, sizeof(char *));
    checkpoint.left_out = keep(listing, &parts.left_out, sizeof(char *));
    free(parts.shards.items);
    free(parts.others.items);
    free(parts.left_out.items);
    if (status != QUANT_OK || checkpoint.nshards == 0)
        return status;
    if (parts.unfinished && listing->job->finds == QUANT_FINDS_QUANTIZED)
        return quant_error_set(
            listing->error, QUANT_CORRUPT,
            "'%s' has no sidecar, as other shards beside it have: the checkpoint "
            "is unfinished; run 'quant quantize --resume'",
            parts.unfinished);
    return checkpoint.shards && checkpoint.others && checkpoint.left_out &&
                   add(&listing->checkpoints, &checkpoint, sizeof checkpoint)
               ? QUANT_OK
               : no_memory(listing);
}

/* ---- Directories ---- */

static bool has_shards(const struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!entries[i].is_directory && quant_is_shard_name(entries[i].name))
            return true;
    return false;
}

/* A link can lead back up. */
static bool is_above(const struct level *level, const struct entry *entry)
{
    for (; level; level = level->above)
        if (level->device == entry->device && level->inode == entry->inode)
            return true;
    return false;
}

static bool is_output(const struct listing *listing, const struct entry *entry)
{
    return listing->has_output && listing->output.st_dev == entry->device &&
           listing->output.st_ino == entry->inode;
}

static enum quant_status list_level(struct listing *listing, const struct level *level);

static enum quant_status descend(struct listing *listing, const struct level *level,
                                 const struct entry *entry)
{
    const char *name = quant_arena_join(listing->arena, entry->name, "/");
    const char *relative = name ? quant_arena_join(listing->arena, level->relative, name) : NULL;
    const struct level below = {level, entry->device, entry->inode, entry->path, relative};
    return relative ? list_level(listing, &below) : no_memory(listing);
}

static enum quant_status list_level(struct listing *listing, const struct level *level)
{
    struct list found = {NULL, 0, 0};
    if (quant_cancelled(&listing->job->cancel))
        return quant_error_set(listing->error, QUANT_CANCELLED, "cancelled");
    enum quant_status status = read_entries(listing, level, &found);
    const struct entry *entries = found.items;
    if (status == QUANT_OK)
        status = has_shards(entries, found.n) ? add_checkpoint(listing, level, entries, found.n)
                                              : add_files(listing, level, entries, found.n);
    for (size_t i = 0; status == QUANT_OK && listing->job->is_recursive && i < found.n; i++)
        if (entries[i].is_directory && !is_above(level, &entries[i]) &&
            !is_output(listing, &entries[i]))
            status = descend(listing, level, &entries[i]);
    free(found.items);
    return status;
}

/* ---- The call ---- */

static enum quant_status list_all(struct listing *listing)
{
    struct stat found;
    const struct quant_directory_job *job = listing->job;
    if (!job->path)
        return quant_error_set(listing->error, QUANT_INVALID, "a path is needed");
    if (stat(job->path, &found) != 0)
        return quant_error_system(listing->error, errno, "cannot read '%s'", job->path);
    listing->has_output = job->output && stat(job->output, &listing->output) == 0;
    const struct level top = {NULL, found.st_dev, found.st_ino, job->path, ""};
    return list_level(listing, &top);
}

enum quant_status quant_directory_list(const struct quant_directory_job *job,
                                       struct quant_directory *directory, struct quant_error *error)
{
    struct quant_directory_job own;
    *directory = (struct quant_directory){.nfiles = 0};
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_directory_job", error);
    if (status != QUANT_OK)
        return status;
    struct listing listing = {
        .job = &own, .arena = calloc(1, sizeof *listing.arena), .error = error};
    if (!listing.arena)
        return no_memory(&listing);
    directory->memory = listing.arena;
    char *path = own.path ? quant_arena_join(listing.arena, own.path, "") : NULL;
    own.path = path;
    status = list_all(&listing);
    directory->nfiles = listing.files.n;
    directory->ncheckpoints = listing.checkpoints.n;
    directory->nleft_out = listing.nleft_out;
    directory->files = keep(&listing, &listing.files, sizeof(struct quant_directory_file));
    directory->checkpoints = keep(&listing, &listing.checkpoints, sizeof(struct quant_checkpoint));
    if (status == QUANT_OK && (!directory->files || !directory->checkpoints))
        status = no_memory(&listing);
    free(listing.files.items);
    free(listing.checkpoints.items);
    if (status != QUANT_OK)
        quant_directory_release(directory);
    return status;
}

void quant_directory_release(struct quant_directory *directory)
{
    if (directory->memory)
        quant_arena_release(directory->memory);
    free(directory->memory);
    *directory = (struct quant_directory){.nfiles = 0};
}
