/* SPDX-License-Identifier: MIT */
/* What writing and committing an output share. */
#ifndef QUANT_IO_TEMPORARY_H
#define QUANT_IO_TEMPORARY_H

#include "io/io.h"

/* A name that is probably not taken, hidden, in path's folder and short whatever path's length.
 * NULL: no memory. The caller frees it. */
char *quant_temporary_name(const char *path);

/* Closes what is written, checking that all of it arrived. Fine where nothing is open. */
enum quant_status quant_output_finish(struct quant_file_output *output, struct quant_error *error);

#endif
