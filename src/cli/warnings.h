/* SPDX-License-Identifier: MIT */
/* Warnings about the parameters that a file was quantized with. */
#ifndef QUANT_CLI_WARNINGS_H
#define QUANT_CLI_WARNINGS_H

#include <quant/file.h>

/* Prints one warning for each note of the result. With a scale per channel or block, the warning
 * says how many of them it concerns and which is the first. */
void warnings_print(const char *path, const struct quant_quantize_result *result);

/* The same for n tensors of a container, of which first is one: one line for one kind of note.
 * params: of all of them, as far as types go; NULL: they have different types. */
void warnings_print_tensors(const char *path, unsigned note, size_t n, const char *first,
                            const struct quant_params *params);

#endif
