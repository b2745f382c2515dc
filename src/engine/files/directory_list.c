/* SPDX-License-Identifier: MIT */
/* Directory by directory, what is of the kind that is looked for: files and checkpoints. */
#include <errno.h>
#include <limits.h>
#include <quant/directory.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/float_environment.h"
#include "base/growing_list.h"
#include "engine/files/directory_entries.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_file.h"
#include "engine/files/stated_scales.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "io/cancel.h"

/* A directory on the way down. */
struct level {
    const char *path;     /* of the arena */
    const char *relative; /* "" or ending in a slash */
};

struct listing {
    const struct quant_directory_job *job;
    struct quant_arena *arena;
    struct quant_growing_list files;
    struct quant_growing_list checkpoints;
    struct quant_growing_list errors; /* of what is passed over */
    struct quant_growing_list seen;   /* struct quant_directory_place */
    size_t nleft_out;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct listing *listing)
{
    return quant_error_no_memory(listing->error, 4096, "directory");
}

/* ---- The files of one directory ---- */

/* Without a sidecar beside it, or beside what it was restored from, it is not quant's. */
static enum quant_status find_out(const struct listing *listing,
                                  const struct quant_directory_entries *entries,
                                  const struct quant_directory_entry *entry, bool *is_quantized)
{
    const struct quant_directory_job *job = listing->job;
    const bool restores = job->finds == QUANT_FINDS_RESTORABLE;
    const bool is_floats = job->finds == QUANT_FINDS_FLOATS;
    bool may_be =
        job->finds != QUANT_FINDS_ALL && quant_directory_entries_have_sidecar(entries, entry->name);
    enum quant_status status = QUANT_OK;
    *is_quantized = false;
    if (may_be && !is_floats)
        status = quant_has_any_sidecar(entry->path, &job->cancel, is_quantized, listing->error);
    if (is_floats) {
        char *integers = may_be ? NULL : quant_integers_name(entry->name);
        may_be = may_be || (integers && quant_directory_entries_have_sidecar(entries, integers));
        free(integers);
        if (may_be)
            status = quant_is_own_output(entry->path, &job->cancel, is_quantized, listing->error);
    }
    if (status == QUANT_OK && !*is_quantized && (restores || is_floats))
        status = quant_holds_blocks(entry->path, &job->cancel, is_quantized, listing->error);
    if (status == QUANT_OK && !*is_quantized && restores)
        status =
            quant_layout_file_is(entry->path, &job->cancel, is_quantized, NULL, listing->error);
    return status;
}

static enum quant_status add_file(struct listing *listing, const struct level *level,
                                  const struct quant_directory_entries *entries,
                                  const struct quant_directory_entry *entry, size_t checkpoint,
                                  bool *is_taken)
{
    const struct quant_directory_job *job = listing->job;
    const bool wants_quantized =
        job->finds == QUANT_FINDS_QUANTIZED || job->finds == QUANT_FINDS_RESTORABLE;
    bool is_quantized;
    const enum quant_status status = find_out(listing, entries, entry, &is_quantized);
    *is_taken = job->finds == QUANT_FINDS_ALL || is_quantized == wants_quantized;
    listing->nleft_out += !*is_taken;
    if (status != QUANT_OK || !*is_taken)
        return status;
    const struct quant_directory_file file = {
        entry->path, quant_arena_join(listing->arena, level->relative, entry->name), checkpoint};
    return file.relative && quant_growing_list_add(&listing->files, &file, sizeof file)
               ? QUANT_OK
               : no_memory(listing);
}

static enum quant_status add_files(struct listing *listing, const struct level *level,
                                   const struct quant_directory_entries *entries)
{
    enum quant_status status = QUANT_OK;
    bool is_taken;
    for (size_t i = 0; status == QUANT_OK && i < entries->n; i++) {
        const struct quant_directory_entry *entry = &entries->items[i];
        if (!entry->is_directory && quant_is_tensor_name(entry->name) &&
            !quant_is_shard_name(entry->name))
            status = add_file(listing, level, entries, entry, QUANT_NO_CHECKPOINT, &is_taken);
    }
    return status;
}

