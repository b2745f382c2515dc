/* SPDX-License-Identifier: MIT */
/* A part of a source as a source of its own. */
#ifndef QUANT_BASE_SOURCE_WINDOW_H
#define QUANT_BASE_SOURCE_WINDOW_H

#include "base/source.h"
#include "base/tensor_info.h"

/* nbytes of inner from offset on: its size is nbytes, its offsets count from there, and it passes
 * on check_unchanged. Closing it leaves inner open, which must outlive it. Messages call it "INNER:
 * NAME", or as inner if name is "". It has positions if inner has them. NULL: no memory. */
struct quant_source *quant_source_window(struct quant_source *inner, uint64_t offset,
                                         uint64_t nbytes, const char *name);

/* The bytes of a tensor. */
struct quant_source *quant_source_window_of_tensor(struct quant_source *inner,
                                                   const struct quant_tensor_info *info);

#endif
