/* SPDX-License-Identifier: MIT */
/*
 * The names that are tried, in the place that the file has in its own directory:
 *
 *     w.int8.npy    its own, as shards and the outputs of another run have it
 *     w.npy         the source that its sidecar names
 *     w.*           the only other one that has its name without extension and types
 *
 * The file itself, in a directory that is verified against itself, is taken last: it says nothing.
 * Files that are not listed, as JSON, are found by the first two.
 */
#include "engine/files/against_partner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/files/checkpoint_file.h"

struct search {
    struct quant_against_directory *directory;
    const struct quant_against_subject *subject;
    char *own;             /* owned: its path in the directory */
    char *source;          /* owned: that of the source; NULL: not known */
    char *key;             /* owned */
    const uint32_t *alike; /* nalike items have the key */
    size_t nalike;
    struct quant_error *error;
};

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The path of a name in the place that another has; the caller frees it. */
static char *in_place_of(const char *relative, const char *name)
{
    const size_t length = (size_t)(last_component(relative) - relative);
    char *path = malloc(length + strlen(name) + 1);
    if (path) {
        memcpy(path, relative, length);
        memcpy(path + length, name, strlen(name) + 1);
    }
    return path;
}

static enum quant_status begin(struct search *search)
{
    const struct quant_against_subject *subject = search->subject;
    const char *name = subject->name ? subject->name : last_component(subject->path);
    search->own = in_place_of(name, last_component(subject->path));
    if (search->own && subject->source)
        search->source = in_place_of(search->own, last_component(subject->source));
    search->key = search->own ? quant_against_key(search->own) : NULL;
    if (!search->key || (subject->source && !search->source))
        return quant_error_no_memory(search->error, strlen(name), "path");
    search->alike = quant_against_of_key(search->directory, search->key, &search->nalike);
    return QUANT_OK;
}

static void end(struct search *search)
{
    free(search->own);
    free(search->source);
    free(search->key);
}

/* ---- Files of the directory ---- */

/* *item: NULL: it is not listed. */
static enum quant_status find_item(const struct search *search, const char *relative,
                                   struct quant_against_item **item)
{
    struct quant_against_directory *directory = search->directory;
    size_t n = 0;
    char *key = quant_against_key(relative);
    *item = NULL;
    if (!key)
        return quant_error_no_memory(search->error, strlen(relative), "path");
    const uint32_t *indices = quant_against_of_key(directory, key, &n);
    for (size_t i = 0; i < n && !*item; i++)
        if (strcmp(directory->items[indices[i]].file->relative, relative) == 0)
            *item = &directory->items[indices[i]];
    free(key);
    return QUANT_OK;
}

static void mark(struct quant_against_item *item)
{
    if (item)
        atomic_store(&item->is_matched, true);
}

static bool is_same_file(const char *path, const char *other)
{
    struct stat one;
    struct stat two;
    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

/* *path: that of a regular file in the directory, which the caller frees; NULL: there is no such
 * file, or it is the subject itself. */
static enum quant_status look_for(const struct search *search, const char *relative, char **path)
{
    struct stat found;
    *path = quant_checkpoint_path(search->directory->job->against.path, relative);
    if (!*path)
        return quant_error_no_memory(search->error, strlen(relative), "path");
    if (stat(*path, &found) == 0 && S_ISREG(found.st_mode) &&
        !is_same_file(*path, search->subject->path))
        return QUANT_OK;
    free(*path);
    *path = NULL;
    return QUANT_OK;
}

static enum quant_status no_memory(const struct search *search)
{
    return quant_error_no_memory(search->error, strlen(search->own), "path");
}

/* The only file that has the key, besides the subject itself. */
static enum quant_status look_alike(const struct search *search,
                                    struct quant_against_partner *partner)
{
    struct quant_against_item *first = NULL;
    for (size_t i = 0; i < search->nalike; i++) {
        struct quant_against_item *item = &search->directory->items[search->alike[i]];
        if (is_same_file(item->file->path, search->subject->path))
            continue;
        if (first)
            return quant_error_set(
                search->error, QUANT_CORRUPT,
                "'%.300s': it may be of '%.300s' or of '%.300s'; '--against FILE' says which",
                search->subject->path, first->file->path, item->file->path);
        first = item;
    }
    if (!first)
        return QUANT_OK;
    partner->item = first;
    partner->path = strdup(first->file->path);
    return partner->path ? QUANT_OK : no_memory(search);
}

static enum quant_status look_by_names(const struct search *search,
                                       struct quant_against_partner *partner)
{
    const char *const names[] = {search->own, search->source};
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; i < 2 && status == QUANT_OK && !partner->path; i++) {
        if (names[i])
            status = look_for(search, names[i], &partner->path);
        if (partner->path)
            status = find_item(search, names[i], &partner->item);
    }
    return status;
}

