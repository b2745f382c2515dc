/* SPDX-License-Identifier: MIT */
/* Text on standard output in lines of at most 80 columns. */
#ifndef QUANT_CLI_WRAP_H
#define QUANT_CLI_WRAP_H

enum { WRAP_WIDTH = 80 };

/* Prints text from column `current` on, where the line has been begun, broken at spaces, each line
 * indented to `indent`. Ends the last line. */
void wrap_text(const char *text, int current, int indent);

#endif
