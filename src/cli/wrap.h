/* SPDX-License-Identifier: MIT */
/* Text on standard output in lines of at most 80 columns. */
#ifndef QUANT_CLI_WRAP_H
#define QUANT_CLI_WRAP_H

enum { WRAP_WIDTH = 80 };

/* Prints text, broken at spaces, with each line indented to `indent`. The first line continues at
 * column `current`. Ends the last line. */
void wrap_text(const char *text, int current, int indent);

#endif
