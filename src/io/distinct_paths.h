/* SPDX-License-Identifier: MIT */
/* Checks that the files of one call are different ones. */
#ifndef QUANT_IO_DISTINCT_PATHS_H
#define QUANT_IO_DISTINCT_PATHS_H

#include <quant/quant.h>

/* Whether the last components are the same: paths that differ there are different files, if neither
 * exists yet. */
bool quant_paths_end_alike(const char *a, const char *b);

/* QUANT_EXISTS if an output is an input, or two outputs are one file. NULL entries, pipes and
 * devices are passed over; "-" is the file that it leads to, if any. */
enum quant_status quant_paths_distinct(const char *const *inputs, size_t ninputs,
                                       const char *const *outputs, size_t noutputs,
                                       struct quant_error *error);

#endif
