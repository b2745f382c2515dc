/* SPDX-License-Identifier: MIT */
/* Writing the small files of a checkpoint. One that has the right bytes already is left alone, so
 * that several processes may write the same, and a run may be repeated. */
#ifndef QUANT_ENGINE_FILES_CHECKPOINT_FILE_H
#define QUANT_ENGINE_FILES_CHECKPOINT_FILE_H

#include <quant/file.h>

#include "base/source.h"

/* Writes all bytes of source, which is positional, to path. QUANT_EXISTS: a file with other bytes
 * is there, and force is not set. With syncs, the
 * file is on the disk afterwards. */
enum quant_status quant_checkpoint_write(struct quant_source *source, const char *path, bool force,
                                         bool syncs, const struct quant_cancel *cancel,
                                         struct quant_error *error);

/* The same for bytes in memory. */
enum quant_status quant_checkpoint_write_text(const char *text, size_t nbytes, const char *path,
                                              bool force, bool syncs,
                                              const struct quant_cancel *cancel,
                                              struct quant_error *error);

/* A path in a directory; the caller frees it. NULL: no memory. */
char *quant_checkpoint_path(const char *directory, const char *name);

/* Opens a file of a directory. *path is its path, which must outlive the source and which the
 * caller frees in any case. */
enum quant_status quant_checkpoint_open(const char *directory, const char *name,
                                        const struct quant_cancel *cancel, char **path,
                                        struct quant_source **source, struct quant_error *error);

#endif
