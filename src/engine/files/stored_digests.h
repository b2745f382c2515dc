/* SPDX-License-Identifier: MIT */
/* Whether files have the checksums that a sidecar gives. What cannot be read has not: only
 * QUANT_CANCELLED and QUANT_NO_MEMORY are errors of these functions. */
#ifndef QUANT_ENGINE_FILES_STORED_DIGESTS_H
#define QUANT_ENGINE_FILES_STORED_DIGESTS_H

#include "engine/files/restored_tensors.h"

/* *has: the file has this size, and unless is_fast this checksum. */
enum quant_status quant_file_has_digest(const char *path, uint64_t nbytes, uint64_t xxh3_64,
                                        bool is_fast, const struct quant_cancel *cancel, bool *has,
                                        struct quant_error *error);

/* *has: all tensors of the container have those of its sidecar. */
enum quant_status quant_tensors_have_digests(const struct quant_restored_tensors *restored,
                                             const struct quant_tensor_file *file,
                                             const struct quant_cancel *cancel, bool *has,
                                             struct quant_error *error);

#endif
