/* SPDX-License-Identifier: MIT */
/* Texts of strangers in reports. If there is no memory for one, "?" is printed in its place, and
 * the report ends with a message and status 1: streams_flush and report_output_flush. */
#ifndef QUANT_CLI_MASKED_TEXT_H
#define QUANT_CLI_MASKED_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/* A copy without what a terminal would obey; the caller frees it. NULL: no memory, which is noted.
 */
char *masked_copy(const char *text);

/* Prints it. */
void masked_print(FILE *out, const char *text);

/* Notes that something is missing in a report, for want of memory. */
void masked_note_missing(void);

/* Whether something is. Prints the message, the first time. */
bool masked_is_missing(void);

#endif
