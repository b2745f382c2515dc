/* SPDX-License-Identifier: MIT */
/* Functions that the parts of the text report share. */
#ifndef QUANT_CLI_REPORT_TEXT_H
#define QUANT_CLI_REPORT_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "cli/report_subject.h"

enum { REPORT_CELL = 64 };

/* Escape sequences; "" without colours. */
struct report_palette {
    const char *title;
    const char *striking;
    const char *dim;
    const char *plain;
};

/* Colours if out is a terminal that shows them, and NO_COLOR is not set. */
struct report_palette report_text_palette(FILE *out);

/* " [1, 2]": the index of the flat-th element in file order, cut off if there is no room for all
 * dimensions. */
void report_text_index(char text[REPORT_CELL], const struct report_subject *subject, uint64_t flat);

/* The larger of width and the length of text. */
int report_text_wider(int width, const char *text);

/* " (float16)": the type that scales are stored as; "" for float32. */
const char *report_text_scale_dtype(const struct quant_params *params);

/* "4096 scales along axis 0", or "8 scales, blocks of 32 along axis 1"; for a subject that
 * report_is_grouped. */
void report_text_print_scales(FILE *out, const struct report_subject *subject);

/* Prints a table of the groups with the largest error; nothing if there is only one group or no
 * error. */
void report_text_print_worst(FILE *out, const struct report_subject *subject,
                             const struct report_palette *palette);

#endif
