/* SPDX-License-Identifier: MIT */
/* The sections of a command line, each of which `--for GLOB` begins: options that hold for the
 * tensors of those names alone. */
#ifndef QUANT_CLI_SECTIONS_H
#define QUANT_CLI_SECTIONS_H

#include "cli/quantize_options.h"

/* The dtype of tensors that are copied. It is no enum quant_dtype. */
enum { SECTION_COPY = -1 };

/* An int: an enum quant_dtype that can be quantized to, or SECTION_COPY. */
bool section_dtype_parse(const struct option_row *row, const char *text, void *field,
                         struct option_reason *reason);
const char *choice_section_dtype(size_t i);

/* For the row of --for, whose field is the section_list: begins a section. */
void *section_begin(void *field, const char *pattern);

/* The scheme, where it is left open: that of the engine, if it quantizes to the type by one scheme
 * only, else `otherwise`. like may be NULL. */
int scheme_left_open(const char *like, int dtype, int otherwise);

/* After the last option: what a section leaves open is as in the global options. These replace each
 * other, so what a section has of a line below leaves out all else of that line:
 *
 *     --axis, --block-size, --clip, --range-from, --scale
 *     --method, --clip, --range-from, --scale, --scale-from
 *
 * A section with a type of its own does not take over --qmin and --qmax, which belong to a type,
 * nor what its type does not take. */
void sections_resolve(struct quantize_options *options);

/* The rules that the sections describe, in order; *rules is for the caller to free. Reads the files
 * of --range-from. Returns EXIT_DONE, or another status after a message. */
int sections_rules(const struct command *command, const struct quantize_options *options,
                   struct quant_rule **rules);

#endif
