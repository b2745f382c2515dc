/* SPDX-License-Identifier: MIT */
/* A tensor's bytes from one file to another as they are, in a few steps of bounded size. */
#ifndef QUANT_ENGINE_FILES_TENSOR_COPY_H
#define QUANT_ENGINE_FILES_TENSOR_COPY_H

#include "base/sink.h"
#include "base/source.h"
#include "base/tensor_info.h"

/* Copies to the same number of bytes at `to`, by position. *digest: XXH3 (64 bits) of the bytes.
 * sink NULL: nothing is written, only the digest is found. */
enum quant_status quant_tensor_copy(struct quant_source *source, const struct quant_extent *from,
                                    struct quant_sink *sink, uint64_t to, uint64_t *digest,
                                    struct quant_error *error);

#endif
