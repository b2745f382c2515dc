/* SPDX-License-Identifier: MIT */
/*
 * The line on standard error that is rewritten in place while the program works. There is one for
 * the process, as there is one terminal: messages go through here, so that they never mix with it.
 * Any thread may call.
 */
#ifndef QUANT_CLI_STATUS_LINE_H
#define QUANT_CLI_STATUS_LINE_H

#include <stddef.h>

/* Shows text, a masked line that takes this many columns, in place of the current one. */
void status_line_draw(const char *text, int columns);

/* Removes it, before something else is written to the terminal. */
void status_line_clear(void);

/* Removes it and writes text, in one system call. */
void status_line_write(const char *text, size_t nbytes);

/* The columns of the terminal that standard error is, at this moment; 80 if it is not a terminal.
 */
int status_line_columns(void);

#endif
