/* SPDX-License-Identifier: MIT */
/* What a dry run prints of one tensor. */
#ifndef QUANT_CLI_DRY_RUN_PLAN_H
#define QUANT_CLI_DRY_RUN_PLAN_H

#include <quant/dry_run.h>
#include <stdio.h>

/* Prints "absmax, minmax, blocks of 32 on axis 1, 64 scales": how the tensor is mapped, without
 * its number of scales if they are counted elsewhere. Ends no line. */
void dry_run_print_plan(FILE *out, const struct quant_tensor_preview *preview, bool has_count);

/* Prints "F32 [64, 32] to I8, absmax, ...: 2052 bytes", or "I64 [3] copied: 24 bytes". */
void dry_run_print_tensor(FILE *out, const struct quant_tensor_preview *preview);

/* Prints an object on a line of its own. tensor NULL: of a file of one tensor, whose size and file
 * of scales, NULL if there is not one, are file's. Returns false if there is no memory. */
bool dry_run_print_json(const char *path, const char *output, const char *tensor,
                        const struct quant_tensor_preview *preview,
                        const struct quant_file_preview *file, const char *scales);

/* The same for an output that is complete. */
bool dry_run_print_json_complete(const char *path, const char *output);

/* The same for a container as a whole. */
bool dry_run_print_json_container(const char *path, const char *output,
                                  const struct quant_file_preview *file);

#endif
