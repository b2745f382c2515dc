/* SPDX-License-Identifier: MIT */
/* The text of the progress line. */
#ifndef QUANT_CLI_PROGRESS_LINE_H
#define QUANT_CLI_PROGRESS_LINE_H

#include "cli/progress_state.h"

/* Room for the widest line, of characters of up to four bytes each. */
enum { PROGRESS_LINE = 2048 };

/* Writes the line for a terminal of this many columns; the last one is left to the cursor. Returns
 * the columns it takes. elapsed is in seconds. */
int progress_line(char text[PROGRESS_LINE], const struct progress *progress, double elapsed,
                  int columns);

#endif
