/* SPDX-License-Identifier: MIT */
/*
 * Files and pipes as sources and sinks, and outputs that appear whole or not at all. "-" is a
 * standard stream.
 */
#ifndef QUANT_IO_IO_H
#define QUANT_IO_IO_H

#include <quant/file.h>
#include <stdatomic.h>

#include "base/sink.h"
#include "base/source.h"
#include "io/shared_directory.h"

/* ---- Inputs ---------------------------------------------------------------------------------- */

/* Opens a file, a device, a pipe or standard input. A regular file is read by position; reading it
 * fails with QUANT_TRUNCATED if it has become shorter since it was opened. Anything else is a
 * stream, and so is a file that is small and has more or less content than its size says, as those
 * of procfs and sysfs do. Until forward_only is called, a stream keeps the bytes that were read
 * from it, first in memory and then in an unlinked temporary file. path must outlive the source. */
enum quant_status quant_input_open(const char *path, const struct quant_cancel *cancel,
                                   struct quant_source **source, struct quant_error *error);

/* The same of a file that the user has not named: another file does, or it is beside one. A FIFO
 * would be waited for, and a device may act on being read, so it is an error if path is anything
 * but a regular file. */
enum quant_status quant_input_open_regular(const char *path, const struct quant_cancel *cancel,
                                           struct quant_source **source, struct quant_error *error);

/* Opens a stream: a source that reads fd, and closes it if owned. */
enum quant_status quant_stream_open(int fd, bool owned, const char *name,
                                    const struct quant_cancel *cancel, struct quant_source **source,
                                    struct quant_error *error);

/* So many bytes of a stream are kept in memory before the temporary file is made. */
enum { QUANT_SPOOL_MEMORY = 8 << 20 };

/* ---- Outputs --------------------------------------------------------------------------------- */

enum { QUANT_HELD_MOST = 256 };

/* All zeros: not opened. */
struct quant_file_output {
    struct quant_sink sink;
    char *path;        /* owned, NULL for standard output */
    char *temporary;   /* owned, the name of the temporary file; NULL: it has no name, it is a
                        * stream, or it is in place already */
    bool unnamed;      /* the file has no name yet */
    int second;        /* another descriptor of the file: without a name, closed before it gets
                        * one; with a temporary one, holds the lock to the end; -1: none */
    int fd;            /* -1: none */
    uint64_t expected; /* bytes in all, if they are many; else 0 */
    atomic_uint_fast64_t taken;          /* bytes that blocks have been allocated for */
    unsigned char held[QUANT_HELD_MOST]; /* the first bytes of a file, to be written together with
                                          * the next: a header */
    atomic_size_t nheld;                 /* 0: none, or they are written */
    size_t
        not_passed; /* bytes that were held, which the descriptor's position has not passed yet */
    bool is_begun;  /* something was written, or is held */
    bool force;
    bool syncs; /* set after opening: the commit waits for the disk, bytes before names */
    struct quant_cancel cancel;
    char *aside;   /* owned: the old file's name while a commit is under way; after it, that of one
                    * that cannot be removed; NULL: none */
    bool is_final; /* the old file could get no second name: what replaces it stays */
    bool placed;   /* put in place by the commit under way */
    bool is_spool; /* sink.name is the name of the input that is spooled */
};

/* Opens an output. If path is "-", a device or a FIFO, it is that stream. Else it is a file without
 * a name if the system can do that, and otherwise a temporary file in the same directory.
 * QUANT_EXISTS: there is a file already, and force is not set. */
enum quant_status quant_output_open(struct quant_file_output *output, const char *path, bool force,
                                    const struct quant_cancel *cancel, struct quant_error *error);

/* The same without force, after quant_path_is_free returned true: does not look whether there is a
 * file. directory is borrowed for the call. It may be another one than that of path; NULL: none. */
enum quant_status quant_output_open_free(struct quant_file_output *output, const char *path,
                                         struct quant_shared_directory *directory,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error);

/* What opening it would refuse, though nothing is created. A directory that does not exist is no
 * error. */
enum quant_status quant_output_check(const char *path, bool force, struct quant_error *error);

