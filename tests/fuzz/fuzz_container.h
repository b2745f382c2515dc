/* SPDX-License-Identifier: MIT */
/* What every reader of a file of many tensors promises, checked on one input. */
#ifndef QUANT_TESTS_FUZZ_FUZZ_CONTAINER_H
#define QUANT_TESTS_FUZZ_FUZZ_CONTAINER_H

#include "formats/container.h"
#include "formats/tensor_file.h"
#include "fuzz.h"

/*
 * Opens the input as a file of this format, which is a container, and checks:
 *
 *   - each tensor lies in the file, and takes the bytes that its type and shape say;
 *   - no two overlap, unless the format inflates; header and tensors together are the file;
 *   - names are UTF-8, each occurs once, and each is found by itself;
 *   - a tensor that can be read has the number of elements that its shape says;
 *   - reading twice gives the same, and so does a file that is cut meanwhile, or an error; one
 *     that is changed meanwhile gives no crash;
 *   - a file laid out from the catalogue, with the same bytes, has the same catalogue, and laid out
 *     once more the same bytes;
 *   - memory is bounded by a constant and the size of the input.
 */
void fuzz_check_container(const struct quant_format *format, const uint8_t *data, size_t size);

#endif
