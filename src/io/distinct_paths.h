/* SPDX-License-Identifier: MIT */
/* Checks that the files of one call are different ones. */
#ifndef QUANT_IO_DISTINCT_PATHS_H
#define QUANT_IO_DISTINCT_PATHS_H

#include <quant/quant.h>

/* Whether the last components are equal. If they are not, and neither file exists yet, the paths
 * are of different files. */
bool quant_paths_end_alike(const char *a, const char *b);

/* QUANT_EXISTS if an output is an input, or two outputs are one file. NULL entries, pipes and
 * devices are ignored; "-" is the file that the standard stream is, if it is one. */
enum quant_status quant_paths_distinct(const char *const *inputs, size_t ninputs,
                                       const char *const *outputs, size_t noutputs,
                                       struct quant_error *error);

#endif
