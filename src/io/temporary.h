/* SPDX-License-Identifier: MIT */
/* What writing and committing an output, and spooling, share. */
#ifndef QUANT_IO_TEMPORARY_H
#define QUANT_IO_TEMPORARY_H

#include "io/io.h"

/* A name that is probably not taken, hidden, in path's folder and short whatever path's length.
 * NULL: no memory. The caller frees it. */
char *quant_temporary_name(const char *path);

/* Opens a file without a name in path's folder. -1: there is none to be had, which may be due to
 * the file system, the kernel, or whatever else opening a file with a name will tell. */
int quant_unnamed_open(const char *path);

/* Gives it the name path, which nothing has yet. Returns 0, or -1 with errno: EEXIST where
 * something has; other errors may be those of a system that cannot do this after all. */
int quant_unnamed_link(int fd, const char *path);

/* Copies what was written to an unnamed file to one with a temporary name, and goes on with that.
 */
enum quant_status quant_output_name(struct quant_file_output *output, struct quant_error *error);

/* Opens a file without a name in TMPDIR, or /tmp, for what has passed of the input called name. */
enum quant_status quant_temporary_open(const char *name, int *fd, struct quant_error *error);

/* Begins an output to the open file of a spool, which it will close. */
void quant_output_init_spool(struct quant_file_output *output, int fd, const char *name,
                             const struct quant_cancel *cancel);

/* The source of what has been written to fd, which it will close. */
enum quant_status quant_input_open_file(int fd, const char *name, const struct quant_cancel *cancel,
                                        struct quant_source **source, struct quant_error *error);

/* Closes what is written, checking that all of it arrived. Fine where nothing is open. */
enum quant_status quant_output_finish(struct quant_file_output *output, struct quant_error *error);

#endif
