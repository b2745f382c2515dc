/* SPDX-License-Identifier: MIT */
/* Names of outputs, and the guard against one file in two roles. */
#ifndef QUANT_ENGINE_PATHS_H
#define QUANT_ENGINE_PATHS_H

#include <quant/file.h>

/* path with ".json" added; the caller frees it. NULL: no memory. */
char *quant_sidecar_default(const char *path);

/* Whether the last components are the same: paths that differ there are different files, if none of
 * them is there yet. */
bool quant_paths_end_alike(const char *a, const char *b);

/* QUANT_EXISTS where an output is an input, or two outputs are one file. NULL entries, pipes and
 * devices are passed over; "-" is the file that it leads to, if any. */
enum quant_status quant_paths_distinct(const char *const *inputs, size_t ninputs,
                                       const char *const *outputs, size_t noutputs,
                                       struct quant_error *error);

#endif
