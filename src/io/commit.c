/* SPDX-License-Identifier: MIT */
/*
 * Several files become visible as one. The record, such as a sidecar, says that the others are
 * complete. Where nothing is there yet:
 *
 *     1  each new output gets its name
 *     2  the new record gets its name: the commit
 *
 * A crash before 2 leaves outputs without a record. Where something may be replaced:
 *
 *     1  the new record is named RECORD.pending, which is locked: pending.c
 *     2  the first output gets a temporary name, and each other one the name OUTPUT.pending
 *     3  each old output gets a second name            (a hard link, to undo what follows)
 *     4  each new output is renamed into place, replacing the old one in one step; an old one that
 *        has no successor gets a temporary name
 *     5  the new record is renamed into place: the commit
 *     6  the second names of 3 and 4 are removed
 *
 * Before the first of 4, the old record describes the old outputs. After it, the pending record
 * describes the new ones, of which some may still have their pending names. So at every instant
 * readers find a record that fits. If a step fails, the steps before it are undone.
 *
 * Unless outputs sync, nothing is synced to the disk, as with cp; after a power cut, the checksums
 * in the record show whether the outputs are whole. If they do, all bytes are synced before 1, and
 * the directories before each name on which the next step relies: before the first of 4, after each
 * of 4, and after 5.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "io/pending.h"
#include "io/sync.h"
#include "io/temporary.h"

static bool is_file(const struct quant_file_output *output)
{
    return output && (output->temporary || output->unnamed);
}

static bool replaces(const struct quant_file_output *output)
{
    return is_file(output) && output->force;
}

/* Writes what is held and closes the file, to know all write errors before anything changes. A file
 * without a name must stay open to get one, so a second descriptor of it is closed, which reports
 * the same errors. That one was made when the output was opened: running out of descriptors is an
 * error then, not now. */
static enum quant_status settle(struct quant_file_output *output, struct quant_error *error)
{
    enum quant_status status = output ? quant_output_flush(output, error) : QUANT_OK;
    if (status == QUANT_OK && is_file(output) && output->syncs)
        status = quant_sync_file(output->fd, output->sink.name, error);
    if (!output || status != QUANT_OK)
        return status;
    if (!output->unnamed)
        return quant_output_finish(output, error);
    const int second = output->second;
    output->second = -1;
    if (close(second) != 0 && errno != EINTR)
        return quant_error_system(error, errno, "cannot write '%s'", output->sink.name);
    return QUANT_OK;
}

static enum quant_status commit_failed(const struct quant_file_output *output,
                                       struct quant_error *error)
{
    if (errno == EEXIST)
        return quant_error_set(error, QUANT_EXISTS,
                               "'%s' was created by another process meanwhile, and is kept",
                               output->sink.name);
    return quant_error_system(error, errno, "cannot rename the finished '%s' into place",
                              output->sink.name);
}

/* ---- Names for what replaces something ---- */

/* A temporary name, or a pending one. */
static enum quant_status name_one(struct quant_file_output *output, bool is_pending,
                                  struct quant_error *error)
{
    if (!replaces(output) || (!is_pending && output->temporary))
        return QUANT_OK;
    char *name = is_pending ? quant_pending_name(output->path) : quant_temporary_name(output->path);
    if (!name)
        return quant_error_no_memory(error, strlen(output->path), "path");
    /* Under this lock, a run that looks for what killed runs have left keeps off. */
    if (output->fd >= 0)
        (void)flock(output->fd, LOCK_EX | LOCK_NB);
    if (is_pending) /* only whoever holds the pending record may have one, so it is left over */
        unlink(name);
    const enum quant_status status = quant_output_give_name(output, name, error);
    free(name);
    return status;
}

static enum quant_status name_all(struct quant_file_output *const outputs[], size_t n,
                                  bool has_record, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    bool is_first = true;
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        if (!replaces(outputs[i]))
            continue;
        status = name_one(outputs[i], has_record && !is_first, error);
        is_first = false;
    }
    return status;
}

static void forget_aside(struct quant_file_output *output)
{
    free(output->aside);
    output->aside = NULL;
}

/* Without hard links it gets no second name, and cannot be brought back. A single file does not
 * need one: nothing can fail once it is in place. */
