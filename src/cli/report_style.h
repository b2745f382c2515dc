/* SPDX-License-Identifier: MIT */
/* How the reports for people look: colours, and texts that several of them share. */
#ifndef QUANT_CLI_REPORT_STYLE_H
#define QUANT_CLI_REPORT_STYLE_H

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
struct report_palette report_style_palette(FILE *out);

/* " [1, 2]": the index of the flat-th element in file order, cut off if there is no room for all
 * dimensions. */
void report_style_index(char text[REPORT_CELL], const struct report_subject *subject,
                        uint64_t flat);

/* "12.3 %": a part of all, as of a sum of errors. */
void report_style_share(char cell[REPORT_CELL], double part, double all);

/* The larger of width and the length of text. */
int report_style_wider(int width, const char *text);

/* " (float16)": the type that scales are stored as; "" for float32. */
const char *report_style_scale_dtype(const struct quant_params *params);

#endif
