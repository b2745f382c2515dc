/* SPDX-License-Identifier: MIT */
#include "engine/files/sidecar_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/quantized_container.h"
#include "engine/files/stored_digests.h"
#include "io/pending.h"
#include "io/sidecar_names.h"
#include "records/sidecar.h"

/* ---- Marks ---- */

static void look_at(const char *path, struct stat *found)
{
    if (lstat(path, found) != 0)
        memset(found, 0, sizeof *found);
}

static void look(const char *data, const struct quant_pair_mark *names,
                 struct quant_pair_mark *mark)
{
    look_at(names->sidecar_path, &mark->sidecar);
    look_at(names->pending_path, &mark->pending);
    if (mark->pending.st_ino != 0 && stat(data, &mark->data) != 0)
        memset(&mark->data, 0, sizeof mark->data);
}

enum quant_status quant_pair_mark(const char *data, const char *sidecar,
                                  struct quant_pair_mark *mark, struct quant_error *error)
{
    *mark = (struct quant_pair_mark){.sidecar_path = strdup(sidecar)};
    look_at(sidecar, &mark->sidecar);
    if (S_ISLNK(mark->sidecar.st_mode)) {
        char *target = realpath(sidecar, NULL);
        free(mark->sidecar_path);
        mark->sidecar_path = target ? target : strdup(sidecar);
    }
    if (mark->sidecar_path)
        mark->pending_path = quant_pending_name(mark->sidecar_path);
    if (!mark->pending_path)
        return quant_error_no_memory(error, strlen(sidecar), "path");
    look(data, mark, mark);
    return QUANT_OK;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool quant_pair_is_marked(const char *data, const struct quant_pair_mark *mark)
{
    struct quant_pair_mark now = {.sidecar_path = NULL};
    look(data, mark, &now);
    return is_same(&now.sidecar, &mark->sidecar) && is_same(&now.pending, &mark->pending) &&
           is_same(&now.data, &mark->data);
}

void quant_pair_mark_release(struct quant_pair_mark *mark)
{
    free(mark->sidecar_path);
    free(mark->pending_path);
    *mark = (struct quant_pair_mark){.sidecar_path = NULL};
}

/* ---- Which sidecar ---- */

/* A file of scales may still have its pending name, or get its own between two looks. */
static enum quant_status scales_fit(const struct quant_sidecar_groups *groups, const char *sidecar,
                                    const struct quant_cancel *cancel, bool *fits,
                                    struct quant_error *error)
{
    char *path = quant_path_beside(groups->path, sidecar);
    char *pending = path ? quant_pending_name(path) : NULL;
    const char *const names[] = {path, pending, path};
    enum quant_status status =
        pending ? QUANT_OK : quant_error_no_memory(error, strlen(groups->path), "path");
    *fits = false;
    for (size_t i = 0; status == QUANT_OK && !*fits && i < sizeof names / sizeof names[0]; i++)
        status = quant_file_has_digest(names[i], groups->bytes, groups->xxh3_64, false, cancel,
                                       fits, error);
    free(pending);
    free(path);
    return status;
}

static enum quant_status single_fits(struct quant_source *source, const char *data,
                                     const char *sidecar, const struct quant_cancel *cancel,
                                     bool *fits, struct quant_error *error)
{
    struct quant_sidecar read = {.has_groups = false};
    enum quant_status status = quant_sidecar_parse(source, &read, error);
    if (status == QUANT_OK)
        status = quant_file_has_digest(data, read.data_bytes, read.data_xxh3_64, false, cancel,
                                       fits, error);
    if (status == QUANT_OK && *fits && read.has_groups && read.groups.path)
        status = scales_fit(&read.groups, sidecar, cancel, fits, error);
    quant_sidecar_release(&read);
    return status;
}

static enum quant_status container_fits(struct quant_sidecar_reader *reader, const char *data,
                                        const char *sidecar, const struct quant_cancel *cancel,
                                        bool *fits, struct quant_error *error)
{
    struct quant_container_input input = {.source = NULL};
    struct quant_restored_tensors restored = {.tensors = NULL};
    enum quant_status status =
        quant_quantized_container_open(&input, data, reader, sidecar, cancel, error);
    if (status == QUANT_OK)
        status = quant_restored_tensors_read(&restored, reader, input.file, error);
    if (status == QUANT_OK)
        status = quant_tensors_have_digests(&restored, input.file, cancel, fits, error);
    quant_restored_tensors_release(&restored);
    quant_container_input_close(&input);
    return status;
}

enum quant_status quant_pair_fits(const char *data, const char *sidecar,
                                  const struct quant_cancel *cancel, bool *fits,
                                  struct quant_error *error)
{
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    *fits = false;
    enum quant_status status = quant_input_open_regular(sidecar, cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_sidecar_tensors_open(source, &reader, error);
    if (status == QUANT_OK)
        status = reader ? container_fits(reader, data, sidecar, cancel, fits, error)
                        : single_fits(source, data, sidecar, cancel, fits, error);
    *fits = *fits && status == QUANT_OK;
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    return quant_fatal_only(status);
}

enum quant_status quant_pair_find_pending(const char *data, const char *sidecar,
                                          const struct quant_cancel *cancel, char **pending,
                                          struct quant_error *error)
{
    char *name = quant_pending_name(sidecar);
    bool fits = false;
    *pending = NULL;
    if (!name)
        return quant_error_no_memory(error, strlen(sidecar), "path");
    enum quant_status status = QUANT_OK;
    if (quant_path_is_regular(name) && quant_path_is_regular(data)) {
        status = quant_pair_fits(data, sidecar, cancel, &fits, error);
        if (status == QUANT_OK && !fits) {
            status = quant_pair_fits(data, name, cancel, &fits, error);
            *pending = fits ? name : NULL;
        }
    }
    if (!*pending)
        free(name);
    return status;
}

/* ---- Replacing ---- */

/* A file that only has such a name is not removed. */
static enum quant_status check_pending(const struct quant_pair_replacement *replacement,
                                       struct quant_error *error)
{
    struct quant_source *source = NULL;
    bool is_sidecar = false;
    char *name = quant_pending_name(replacement->sidecar);
    if (!name)
        return quant_error_no_memory(error, strlen(replacement->sidecar), "path");
    enum quant_status status = quant_input_open_regular(name, &replacement->cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_sidecar_begins(source, &is_sidecar, error);
    if (status == QUANT_OK && !is_sidecar)
        status =
            quant_error_set(error, QUANT_EXISTS,
                            "'%s' is in the way: it is not a sidecar; move it elsewhere", name);
    quant_source_close(source);
    free(name);
    return status;
}

/* Unless the data is that of the pending sidecar, and not of the old one. */
static enum quant_status stands(void *context, bool *stands, struct quant_error *error)
{
    const struct quant_pair_replacement *replacement = context;
    char *pending = NULL;
    *stands = true;
    enum quant_status status = check_pending(replacement, error);
    if (status == QUANT_OK && !quant_path_is_stream(replacement->data))
        status = quant_pair_find_pending(replacement->data, replacement->sidecar,
                                         &replacement->cancel, &pending, error);
    *stands = !pending;
    free(pending);
    return status;
}

/* Whether the old sidecar names the file of scales, and the new one does not. */
static bool drops_scales(void *context)
{
    const struct quant_pair_replacement *replacement = context;
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    struct quant_sidecar old = {.has_groups = false};
    char *named = NULL;
    if (!replacement->has_scales && quant_path_is_regular(replacement->scales) &&
        quant_path_is_regular(replacement->sidecar) &&
        quant_input_open_regular(replacement->sidecar, &replacement->cancel, &source, NULL) ==
            QUANT_OK &&
        quant_sidecar_tensors_open(source, &reader, NULL) == QUANT_OK && !reader &&
        quant_sidecar_parse(source, &old, NULL) == QUANT_OK && old.has_groups && old.groups.path)
        named = quant_path_beside(old.groups.path, replacement->sidecar);
    const bool names = named && strcmp(named, replacement->scales) == 0;
    free(named);
    quant_sidecar_release(&old);
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    return names;
}

enum quant_status quant_pair_replacement_init(struct quant_pair_replacement *replacement,
                                              const char *data, const char *sidecar,
                                              bool has_scales, const struct quant_cancel *cancel,
                                              struct quant_error *error)
{
    *replacement = (struct quant_pair_replacement){.data = data,
                                                   .sidecar = sidecar,
                                                   .scales = quant_file_scales_name(sidecar),
                                                   .has_scales = has_scales,
                                                   .cancel = *cancel};
    if (!replacement->scales)
        return quant_error_no_memory(error, strlen(sidecar), "path");
    replacement->io = (struct quant_replacement){
        .stands = stands,
        .context = replacement,
        .companion = replacement->scales,
        .drops_companion = drops_scales,
    };
    return QUANT_OK;
}

void quant_pair_replacement_release(struct quant_pair_replacement *replacement)
{
    free(replacement->scales);
    *replacement = (struct quant_pair_replacement){.data = NULL};
}
