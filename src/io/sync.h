/* SPDX-License-Identifier: MIT */
/* Waits until the disk has what was written, so that a power cut cannot take it back. */
#ifndef QUANT_IO_SYNC_H
#define QUANT_IO_SYNC_H

#include "base/error.h"

/* The bytes of an open file. path is for the message. */
enum quant_status quant_sync_file(int fd, const char *path, struct quant_error *error);

/* The names in the directory of path: what was created, renamed and removed there. A file system
 * that cannot do this for directories (EINVAL) is taken to need no such call. */
enum quant_status quant_sync_directory_of(const char *path, struct quant_error *error);

#endif
