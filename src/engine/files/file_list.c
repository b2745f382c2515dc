/* SPDX-License-Identifier: MIT */
/* The files as items of a work list. */
#include "engine/files/file_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/files/file_directories.h"
#include "engine/work/job_check.h"
#include "engine/work/work_list.h"
#include "formats/format.h"
#include "io/cancel.h"
#include "io/io.h"
#include "io/leftovers.h"
#include "io/pending.h"
#include "io/sidecar_names.h"

/* What is kept of a file from its work until it is delivered. */
struct place {
    struct quant_pool *pool; /* owned: one thread, for small files; made when it is first needed */
    void *result;            /* owned */
    struct quant_file_outcome outcome;
    bool is_begun; /* false: an earlier failure ended the run */
    enum quant_status status;
    struct quant_error error;
};

struct size {
    uint64_t nelems; /* as if its bytes were floats; 0: not known */
    bool is_large;
};

struct list_run {
    const struct quant_file_list *list;
    struct size *sizes; /* owned: of each file */
    struct quant_file_directories directories;
    struct place *places; /* owned: nplaces of them */
    unsigned nplaces;
    pthread_mutex_t begin_mutex; /* for begin_file */
    atomic_bool is_over;         /* no other file is begun */
    enum quant_status status;    /* of the first file that failed */
    struct quant_error *error;   /* the same */
};

enum quant_status quant_file_list_begin(struct quant_file_list *list,
                                        const struct quant_file *files, size_t nfiles,
                                        const struct quant_file *only, const char *tensor,
                                        struct quant_error *error)
{
    list->is_only = nfiles == 0;
    list->files = list->is_only ? only : files;
    list->n = list->is_only ? 1 : nfiles;
    const enum quant_status status = quant_ways_check(list->ways, 2 * QUANT_SYNC - 1, error);
    if (status != QUANT_OK)
        return status;
    if (!list->files)
        return quant_error_set(error, QUANT_INVALID, "a list of %zu files is needed", nfiles);
    if (!list->is_only && tensor)
        return quant_error_set(error, QUANT_INVALID,
                               "one tensor is chosen by its name, but there is a list of files");
    return QUANT_OK;
}

/* Without memory for the names nothing is removed. */
void quant_file_list_clear(const struct quant_file_list *list, bool has_sidecars)
{
    enum { EACH = 3 };
    char **owned = calloc(2 * list->n, sizeof *owned);
    const char **paths = calloc(EACH * list->n, sizeof *paths);
    for (size_t i = 0; owned && paths && i < list->n; i++) {
        const struct quant_file *file = &list->files[i];
        paths[EACH * i] = file->output;
        if (!has_sidecars || !file->output)
            continue;
        owned[2 * i] = file->sidecar ? strdup(file->sidecar) : quant_sidecar_default(file->output);
        if (owned[2 * i])
            owned[2 * i + 1] = quant_file_scales_name(owned[2 * i]);
        paths[EACH * i + 1] = owned[2 * i];
        paths[EACH * i + 2] = owned[2 * i + 1];
        /* The second names of what another process is replacing have no lock of their own. */
        if (!owned[2 * i] || quant_pending_is_claimed(owned[2 * i]))
            paths[EACH * i] = paths[EACH * i + 1] = paths[EACH * i + 2] = NULL;
    }
    if (owned && paths && !(list->ways & QUANT_DRY_RUN))
        quant_leftovers_remove(paths, EACH * list->n);
    for (size_t i = 0; owned && i < 2 * list->n; i++)
        free(owned[i]);
    free(paths);
    free(owned);
}

void quant_file_keep_old_copy(const struct quant_file_work *work, struct quant_file_output *output)
{
    if (!output || !output->aside || work->outcome->old_copy)
        return;
    work->outcome->old_copy = output->aside;
    output->aside = NULL;
}

/* ---- One file ---- */

static enum quant_status do_job(const struct quant_file_list *list,
                                const struct quant_file_work *work, struct quant_error *error)
{
    const struct quant_error *reason = work->file->reason;
    if (!work->file->path)
        return quant_error_set(error, QUANT_INVALID, "an input path is needed");
    if (!reason)
        return list->work(list->context, work, error);
    if (error)
        *error = *reason;
    return reason->status != QUANT_OK ? reason->status : QUANT_INVALID;
}