static enum quant_status link_aside(struct quant_file_output *output, bool is_single,
                                    struct quant_error *error)
{
    struct stat old;
    if (!replaces(output) || lstat(output->path, &old) != 0 ||
        !S_ISREG(old.st_mode)) /* nothing to keep, or something that cannot be replaced */
        return QUANT_OK;
    output->is_final = is_single;
    if (is_single)
        return QUANT_OK;
    output->aside = quant_temporary_name(output->path);
    if (!output->aside)
        return quant_error_no_memory(error, strlen(output->path), "path");
    if (link(output->path, output->aside) != 0) {
        forget_aside(output);
        output->is_final = true;
    }
    return QUANT_OK;
}

/* ---- Into place ---- */

/* The names that are about to be relied on. */
static enum quant_status sync_pending(const struct quant_file_output *output,
                                      struct quant_error *error)
{
    return replaces(output) && output->syncs ? quant_sync_directory_of(output->path, error)
                                             : QUANT_OK;
}

static enum quant_status sync_placed(const struct quant_file_output *output,
                                     struct quant_error *error)
{
    return output && output->placed && output->syncs ? quant_sync_directory_of(output->path, error)
                                                     : QUANT_OK;
}

/* *done false: the system could not do it, and the file has a temporary name instead. */
static enum quant_status place_unnamed(struct quant_file_output *output, bool *done,
                                       struct quant_error *error)
{
    *done = quant_unnamed_link(output->fd, output->path) == 0;
    if (!*done)
        return errno == EEXIST ? commit_failed(output, error) : quant_output_name(output, error);
    output->unnamed = false;
    output->placed = true;
    output->second = output->fd; /* to know it again; settle has checked it */
    output->fd = -1;
    return QUANT_OK;
}

static enum quant_status place(struct quant_file_output *output, struct quant_error *error)
{
    if (!is_file(output))
        return QUANT_OK;
    bool done = false;
    const enum quant_status status =
        output->unnamed ? place_unnamed(output, &done, error) : QUANT_OK;
    if (status != QUANT_OK || done)
        return status;
    int result = -1;
    if (!output->force) {
        result = quant_rename_new(output->temporary, output->path);
        if (result != 0 && errno != EINVAL && errno != ENOSYS)
            return commit_failed(output, error);
    }
    if (result != 0)
        result = rename(output->temporary, output->path);
    if (result != 0)
        return commit_failed(output, error);
    output->placed = true;
    free(output->temporary);
    output->temporary = NULL;
    return QUANT_OK;
}

/* ---- The end ---- */

static void append_name(struct quant_error *error, const char *what, const char *name)
{
    quant_error_append(error, "; ");
    quant_error_append(error, what);
    quant_error_append(error, " '");
    quant_error_append(error, name);
    quant_error_append(error, "'");
}

/* The old file still has its name too. */
static void remove_second(const struct quant_file_output *output, struct quant_error *error)
{
    if (unlink(output->aside) != 0 && errno != ENOENT)
        append_name(error, "the old file is also", output->aside);
}

/* Where nothing was there before, nobody is kept from replacing the new file meanwhile. */
static bool is_still_own(const struct quant_file_output *output)
{
    struct stat own;
    struct stat found;
    return output->second < 0 || fstat(output->second, &own) != 0 ||
           (lstat(output->path, &found) == 0 && found.st_dev == own.st_dev &&
            found.st_ino == own.st_ino);
}

/* Returns false if the new file stays in the place of the old one. */
static bool undo(struct quant_file_output *output, struct quant_error *error)
{
    bool undone = true;
    if (output && output->aside && output->placed) {
        undone = rename(output->aside, output->path) == 0;
        if (!undone)
            append_name(error, "the old file is", output->aside);
    } else if (output && output->aside) {
        remove_second(output, error);
    } else if (output && output->placed && is_still_own(output)) {
        undone = unlink(output->path) == 0;
    }
    if (output)
        forget_aside(output);
    return undone;
}

/* The pending record describes what is there, under final and pending names. */
static void leave(struct quant_file_output *output)
{
    if (output)
        free(output->temporary);
    if (output)
        output->temporary = NULL;
}

