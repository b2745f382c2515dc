/* SPDX-License-Identifier: MIT */
/*
 * What a directory has and none of the files of the job: files of one tensor, shards, tensors.
 *
 * Not missing are the files of the job themselves, where their directory is in this one; what is in
 * the directory besides a file that has been matched, as its original or its restored floats; and
 * the scales of a tensor, which another quantization may do without.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/against_directory.h"
#include "engine/files/directory_names.h"
#include "engine/files/scale_names.h"
#include "io/file_identity.h"
#include "io/sidecar_names.h"

/* So many tensors of one shard are reported each by itself; the rest is counted. */
enum { NAMED_MOST = 8 };

struct missing {
    const struct quant_against_directory *directory;
    struct quant_identity *files; /* owned: the nfiles of the job */
    size_t nfiles;
    enum quant_status status; /* of the first */
    struct quant_error *error;
};

/* QUANT_CANCELLED: the caller does not want to go on. */
static enum quant_status report(struct missing *missing, const char *path, const char *tensor,
                                size_t n, const struct quant_error *error)
{
    const struct quant_verify_job *job = missing->directory->job;
    const struct quant_missing shown = {path, tensor, n, error};
    if (missing->status == QUANT_OK) {
        missing->status = error->status;
        if (missing->error)
            *missing->error = *error;
    }
    return !job->on_missing || job->on_missing(job->missing_context, &shown)
               ? QUANT_OK
               : quant_error_set(missing->error, QUANT_CANCELLED, "cancelled");
}

/* ---- The files of the job ---- */

static enum quant_status identify_files(struct missing *missing)
{
    const struct quant_verify_job *job = missing->directory->job;
    struct quant_identity_directory memo = {.path = NULL};
    missing->files = calloc(job->nfiles, sizeof *missing->files);
    if (!missing->files)
        return quant_error_no_memory(missing->error, job->nfiles * sizeof *missing->files, "files");
    for (size_t i = 0; i < job->nfiles; i++)
        missing->nfiles += job->files[i].path && quant_identify(job->files[i].path, false, i, &memo,
                                                                &missing->files[missing->nfiles]);
    quant_identities_sort(missing->files, missing->nfiles);
    return QUANT_OK;
}

static bool has_identity(const struct missing *missing, const char *path)
{
    struct quant_identity_directory memo = {.path = NULL};
    struct quant_identity wanted;
    if (!quant_identify(path, false, 0, &memo, &wanted))
        return false;
    size_t first = 0;
    for (size_t end = missing->nfiles; first < end;) {
        const size_t middle = first + (end - first) / 2;
        if (quant_identity_compare(&missing->files[middle], &wanted) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first < missing->nfiles && quant_identity_equal(&missing->files[first], &wanted);
}

/* A file of the job may be named by its sidecar. */
static bool is_of_job(const struct missing *missing, const char *path)
{
    char *sidecar = quant_sidecar_default(path);
    const bool is = has_identity(missing, path) || (sidecar && has_identity(missing, sidecar));
    free(sidecar);
    return is;
}

/* ---- Files of one tensor ---- */

static bool has_extension_of(const char *name, const char *other)
{
    const char *dot = strrchr(name, '.');
    const char *other_dot = strrchr(other, '.');
    return dot && other_dot && strcmp(dot, other_dot) == 0;
}

/* w.npy, if w.int8.npy has been matched; or the other way round. */
static enum quant_status is_accounted(const struct missing *missing,
                                      const struct quant_against_item *item, bool *is)
{
    const struct quant_against_directory *directory = missing->directory;
    const struct quant_cancel *cancel = &directory->job->control.cancel;
    const char *path = item->file->path;
    enum quant_status status = QUANT_OK;
    size_t n = 0;
    const uint32_t *alike = quant_against_of_key(directory, item->key, &n);
    *is = atomic_load(&item->is_matched) || is_of_job(missing, path);
    for (size_t i = 0; status == QUANT_OK && i < n && !*is; i++) {
        const struct quant_against_item *other = &directory->items[alike[i]];
        if (!atomic_load(&other->is_matched))
            continue;
        *is = has_extension_of(other->file->path, path);
        if (!*is)
            status = quant_has_any_sidecar(path, cancel, is, missing->error);
        if (status != QUANT_OK && !quant_is_fatal(status))
            status = QUANT_OK; /* a sidecar that cannot be read accounts for nothing */
    }
    return status;
}

static enum quant_status report_file(struct missing *missing, const struct quant_against_item *item)
{
    struct quant_error error;
    bool is_fine = false;
    const enum quant_status status = is_accounted(missing, item, &is_fine);
    if (status != QUANT_OK || is_fine)
        return status;
    quant_error_set(&error, QUANT_CORRUPT, "'%.800s': no file was made from it", item->file->path);
    return report(missing, item->file->path, NULL, 1, &error);
}

/* ---- Checkpoints ---- */

/* What is known of a shard; the last is of those that are not there. */
struct count {
    size_t n; /* tensors that should have been seen */
    size_t nmissing;
    size_t nnamed;
    bool is_excused; /* a file of the job that may have them cannot be read, or is the shard */
};

struct checkpoint {
    struct missing *missing;
    const struct quant_against_checkpoint *own;
    struct count *counts; /* owned: one for each shard, and one more */
};

static struct count *count_of(const struct checkpoint *run, const struct quant_against_name *name)
{
    const size_t nshards = run->own->listed->nshards;
    return &run->counts[name->shard == QUANT_AGAINST_LOST ? nshards : name->shard];
}

static bool has_name(const void *context, const char *name)
{
    size_t n = 0;
    (void)quant_against_names_of(context, name, &n);
    return n > 0;
}

static enum quant_status count_names(const struct checkpoint *run)
{
    const struct quant_selection *selection = &run->missing->directory->job->selection;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < run->own->n; i++) {
        struct quant_against_name *name = &run->own->names[i];
        bool is_fine = !quant_selection_has(selection, name->tensor);
        if (!is_fine)
            status = quant_is_scale_name(name->tensor, has_name, run->own, &is_fine,
                                         run->missing->error);
        count_of(run, name)->n += !is_fine;
        count_of(run, name)->nmissing += !is_fine && !atomic_load(&name->is_seen);
        if (is_fine)
            atomic_store(&name->is_seen, true);
    }
    return status;
}

static const char *path_of(const struct checkpoint *run, uint32_t shard)
{
    return shard == QUANT_AGAINST_LOST
               ? run->own->listed->path
               : run->missing->directory->items[run->own->first + shard].file->path;
}

/* Shards of which nothing has been seen. */
static enum quant_status report_shards(const struct checkpoint *run)
{
    const struct quant_against_directory *directory = run->missing->directory;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < run->own->listed->nshards; i++) {
        const struct quant_against_item *item = &directory->items[run->own->first + i];
        struct count *count = &run->counts[i];
        struct quant_error error;
        const bool is_unnamed = run->own->listed->index && !run->own->is_named[i] &&
                                !quant_selection_is_given(&directory->job->selection);
        count->is_excused = is_of_job(run->missing, item->file->path) ||
                            (atomic_load(&item->is_matched) && !atomic_load(&item->is_read));
        if (count->is_excused || atomic_load(&item->is_matched) ||
            (count->nmissing == 0 ? !is_unnamed : count->nmissing < count->n))
            continue;
        count->is_excused = true;
        quant_error_set(&error, QUANT_CORRUPT, "'%.800s': no file %s", item->file->path,
                        is_unnamed ? "was made from it" : "has one of its tensors");
        status = report(run->missing, item->file->path, NULL, 1, &error);
    }
    return status;
}

