/* SPDX-License-Identifier: MIT */
/* What `quant quantize` calls its outputs, and the files that it reads besides its inputs. */
#ifndef QUANT_CLI_QUANTIZE_PATHS_H
#define QUANT_CLI_QUANTIZE_PATHS_H

#include "cli/choosing.h"
#include "cli/quantize_options.h"

/* What the names of the n outputs have before their extension, in place of the type of the global
 * options; NULL: that type. A file of one tensor is named after the type that its rule gives it, a
 * container after the engine. The array is for the caller to free; NULL: no memory. */
const char **quantize_paths_tags(const struct quant_quantize_job *job,
                                 const struct choosing *choosing, char *const *names, size_t n);

/* The *n files that are read besides the inputs; entries may be NULL. The array is for the caller
 * to free; NULL: no memory. */
const char **quantize_paths_read(const struct quantize_options *options, size_t *n);

#endif