/* ---- Checkpoints ---- */

struct parts {
    const char *unfinished; /* a shard that is not of the kind looked for; NULL: none */
    struct quant_growing_list shards;
    struct quant_growing_list others;
    struct quant_growing_list left_out;
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
    return !longer || quant_growing_list_add(&parts->left_out, &longer, sizeof longer)
               ? QUANT_OK
               : no_memory(listing);
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
                                  const struct quant_directory_entries *entries,
                                  const struct quant_directory_entry *entry, struct parts *parts,
                                  struct quant_checkpoint *checkpoint)
{
    struct quant_growing_list *list = &parts->others;
    bool is_taken = true;
    enum quant_status status = QUANT_OK;
    if (quant_is_shard_name(entry->name)) {
        status = add_file(listing, level, entries, entry, listing->checkpoints.n, &is_taken);
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
    return quant_growing_list_add(list, &entry->name, sizeof entry->name) ? QUANT_OK
                                                                          : no_memory(listing);
}

static enum quant_status add_checkpoint(struct listing *listing, const struct level *level,
                                        const struct quant_directory_entries *entries)
{
    struct parts parts = {.unfinished = NULL};
    struct quant_checkpoint checkpoint = {.path = level->path, .relative = level->relative};
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < entries->n; i++)
        if (!entries->items[i].is_directory)
            status = sort_out(listing, level, entries, &entries->items[i], &parts, &checkpoint);
    checkpoint.nshards = parts.shards.n;
    checkpoint.nothers = parts.others.n;
    checkpoint.nleft_out = parts.left_out.n;
    checkpoint.shards = quant_growing_list_keep(&parts.shards, sizeof(char *), listing->arena);
    checkpoint.others = quant_growing_list_keep(&parts.others, sizeof(char *), listing->arena);
    checkpoint.left_out = quant_growing_list_keep(&parts.left_out, sizeof(char *), listing->arena);
    free(parts.shards.items);
    free(parts.others.items);
    free(parts.left_out.items);
    if (status != QUANT_OK || checkpoint.nshards == 0)
        return status;
    const enum quant_directory_finds finds = listing->job->finds;
    if (parts.unfinished && (finds == QUANT_FINDS_QUANTIZED || finds == QUANT_FINDS_RESTORABLE))
        return quant_error_set(
            listing->error, QUANT_CORRUPT,
            "'%s' has no sidecar, as other shards beside it have: the checkpoint "
            "is unfinished; run 'quant quantize --resume'",
            parts.unfinished);
    return checkpoint.shards && checkpoint.others && checkpoint.left_out &&
                   quant_growing_list_add(&listing->checkpoints, &checkpoint, sizeof checkpoint)
               ? QUANT_OK
               : no_memory(listing);
}

/* ---- Directories ---- */

/* Links can lead to one directory on many ways, and back up. */
static bool is_seen(const struct listing *listing, const struct quant_directory_place *place)
{
    const struct quant_directory_place *seen = listing->seen.items;
    for (size_t i = 0; i < listing->seen.n; i++)
        if (seen[i].device == place->device && seen[i].inode == place->inode)
            return true;
    return false;
}

/* What cannot be read is an error of its own: the rest is listed. */
static enum quant_status pass_over(struct listing *listing, enum quant_status status)
{
    return quant_directory_pass_over(&listing->errors, status, listing->error);
}

static enum quant_status list_level(struct listing *listing, const struct level *level);

static enum quant_status descend(struct listing *listing, const struct level *level,
                                 const struct quant_directory_entry *entry)
{
    const char *name = quant_arena_join(listing->arena, entry->name, "/");
    const char *relative = name ? quant_arena_join(listing->arena, level->relative, name) : NULL;
    const struct level below = {entry->path, relative};
    if (!relative || !quant_growing_list_add(&listing->seen, &entry->place, sizeof entry->place))
        return no_memory(listing);
    return pass_over(listing, list_level(listing, &below));
}