static enum quant_status report_name(const struct checkpoint *run,
                                     const struct quant_against_name *name)
{
    const char *path = path_of(run, name->shard);
    struct count *count = count_of(run, name);
    struct quant_error error;
    if (count->is_excused || count->nnamed > NAMED_MOST)
        return QUANT_OK;
    const bool is_rest = count->nnamed++ == NAMED_MOST && count->nmissing > NAMED_MOST + 1;
    const size_t n = is_rest ? count->nmissing - NAMED_MOST : 1;
    if (is_rest)
        quant_error_set(&error, QUANT_CORRUPT, "'%.600s': no file has %zu more of its tensors",
                        path, n);
    else
        quant_error_set(&error, QUANT_CORRUPT,
                        "'%.600s: %.200s': no file has a tensor of that name", path, name->tensor);
    return report(run->missing, path, is_rest ? NULL : name->tensor, n, &error);
}

static enum quant_status report_checkpoint(struct missing *missing,
                                           const struct quant_against_checkpoint *checkpoint)
{
    struct checkpoint run = {.missing = missing, .own = checkpoint};
    run.counts = calloc(checkpoint->listed->nshards + 1, sizeof *run.counts);
    if (!run.counts)
        return quant_error_no_memory(missing->error, checkpoint->listed->nshards, "names");
    enum quant_status status = count_names(&run);
    if (status == QUANT_OK)
        status = report_shards(&run);
    for (size_t i = 0; status == QUANT_OK && i < checkpoint->n; i++)
        if (!atomic_load(&checkpoint->names[i].is_seen))
            status = report_name(&run, &checkpoint->names[i]);
    free(run.counts);
    return status;
}

/* ---- All of it ---- */

static enum quant_status report_all(struct missing *missing)
{
    const struct quant_against_directory *directory = missing->directory;
    const struct quant_directory *listing = &directory->listing;
    const bool has_selection = quant_selection_is_given(&directory->job->selection);
    enum quant_status status = identify_files(missing);
    for (size_t i = 0; status == QUANT_OK && i < listing->nerrors; i++)
        status = report(missing, directory->job->against.path, NULL, 1, &listing->errors[i]);
    for (size_t i = 0; status == QUANT_OK && i < listing->ncheckpoints; i++)
        status = report_checkpoint(missing, &directory->checkpoints[i]);
    for (size_t i = 0; status == QUANT_OK && !has_selection && i < listing->nfiles; i++)
        if (listing->files[i].checkpoint == QUANT_NO_CHECKPOINT)
            status = report_file(missing, &directory->items[i]);
    return status;
}

enum quant_status quant_against_report_missing(const struct quant_against_directory *directory,
                                               struct quant_error *error)
{
    struct missing missing = {.directory = directory, .status = QUANT_OK, .error = error};
    const enum quant_status status =
        directory->job->against_ways & QUANT_AGAINST_WHOLE ? report_all(&missing) : QUANT_OK;
    free(missing.files);
    return status == QUANT_OK ? missing.status : status;
}