/* The new file stays, and so does the old one, under its second name. */
static void keep_aside(struct quant_file_output *output, struct quant_error *error)
{
    if (output && output->aside && output->placed)
        append_name(error, "the old file is", output->aside);
    else if (output && output->aside)
        remove_second(output, error);
    if (output)
        forget_aside(output);
}

/* What has no second name cannot be brought back, and what came after it then stays too. */
static bool can_undo(struct quant_file_output *const outputs[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (outputs[i] && outputs[i]->placed && outputs[i]->is_final)
            return false;
    return true;
}

/* Last come, first gone: while data is the new one, its other files are those of the pending
 * record.
 */
static void undo_all(struct quant_file_output *const outputs[], size_t n,
                     struct quant_file_output *record, struct quant_error *error)
{
    bool undone = can_undo(outputs, n);
    for (size_t i = n; i > 0; i--) {
        if (undone)
            undone = undo(outputs[i - 1], error);
        else
            keep_aside(outputs[i - 1], error);
    }
    if (undone || !record || !record->temporary)
        return;
    append_name(error, "the record of the new one is", record->temporary);
    for (size_t i = 0; i < n; i++)
        leave(outputs[i]);
    leave(record);
}

/* If it cannot be removed, its name stays, for the caller. */
static void drop_aside(struct quant_file_output *output)
{
    if (output && output->aside && (unlink(output->aside) == 0 || errno == ENOENT))
        forget_aside(output);
}

/* ---- An old file without a successor ---- */

static bool drops_companion(const struct quant_file_output *record,
                            const struct quant_replacement *replacement)
{
    return replaces(record) && replacement && replacement->drops_companion &&
           replacement->drops_companion(replacement->context);
}

/* *aside is the caller's; NULL: the file is not there, or stays, which harms nobody. Called before
 * the record is in place: after that, another process may make it anew. */
static void move_companion(const char *companion, char **aside)
{
    *aside = quant_temporary_name(companion);
    if (*aside && rename(companion, *aside) != 0) {
        free(*aside);
        *aside = NULL;
    }
}

static void end_companion(const char *companion, char *aside, bool is_done)
{
    if (aside && is_done)
        unlink(aside);
    else if (aside)
        (void)!rename(aside, companion);
    free(aside);
}

/* ---- All of it ---- */

/* Too late to undo: readers may have the new files already. */
static enum quant_status sync_last(const struct quant_file_output *last, struct quant_error *error)
{
    const enum quant_status status = sync_placed(last, error);
    if (status != QUANT_OK)
        quant_error_append(error, "; the new files are in place, but a power cut may undo that");
    return status;
}

enum quant_status quant_output_commit_n(struct quant_file_output *const outputs[], size_t n,
                                        struct quant_file_output *record,
                                        const struct quant_replacement *replacement,
                                        struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    const bool has_record = is_file(record);
    const bool is_single = n == 1 && !has_record;
    bool drops = drops_companion(record, replacement);
    char *companion = NULL;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = settle(outputs[i], error);
    if (status == QUANT_OK)
        status = settle(record, error);
    if (status == QUANT_OK && replaces(record))
        status = quant_pending_claim(record, outputs, n, replacement, error);
    drops = drops || drops_companion(record, replacement); /* of one that was pending */
    if (status == QUANT_OK)
        status = name_all(outputs, n, has_record, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = link_aside(outputs[i], is_single, error);
    for (size_t i = 0; status == QUANT_OK && has_record && i < n; i++)
        status = sync_pending(outputs[i], error);
    if (status == QUANT_OK)
        status = sync_pending(record, error);
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        status = place(outputs[i], error);
        if (status == QUANT_OK)
            status = is_single && outputs[i] && outputs[i]->is_final
                         ? sync_last(outputs[i], error)
                         : sync_placed(outputs[i], error);
    }
    if (status == QUANT_OK && drops)
        move_companion(replacement->companion, &companion);
    if (status == QUANT_OK)
        status = place(record, error);
    if (companion)
        end_companion(replacement->companion, companion, status == QUANT_OK);
    if (status != QUANT_OK)
        undo_all(outputs, n, record, error);
    else
        status = sync_last(record, error);
    for (size_t i = 0; i < n; i++)
        drop_aside(outputs[i]);
    return status;
}