static enum quant_status list_level(struct listing *listing, const struct level *level)
{
    struct quant_directory_entries entries;
    if (quant_cancelled(&listing->job->cancel))
        return quant_error_set(listing->error, QUANT_CANCELLED, "cancelled");
    enum quant_status status = quant_directory_entries_read(
        level->path, listing->arena, &listing->errors, &entries, listing->error);
    const size_t ncheckpoints = listing->checkpoints.n;
    if (status == QUANT_OK)
        status = add_checkpoint(listing, level, &entries);
    if (status == QUANT_OK && listing->checkpoints.n == ncheckpoints)
        status = add_files(listing, level, &entries);
    for (size_t i = 0; status == QUANT_OK && listing->job->is_recursive && i < entries.n; i++)
        if (entries.items[i].is_directory && !is_seen(listing, &entries.items[i].place))
            status = descend(listing, level, &entries.items[i]);
    free(entries.items);
    return status;
}

/* ---- The call ---- */

static enum quant_status list_all(struct listing *listing)
{
    struct stat found;
    const struct quant_directory_job *job = listing->job;
    const struct level top = {quant_arena_join(listing->arena, job->path, ""), ""};
    if (stat(job->path, &found) != 0)
        return quant_error_system(listing->error, errno, "cannot read '%s'", job->path);
    const struct quant_directory_place own = {found.st_dev, found.st_ino};
    bool ok = top.path && quant_growing_list_add(&listing->seen, &own, sizeof own);
    if (ok && job->output && stat(job->output, &found) == 0) {
        const struct quant_directory_place output = {found.st_dev, found.st_ino};
        ok = quant_growing_list_add(&listing->seen, &output, sizeof output);
    }
    return ok ? list_level(listing, &top) : no_memory(listing);
}

/* Moves what was found to the arena. */
static enum quant_status finish(const struct listing *listing, struct quant_directory *directory)
{
    struct quant_arena *arena = listing->arena;
    directory->nfiles = listing->files.n;
    directory->ncheckpoints = listing->checkpoints.n;
    directory->nerrors = listing->errors.n;
    directory->nleft_out = listing->nleft_out;
    directory->files =
        quant_growing_list_keep(&listing->files, sizeof(struct quant_directory_file), arena);
    directory->checkpoints =
        quant_growing_list_keep(&listing->checkpoints, sizeof(struct quant_checkpoint), arena);
    directory->errors =
        quant_growing_list_keep(&listing->errors, sizeof(struct quant_error), arena);
    return directory->files && directory->checkpoints && directory->errors ? QUANT_OK
                                                                           : no_memory(listing);
}

enum quant_status quant_directory_list(const struct quant_directory_job *job,
                                       struct quant_directory *directory, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_directory_job own;
    struct quant_error ignored; /* errors are kept, even if the caller wants none */
    enum quant_status status = quant_pointer_check(directory, "room for the list", error);
    if (status != QUANT_OK)
        return status;
    *directory = (struct quant_directory){.nfiles = 0};
    status = quant_job_copy(&own, sizeof own, job, "quant_directory_job", error);
    if (status != QUANT_OK)
        return status;
    if (!own.path)
        return quant_error_set(error, QUANT_INVALID, "a path is needed");
    if ((unsigned)own.finds > QUANT_FINDS_RESTORABLE)
        return quant_error_set(error, QUANT_INVALID, "unknown kind of files %d", (int)own.finds);
    struct listing listing = {
        .job = &own, .arena = calloc(1, sizeof *listing.arena), .error = error ? error : &ignored};
    if (!listing.arena)
        return no_memory(&listing);
    directory->memory = listing.arena;
    status = list_all(&listing);
    if (status == QUANT_OK)
        status = finish(&listing, directory);
    free(listing.files.items);
    free(listing.checkpoints.items);
    free(listing.errors.items);
    free(listing.seen.items);
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
