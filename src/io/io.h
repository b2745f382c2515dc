/* SPDX-License-Identifier: MIT */
/*
 * Files and pipes behind the source and sink interfaces, and outputs that appear whole or not at
 * all. "-" is a standard stream.
 */
#ifndef QUANT_IO_IO_H
#define QUANT_IO_IO_H

#include <quant/file.h>
#include <stdatomic.h>

#include "base/sink.h"
#include "base/source.h"

/* ---- Inputs ---------------------------------------------------------------------------------- */

/* Opens a file, a device, a pipe or standard input. A regular file is read by position, and one
 * that is found shorter than it was when opened is QUANT_TRUNCATED. Anything else is a stream that
 * keeps what has passed, in memory and then in an unlinked temporary file, until forward_only.
 * path must outlive the source. */
enum quant_status quant_input_open(const char *path, const struct quant_cancel *cancel,
                                   struct quant_source **source, struct quant_error *error);

/* Streams only: a source over fd, which it closes if owned. */
enum quant_status quant_stream_open(int fd, bool owned, const char *name,
                                    const struct quant_cancel *cancel, struct quant_source **source,
                                    struct quant_error *error);

/* Bytes of a stream kept in memory before the temporary file is begun. */
enum { QUANT_SPOOL_MEMORY = 8 << 20 };

/* ---- Outputs --------------------------------------------------------------------------------- */

/* Begin it zeroed but for path; path NULL stands for an output that is not wanted. */
struct quant_file_output {
    struct quant_sink sink;
    char *path;        /* owned, NULL for standard output */
    char *temporary;   /* owned, the name of what is written now; NULL: it has none, it is a stream,
                        * or it is in place already */
    bool unnamed;      /* what is written now has no name yet */
    int second;        /* another descriptor of it, to be closed before it gets one; -1: none */
    int fd;            /* -1: none */
    uint64_t expected; /* bytes in all, where it is worth while to know */
    atomic_uint_fast64_t taken; /* of these, what there are blocks for already */
    bool force;
    struct quant_cancel cancel;
    char *aside;        /* owned: the old file's name while a commit is under way */
    bool aside_is_link; /* the old file is still in its place too */
    bool placed;        /* put in place by the commit under way */
    bool is_spool;      /* sink.name is the input's whose bytes these are */
};

/* Starts an output: a file without a name where there is none yet and the system can do that, else
 * a temporary file beside path, or the stream itself where path is "-", a device or a FIFO.
 * QUANT_EXISTS where a file is there and force is not given. */
enum quant_status quant_output_open(struct quant_file_output *output, const char *path, bool force,
                                    const struct quant_cancel *cancel, struct quant_error *error);

/* The same where quant_path_is_free has told that there is nothing, without looking again. */
enum quant_status quant_output_open_free(struct quant_file_output *output, const char *path,
                                         bool force, const struct quant_cancel *cancel,
                                         struct quant_error *error);

/* Whether what is written goes straight to a stream and cannot be taken back. */
bool quant_output_is_stream(const struct quant_file_output *output);

/* The same question of a path, before anything is opened. */
bool quant_path_is_stream(const char *path);

/* Whether nothing has this name, not even a link that leads nowhere. Not of "-". */
bool quant_path_is_free(const char *path);

/* Makes n outputs visible together, with their record, such as a sidecar, which says that they are
 * complete. The old record goes first, then the outputs get their names in the given order, then
 * the record. If a step fails, the old files are put back. NULL is allowed for an output that does
 * not exist, and for the record. All are closed afterwards, but not yet discarded. */
enum quant_status quant_output_commit_n(struct quant_file_output *const outputs[], size_t n,
                                        struct quant_file_output *record,
                                        struct quant_error *error);

/* Removes what is unfinished and frees what *output owns. Fine on a zeroed one, and after commit.
 */
void quant_output_discard(struct quant_file_output *output);

/* ---- Spools ---------------------------------------------------------------------------------- */

/* A temporary file without a name, to be written through spool->sink and then read by position.
 * name, which must outlive both, is what messages call it: the input that it holds. */
enum quant_status quant_spool_begin(struct quant_file_output *spool, const char *name,
                                    const struct quant_cancel *cancel, struct quant_error *error);

/* Ends the writing: what was written becomes *source. Before it, discard does. */
enum quant_status quant_spool_finish(struct quant_file_output *spool, struct quant_source **source,
                                     struct quant_error *error);

/* ---- Paths ----------------------------------------------------------------------------------- */

/* Between begin and end this thread asks the system only once where a folder is, or few of them:
 * while a batch is worked on, folders are taken to stay where they are. */
enum { QUANT_PATH_MEMO = 4 };
struct quant_path_memo {
    char *folders[QUANT_PATH_MEMO]; /* owned, as they were asked for; NULL: not used yet */
    char *real[QUANT_PATH_MEMO];    /* owned, absolute, without links */
    size_t next;
};
void quant_path_memo_begin(struct quant_path_memo *own);
void quant_path_memo_end(struct quant_path_memo *own);

/* path as seen from the folder of base (both as given to open): what the sidecar holds. NULL, with
 * *error, where a folder cannot be resolved or memory is out. The caller frees it. */
char *quant_path_relative(const char *path, const char *base, struct quant_error *error);

/* relative, unless it is absolute, in the folder of base. NULL: no memory. The caller frees it. */
char *quant_path_beside(const char *relative, const char *base);

#endif
