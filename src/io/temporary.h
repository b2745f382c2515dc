/* SPDX-License-Identifier: MIT */
/* Temporary files, with and without a name, and what writing and committing outputs share. */
#ifndef QUANT_IO_TEMPORARY_H
#define QUANT_IO_TEMPORARY_H

#include <sys/stat.h>

#include "io/io.h"

/* A hidden name in the directory of path that is probably not taken. It is short even if path is
 * long. The caller frees it. NULL: no memory. */
char *quant_temporary_name(const char *path);

/* What such a name has of the output's own name, path's last component: the same for all temporary
 * files of it. */
uint64_t quant_temporary_hash(const char *path);

/* Whether name is such a name, without its directory; *hash is then that of its output. */
bool quant_temporary_parse(const char *name, uint64_t *hash);

/* Opens a file without a name in the directory of path. directory may be that one, which then
 * remembers that it was possible, or another, or NULL. -1: that is not possible. The reason may be
 * the file system, the kernel, or an error that opening a file with a name will report. */
int quant_unnamed_open(const char *path, struct quant_shared_directory *directory);

/* Gives such a file the name path. Returns 0, or -1 with errno. EEXIST: something has this name
 * already. Other errors may mean that the system cannot do this. */
int quant_unnamed_link(int fd, const char *path);

/* Copies an unnamed output to a file with a temporary name, which takes its place. */
enum quant_status quant_output_name(struct quant_file_output *output, struct quant_error *error);

/* Gives an output that has no name, or a temporary one, this one, which becomes its temporary name.
 * QUANT_EXISTS: something has it. */
enum quant_status quant_output_give_name(struct quant_file_output *output, const char *name,
                                         struct quant_error *error);

/* Renames, or fails with EEXIST if `to` exists. EINVAL or ENOSYS: the file system or the kernel
 * cannot do this. */
int quant_rename_new(const char *from, const char *to);

/* Opens a file without a name in TMPDIR, or /tmp, to spool the input called name. */
enum quant_status quant_temporary_open(const char *name, int *fd, struct quant_error *error);

/* Makes an output of the open file of a spool, and owns fd. */
void quant_output_init_spool(struct quant_file_output *output, int fd, const char *name,
                             const struct quant_cancel *cancel);

/* Opens a source of what was written to fd, which it owns. */
enum quant_status quant_input_open_file(int fd, const char *name, const struct quant_cancel *cancel,
                                        struct quant_source **source, struct quant_error *error);

/* Whether an existing file may be replaced. */
enum quant_status quant_output_check_old(const char *path, const struct stat *old, bool force,
                                         struct quant_error *error);

/* The sinks of outputs. */
extern const struct quant_sink_ops quant_output_stream_ops;
extern const struct quant_sink_ops quant_output_file_ops;

/* The error after a write failed, by errno. */
enum quant_status quant_output_failed(struct quant_file_output *output, struct quant_error *error);

/* Writes what is held. */
enum quant_status quant_output_flush(struct quant_file_output *output, struct quant_error *error);

/* Closes the file, and checks that all of it was written. Does nothing if no file is open. */
enum quant_status quant_output_finish(struct quant_file_output *output, struct quant_error *error);

#endif
