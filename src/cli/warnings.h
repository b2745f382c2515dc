/* SPDX-License-Identifier: MIT */
/* What a person should know about the parameters that a file was quantized with. */
#ifndef QUANT_CLI_WARNINGS_H
#define QUANT_CLI_WARNINGS_H

#include <quant/file.h>

/* Prints one warning for each note of the result. With a scale per channel or block it says how
 * many of them it is about, and the first. */
void warnings_print(const char *path, const struct quant_quantize_result *result);

#endif
