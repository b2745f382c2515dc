/* SPDX-License-Identifier: MIT */
/* Tensors that are tied share one range: that of all their elements together, as calibrating finds
 * it for them in the order of the files. */
#ifndef QUANT_ENGINE_FILES_TIED_RANGES_H
#define QUANT_ENGINE_FILES_TIED_RANGES_H

#include "engine/files/mappings.h"

/*
 * Reads the tensors that each of the job's ties has in the n files, and puts the mapping with their
 * range into mappings. Without ties nothing is read. QUANT_INVALID: a tie has no tensor to
 * quantize, or tensors of different rules; a tensor is in two ties, or has a scale for each channel
 * or block; the range is given; a file is a stream, which cannot be read twice.
 */
enum quant_status quant_tied_ranges_find(struct quant_mappings *mappings,
                                         const struct quant_file *files, size_t n,
                                         struct quant_error *error);

#endif
