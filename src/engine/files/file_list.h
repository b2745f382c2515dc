/* SPDX-License-Identifier: MIT */
/*
 * The files of a job, one or many: which are worked on side by side, the order of what the caller
 * sees, and the error of the call. What is done with a file is the job's own.
 */
#ifndef QUANT_ENGINE_FILES_FILE_LIST_H
#define QUANT_ENGINE_FILES_FILE_LIST_H

#include <quant/dry_run.h>

#include "engine/work/pool.h"
#include "io/compare_sink.h"
#include "io/io.h"
#include "io/shared_directory.h"

/* What is known of a file besides its result. */
struct quant_file_outcome {
    bool is_complete;                  /* as in quant_file_result */
    bool is_unsized;                   /* the same */
    char *old_copy;                    /* the same; owned by the list */
    struct quant_file_preview preview; /* in a dry run */
};

/* Whether a job resumes, in either way. */
static inline bool quant_ways_resume(uint64_t ways)
{
    return ways & (QUANT_RESUME | QUANT_RESUME_FAST);
}

/* A file at work. */
struct quant_file_work {
    const struct quant_file *file;
    const struct quant_control *control; /* in place of the job's; threads is not used */
    struct quant_pool *pool;             /* the threads and buffers to use, at least one */
    void *result;                        /* result_nbytes of zeros */
    struct quant_file_outcome *outcome;  /* zeros */
    struct quant_shared_directory *input_directory;  /* of many files; NULL: nothing is known */
    struct quant_shared_directory *output_directory; /* the same */
    struct quant_compare_sink *compare; /* not NULL: instead of writing, compare with this */
};

/* After a commit: takes the name of an old file that is still there for the outcome, which has room
 * for one. output may be NULL. */
void quant_file_keep_old_copy(const struct quant_file_work *work, struct quant_file_output *output);

struct quant_file_list {
    const struct quant_file *files;
    size_t n;
    bool is_only; /* the file of a job without a list: its result is the caller's, and its only
                   * tensor is reported too */
    const struct quant_control *control;
    uint64_t ways; /* of enum quant_way */
    size_t result_nbytes;
    void *context;

    /* Does the job on one file, in any thread. */
    enum quant_status (*work)(void *context, const struct quant_file_work *work,
                              struct quant_error *error);

    /* Sets the member of *shown that results of this job belong to, if it is to be seen. */
    void (*show)(const void *result, enum quant_status status, struct quant_file_result *shown);
};

/* The files of a job, or only if it has no list. QUANT_INVALID: the list is NULL, or there is one
 * although tensor, that of the job's input, is given, or list->ways has bits that mean nothing. */
enum quant_status quant_file_list_begin(struct quant_file_list *list,
                                        const struct quant_file *files, size_t nfiles,
                                        const struct quant_file *only, const char *tensor,
                                        struct quant_error *error);

/* Removes the temporary files of killed runs beside the outputs; has_sidecars: sidecars are outputs
 * too. Does nothing in a dry run. */
void quant_file_list_clear(const struct quant_file_list *list, bool has_sidecars);

/* Works on all. result: of the only file. The status and error are those of the first file that
 * failed, or QUANT_CANCELLED. */
enum quant_status quant_file_list_run(const struct quant_file_list *list, void *result,
                                      struct quant_error *error);

#endif