/* QUANT_CANCELLED: the caller does not want to go on. */
static enum quant_status show(const struct quant_file_list *list, size_t i,
                              enum quant_status status, const struct quant_error *error,
                              const struct quant_file_work *work)
{
    struct quant_file_result shown = {.file = i,
                                      .status = status,
                                      .error = status == QUANT_OK ? NULL : error,
                                      .is_complete = work->outcome->is_complete,
                                      .is_unsized = work->outcome->is_unsized,
                                      .old_copy = work->outcome->old_copy};
    if (!list->control->on_file)
        return QUANT_OK;
    if (status == QUANT_OK && shown.is_complete)
        ; /* nothing was done */
    else if (!(list->ways & QUANT_DRY_RUN))
        list->show(work->result, status, &shown);
    else if (status == QUANT_OK)
        shown.preview = &work->outcome->preview;
    return list->control->on_file(list->control->context, &shown) ? QUANT_OK : QUANT_CANCELLED;
}

static enum quant_status run_only(const struct quant_file_list *list, void *result,
                                  struct quant_error *error)
{
    const struct quant_control *control = list->control;
    struct quant_error own;
    struct quant_file_outcome outcome = {.is_unsized = false};
    void *unseen = result ? NULL : calloc(1, list->result_nbytes); /* the caller wants no result */
    const struct quant_file_work work = {
        .file = list->files,
        .control = control,
        .pool = quant_pool_new(quant_chunk_workers(control->threads, UINT64_MAX)),
        .result = result ? result : unseen,
        .outcome = &outcome,
    };
    if (!work.pool || !work.result) {
        quant_pool_free(work.pool);
        free(unseen);
        return quant_error_no_memory(error, sizeof(struct quant_buffers), "buffers");
    }
    memset(work.result, 0, list->result_nbytes);
    if (control->begin_file)
        control->begin_file(control->context, 0);
    enum quant_status status = do_job(list, &work, &own);
    quant_pool_free(work.pool);
    if (show(list, 0, status, &own, &work) != QUANT_OK && status == QUANT_OK)
        status = quant_error_set(&own, QUANT_CANCELLED, "cancelled");
    free(outcome.old_copy);
    free(unseen);
    if (status != QUANT_OK && error)
        *error = own;
    return status;
}

/* ---- What the caller sees of a file in a list ---- */

struct view {
    struct list_run *run;
    const struct quant_work_item *item;
};

static bool relay_tensor(void *context, const struct quant_tensor_result *result)
{
    const struct view *view = context;
    const struct quant_control *control = view->run->list->control;
    struct quant_tensor_result own = *result;
    own.file = (size_t)view->item->i;
    if (result->ntensors == 0)
        return true;
    return quant_work_item_await_turn(view->item) && control->on_tensor(control->context, &own);
}

static void relay_progress(void *context, uint64_t done, uint64_t total)
{
    const struct view *view = context;
    view->item->progress->call(view->item->progress->context, done, total);
}

/* ---- The list ---- */

