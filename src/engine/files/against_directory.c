/* SPDX-License-Identifier: MIT */
/* Files are found by keys, so that w.int8.npy leads to w.npy in a directory of thousands. */
#include "engine/files/against_directory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

bool quant_against_is_directory(const struct quant_verify_job *job)
{
    struct stat found;
    return job->against.path && stat(job->against.path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* ---- Keys ---- */

/* The types in the names of outputs, "w.int8.npy" and "w.int8.f32.npy", are those of the library:
 * other words belong to the name. */
char *quant_against_key(const char *relative)
{
    char *key = strdup(relative);
    char *slash = key ? strrchr(key, '/') : NULL;
    char *name = slash ? slash + 1 : key;
    char *dot = key ? strrchr(name, '.') : NULL;
    bool is_type = true; /* the extension is cut off, whatever it is */
    while (dot && dot > name && is_type) {
        *dot = '\0';
        dot = strrchr(name, '.');
        is_type = dot && quant_dtype_from_name(dot + 1) != QUANT_DTYPE_NONE;
    }
    return key;
}

const uint32_t *quant_against_of_key(const struct quant_against_directory *directory,
                                     const char *key, size_t *n)
{
    size_t first = 0;
    for (size_t end = directory->listing.nfiles; first < end;) {
        const size_t middle = first + (end - first) / 2;
        if (strcmp(directory->items[directory->by_key[middle]].key, key) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    size_t last = first;
    while (last < directory->listing.nfiles &&
           strcmp(directory->items[directory->by_key[last]].key, key) == 0)
        last++;
    *n = last - first;
    return directory->by_key + first;
}

struct keyed {
    const char *key;
    uint32_t i;
};

static int compare_keys(const void *a, const void *b)
{
    const struct keyed *first = a;
    const struct keyed *second = b;
    const int order = strcmp(first->key, second->key);
    return order != 0 ? order : (first->i > second->i) - (first->i < second->i);
}

static enum quant_status no_memory(size_t n, struct quant_error *error)
{
    return quant_error_no_memory(error, n * sizeof(struct quant_against_item), "directory");
}

static enum quant_status sort_keys(struct quant_against_directory *directory,
                                   struct quant_error *error)
{
    const size_t n = directory->listing.nfiles;
    struct keyed *keyed = calloc(n + 1, sizeof *keyed);
    if (!keyed)
        return no_memory(n, error);
    for (size_t i = 0; i < n; i++)
        keyed[i] = (struct keyed){directory->items[i].key, (uint32_t)i};
    qsort(keyed, n, sizeof *keyed, compare_keys);
    for (size_t i = 0; i < n; i++)
        directory->by_key[i] = keyed[i].i;
    free(keyed);
    return QUANT_OK;
}

static enum quant_status make_items(struct quant_against_directory *directory,
                                    struct quant_error *error)
{
    const size_t n = directory->listing.nfiles;
    directory->items = calloc(n + 1, sizeof *directory->items); /* n may be 0 */
    directory->by_key = calloc(n + 1, sizeof *directory->by_key);
    if (!directory->items || !directory->by_key)
        return no_memory(n, error);
    for (size_t i = 0; i < n; i++) {
        struct quant_against_item *item = &directory->items[i];
        item->file = &directory->listing.files[i];
        char *key = quant_against_key(item->file->relative);
        item->key = key ? quant_arena_join(&directory->arena, key, "") : NULL;
        free(key);
        if (!item->key)
            return no_memory(n, error);
    }
    return sort_keys(directory, error);
}

/* ---- The directory ---- */

static enum quant_status read_checkpoints(struct quant_against_directory *directory,
                                          struct quant_error *error)
{
    const struct quant_directory *listing = &directory->listing;
    enum quant_status status = QUANT_OK;
    directory->checkpoints =
        calloc(listing->ncheckpoints + 1, sizeof *directory->checkpoints); /* the same */
    if (!directory->checkpoints)
        return no_memory(listing->ncheckpoints, error);
    for (size_t i = listing->nfiles; i-- > 0;)
        if (listing->files[i].checkpoint != QUANT_NO_CHECKPOINT)
            directory->checkpoints[listing->files[i].checkpoint].first = i;
    for (size_t i = 0; status == QUANT_OK && i < listing->ncheckpoints; i++) {
        directory->checkpoints[i].listed = &listing->checkpoints[i];
        status = quant_against_checkpoint_read(directory, &directory->checkpoints[i], error);
    }
    return status;
}

/* JSON is not listed, and may be what the only file is compared with. */
static bool needs_files(const struct quant_verify_job *job)
{
    return job->nfiles > 1 || job->against_ways & QUANT_AGAINST_WHOLE;
}

enum quant_status quant_against_directory_open(struct quant_against_directory *directory,
                                               const struct quant_verify_job *job,
                                               struct quant_error *error)
{
    const struct quant_directory_job listing = {
        .size = sizeof listing,
        .path = job->against.path,
        .is_recursive = job->against_ways & QUANT_AGAINST_RECURSIVE,
        .finds = QUANT_FINDS_ALL,
        .cancel = job->control.cancel,
    };
    *directory = (struct quant_against_directory){.job = job};
    enum quant_status status = quant_directory_list(&listing, &directory->listing, error);
    if (status == QUANT_OK && directory->listing.nfiles == 0 && needs_files(job))
        status = quant_error_set(
            error, QUANT_INVALID, "no tensor files in '%.400s'%s", job->against.path,
            listing.is_recursive ? "" : "; --recursive looks into its directories");
    if (status == QUANT_OK)
        status = make_items(directory, error);
    return status == QUANT_OK ? read_checkpoints(directory, error) : status;
}

void quant_against_directory_close(struct quant_against_directory *directory)
{
    for (size_t i = 0; directory->checkpoints && i < directory->listing.ncheckpoints; i++)
        free(directory->checkpoints[i].names);
    free(directory->checkpoints);
    free(directory->by_key);
    free(directory->items);
    quant_arena_release(&directory->arena);
    quant_directory_release(&directory->listing);
    *directory = (struct quant_against_directory){.job = NULL};
}
