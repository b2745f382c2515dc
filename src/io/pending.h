/* SPDX-License-Identifier: MIT */
/*
 * While outputs and their record are replaced, the new record is named RECORD.pending, and whoever
 * replaces holds a lock (flock) on it. A reader whose data does not fit the record tries the
 * pending one. A process that is gone holds no lock: the next to replace these files then ends or
 * undoes what it had begun, and goes on.
 */
#ifndef QUANT_IO_PENDING_H
#define QUANT_IO_PENDING_H

#include "io/io.h"

/* path with ".pending" added, or if it is a link, the path that it leads to; the caller frees it.
 * NULL: no memory. */
char *quant_pending_name(const char *path);

/* Whether another process is replacing the outputs of the record at path. If that cannot be known,
 * it might be. */
bool quant_pending_is_claimed(const char *path);

/* Gives a finished record its pending name, with the lock. Waits while another process has it, for
 * half a minute at most: QUANT_IO. The outputs are those of the commit, for what a killed process
 * has left. */
enum quant_status quant_pending_claim(struct quant_file_output *record,
                                      struct quant_file_output *const outputs[], size_t n,
                                      const struct quant_replacement *replacement,
                                      struct quant_error *error);

#endif