/* Text is read in order, by one thread, and so is what has no size. */
static struct size size_of(const struct quant_file *file)
{
    struct stat status;
    if (!file->path || strcmp(file->path, "-") == 0 || stat(file->path, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return (struct size){.nelems = 0};
    const struct quant_format *format = quant_format_from_path(file->path);
    const uint64_t nelems = (uint64_t)status.st_size / sizeof(float);
    return (struct size){nelems, nelems > QUANT_SMALL_ITEM && !(format && format->is_text)};
}

static uint64_t nelems(void *context, uint64_t i)
{
    const struct list_run *run = context;
    return run->sizes[i].nelems;
}

static bool is_large(void *context, uint64_t i)
{
    const struct list_run *run = context;
    return run->sizes[i].is_large;
}

static struct quant_pool *pool_of(struct place *place, const struct quant_work_item *item)
{
    if (item->pool)
        return item->pool;
    if (!place->pool)
        place->pool = quant_pool_new(1);
    return place->pool;
}

static void begin_file(struct list_run *run, uint64_t i)
{
    const struct quant_control *control = run->list->control;
    if (!control->begin_file)
        return;
    pthread_mutex_lock(&run->begin_mutex);
    control->begin_file(control->context, (size_t)i);
    pthread_mutex_unlock(&run->begin_mutex);
}

static void work(void *context, struct quant_work_item *item)
{
    struct list_run *run = context;
    const struct quant_file_list *list = run->list;
    struct place *place = &run->places[item->place];
    struct view view = {run, item};
    const struct quant_control control = {
        .cancel = list->control->cancel,
        .progress = item->progress->call ? relay_progress : NULL,
        .on_tensor = list->control->on_tensor ? relay_tensor : NULL,
        .context = &view,
    };
    const struct quant_file_work file = {
        .file = &list->files[item->i],
        .control = &control,
        .pool = pool_of(place, item),
        .result = place->result,
        .outcome = &place->outcome,
        .input_directory = quant_file_directories_input(&run->directories, (size_t)item->i),
        .output_directory = quant_file_directories_output(&run->directories, (size_t)item->i),
    };
    place->status = QUANT_OK;
    place->is_begun = !atomic_load(&run->is_over);
    if (!place->is_begun)
        return;
    begin_file(run, item->i);
    memset(place->result, 0, list->result_nbytes);
    free(place->outcome.old_copy);
    place->outcome = (struct quant_file_outcome){.is_unsized = false};
    place->status =
        file.pool ? do_job(list, &file, &place->error)
                  : quant_error_no_memory(&place->error, sizeof(struct quant_buffers), "buffers");
    if (place->status != QUANT_OK && list->ways & QUANT_FAIL_FAST)
        atomic_store(&run->is_over, true);
}

static bool deliver(void *context, unsigned number, uint64_t i)
{
    struct list_run *run = context;
    struct place *place = &run->places[number];
    const struct quant_cancel *cancel = &run->list->control->cancel;
    const struct quant_file_work work = {.result = place->result, .outcome = &place->outcome};
    if (place->status != QUANT_OK && run->status == QUANT_OK) {
        run->status = place->status;
        if (run->error)
            *run->error = place->error;
    }
    const enum quant_status wanted =
        place->is_begun ? show(run->list, (size_t)i, place->status, &place->error, &work)
                        : QUANT_OK;
    if (wanted == QUANT_OK && place->status != QUANT_CANCELLED && !quant_cancelled(cancel))
        return true;
    run->status = quant_error_set(run->error, QUANT_CANCELLED, "cancelled");
    return false;
}

static enum quant_status make_places(struct list_run *run, unsigned nplaces)
{
    run->places = calloc(nplaces, sizeof *run->places);
    run->nplaces = run->places ? nplaces : 0;
    bool ok = run->places != NULL;
    for (unsigned i = 0; ok && i < nplaces; i++) {
        run->places[i].result = malloc(run->list->result_nbytes);
        ok = run->places[i].result != NULL;
    }
    return ok ? QUANT_OK
              : quant_error_no_memory(run->error, nplaces * run->list->result_nbytes, "results");
}

static void release(struct list_run *run)
{
    for (unsigned i = 0; i < run->nplaces; i++) {
        quant_pool_free(run->places[i].pool);
        free(run->places[i].result);
        free(run->places[i].outcome.old_copy);
    }
    free(run->places);
    free(run->sizes);
    quant_file_directories_release(&run->directories);
    pthread_mutex_destroy(&run->begin_mutex);
}

static enum quant_status run_many(const struct quant_file_list *list, struct quant_error *error)
{
    const struct quant_control *control = list->control;
    struct quant_progress progress = {.call = control->progress, .context = control->context};
    struct list_run run = {.list = list,
                           .sizes = calloc(list->n, sizeof *run.sizes),
                           .begin_mutex = PTHREAD_MUTEX_INITIALIZER,
                           .error = error};
    const struct quant_work_list items = {
        .n = list->n,
        .pool = quant_pool_new(quant_chunk_workers(control->threads, UINT64_MAX)),
        .progress = &progress,
        .context = &run,
        .nelems = nelems,
        .is_large = is_large,
        .work = work,
        .deliver = deliver,
    };
    if (!run.sizes || !items.pool)
        run.status = quant_error_no_memory(error, list->n * sizeof *run.sizes, "files");
    for (size_t i = 0; run.status == QUANT_OK && i < list->n; i++)
        run.sizes[i] = size_of(&list->files[i]);
    quant_file_directories_init(&run.directories, list->files, list->n);
    if (run.status == QUANT_OK)
        run.status = make_places(&run, quant_work_list_places(&items));
    struct quant_path_memo memo; /* for a single thread; others have their own */
    quant_path_memo_begin(&memo);
    if (run.status == QUANT_OK)
        quant_work_list_run(&items);
    quant_path_memo_end(&memo);
    release(&run);
    quant_pool_free(items.pool);
    return run.status;
}

enum quant_status quant_file_list_run(const struct quant_file_list *list, void *result,
                                      struct quant_error *error)
{
    return list->is_only ? run_only(list, result, error) : run_many(list, error);
}
