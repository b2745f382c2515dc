/* SPDX-License-Identifier: MIT */
/*
 * A digest of an input's elements, by which a part of a calibration is recognized again. It depends
 * on the float32 elements and their order alone: not on the file's name, place or format, and not
 * on threads.
 *
 * Elements are cut into blocks of QUANT_MEASURE_BLOCK. The digest is the sum, modulo 2^64, of the
 * XXH3 (64 bits) of each block's little-endian bytes, seeded with the block's number. The
 * chunks of an input can be summed in any order; an input without elements has 0. It guards against
 * mistakes, not against forgery.
 */
#ifndef QUANT_ENGINE_TENSOR_ELEMENT_DIGEST_H
#define QUANT_ENGINE_TENSOR_ELEMENT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/sum_order.h"

/* What n elements at x add to the digest, x[0] being element `first` of the input: a multiple of
 * QUANT_MEASURE_BLOCK. */
uint64_t quant_digest_chunk(uint64_t first, const float *x, size_t n);

#endif