/* Whether bytes go directly to a stream, and cannot be taken back. */
bool quant_output_is_stream(const struct quant_file_output *output);

/* The same for a path, before it is opened. */
bool quant_path_is_stream(const char *path);

/* Whether it is a regular file, or leads to one. */
bool quant_path_is_regular(const char *path);

/* Whether nothing has this name, not even a broken link. false for "-". */
bool quant_path_is_free(const char *path);

/* What a commit has to know of what it replaces. */
struct quant_replacement {
    /* Finds out whether the old record describes the old outputs. Asked only if a killed process
     * has left a pending record. */
    enum quant_status (*stands)(void *context, bool *stands, struct quant_error *error);
    void *context;

    const char *companion; /* a file that an old record may name, and the outputs need not have;
                            * NULL: none */
    bool (*drops_companion)(void *context); /* whether the old record names it, and the new one does
                                             * not: then it is removed */
};

/* Makes n outputs visible together, with their record, such as a sidecar, which says that they are
 * complete. The outputs get their names in the given order, then the record does. What is replaced
 * with a record can be read at every instant, the old files or the new ones (pending.h), and two
 * that replace the same do it one after the other: QUANT_IO if the first does not end. If a step
 * fails, the old files are put back. That needs hard links, and cannot be done once the last name
 * has changed: the new files then stay, and the error says so if only syncing that name failed.
 * NULL is allowed for an output that does not exist, for the record, and for replacement if there
 * is no record or nothing is replaced. Nothing more may be written to them afterwards, and each is
 * to be discarded.
 *
 * Outputs that sync: all their bytes are on the disk before the first name changes, the names of
 * the outputs before that of the record, and that one when this returns. So a power cut leaves the
 * old files, or the new ones, or with a record what a killed process would leave (pending.h). */
enum quant_status quant_output_commit_n(struct quant_file_output *const outputs[], size_t n,
                                        struct quant_file_output *record,
                                        const struct quant_replacement *replacement,
                                        struct quant_error *error);

/* Removes an unfinished file, and frees what *output owns. May be called on zeros, and after a
 * commit. */
void quant_output_discard(struct quant_file_output *output);

/* ---- Spools ---------------------------------------------------------------------------------- */

/* Opens a temporary file without a name, which is written through spool->sink and then read by
 * position. name is that of the input whose data it holds, for messages; it must outlive both. */
enum quant_status quant_spool_begin(struct quant_file_output *spool, const char *name,
                                    const struct quant_cancel *cancel, struct quant_error *error);

/* Ends the writing: *source reads what was written. To give up before that, call
 * quant_output_discard. */
enum quant_status quant_spool_finish(struct quant_file_output *spool, struct quant_source **source,
                                     struct quant_error *error);

/* Opens a source of nbytes that reads what is written to the spool by position, while it is
 * written: a part may be read once it has been written. The caller closes both. */
enum quant_status quant_spool_share(struct quant_file_output *spool, uint64_t nbytes,
                                    struct quant_source **source, struct quant_error *error);

/* ---- Paths ----------------------------------------------------------------------------------- */

/* Between begin and end, this thread remembers where the last few directories are, instead of
 * asking the system each time. They must stay where they are meanwhile. */
enum { QUANT_PATH_MEMO = 4 };
struct quant_path_memo {
    char *directories[QUANT_PATH_MEMO]; /* owned, as they were asked for; NULL: not used yet */
    char *real[QUANT_PATH_MEMO];        /* owned, absolute, without links */
    size_t next;
};
void quant_path_memo_begin(struct quant_path_memo *own);
void quant_path_memo_end(struct quant_path_memo *own);

/* path relative to the directory of base (both as for open), as a sidecar has it. The caller frees
 * it. NULL, with *error: a directory cannot be resolved, or no memory. */
char *quant_path_relative(const char *path, const char *base, struct quant_error *error);

/* The path of relative in the directory of base; if relative is absolute, a copy of it. The caller
 * frees it. NULL: no memory. */
char *quant_path_beside(const char *relative, const char *base);

#endif
