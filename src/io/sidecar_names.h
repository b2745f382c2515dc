/* SPDX-License-Identifier: MIT */
/* The names of the files that belong to an output. */
#ifndef QUANT_IO_SIDECAR_NAMES_H
#define QUANT_IO_SIDECAR_NAMES_H

#include <quant/file.h> /* quant_file_scales_name */

/* path with ".json" added; the caller frees it. NULL: no memory. */
char *quant_sidecar_default(const char *path);

#endif