static enum quant_status look_at_itself(const struct search *search,
                                        struct quant_against_partner *partner)
{
    const enum quant_status status = find_item(search, search->own, &partner->item);
    if (status != QUANT_OK || !partner->item)
        return status;
    partner->path = strdup(partner->item->file->path);
    return partner->path ? QUANT_OK : no_memory(search);
}

/* ---- The checkpoint ---- */

static struct quant_against_checkpoint *find_checkpoint(const struct search *search)
{
    const struct quant_directory *listing = &search->directory->listing;
    const size_t length = (size_t)(last_component(search->own) - search->own);
    for (size_t i = 0; i < listing->ncheckpoints; i++) {
        const char *relative = listing->checkpoints[i].relative;
        if (strlen(relative) == length && memcmp(relative, search->own, length) == 0)
            return &search->directory->checkpoints[i];
    }
    return NULL;
}

/* ---- All of it ---- */

static enum quant_status find(const struct search *search, struct quant_against_partner *partner)
{
    enum quant_status status = look_by_names(search, partner);
    if (search->subject->is_container && (!partner->path || partner->item))
        partner->checkpoint = find_checkpoint(search);
    if (status == QUANT_OK && !partner->path && !partner->checkpoint)
        status = look_alike(search, partner);
    if (status == QUANT_OK && !partner->path)
        status = look_at_itself(search, partner);
    if (status != QUANT_OK || partner->path || partner->checkpoint)
        return status;
    return quant_error_set(search->error, QUANT_CORRUPT,
                           "'%.400s': nothing in '%.400s' is its original or another version of "
                           "it: there is no '%.200s'",
                           search->subject->path, search->directory->job->against.path,
                           search->source ? search->source : search->own);
}

enum quant_status quant_against_partner_find(struct quant_against_directory *directory,
                                             const struct quant_against_subject *subject,
                                             struct quant_against_partner *partner,
                                             struct quant_error *error)
{
    struct search search = {.directory = directory, .subject = subject, .error = error};
    *partner = (struct quant_against_partner){.path = NULL};
    enum quant_status status = begin(&search);
    if (status == QUANT_OK)
        status = find(&search, partner);
    struct quant_against_item *source = NULL;
    if (status == QUANT_OK && search.source)
        status = find_item(&search, search.source, &source);
    mark(status == QUANT_OK ? partner->item : NULL);
    mark(source);
    end(&search);
    return status;
}

void quant_against_partner_excuse(struct quant_against_directory *directory,
                                  const struct quant_against_subject *subject)
{
    struct search search = {.directory = directory, .subject = subject};
    const bool ok = begin(&search) == QUANT_OK;
    for (size_t i = 0; ok && i < search.nalike; i++)
        mark(&directory->items[search.alike[i]]);
    end(&search);
}

void quant_against_partner_release(struct quant_against_partner *partner)
{
    free(partner->path);
    *partner = (struct quant_against_partner){.path = NULL};
}
