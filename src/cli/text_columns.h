/* SPDX-License-Identifier: MIT */
/* Text in columns of a terminal, where a character may take none, one or two of them. */
#ifndef QUANT_CLI_TEXT_COLUMNS_H
#define QUANT_CLI_TEXT_COLUMNS_H

#include <stdbool.h>
#include <stdio.h>

/* Whether the locale's characters are UTF-8, so that block characters can be printed. */
bool text_is_utf8(void);

/* Columns that text takes; it is printable, as message_mask makes it. */
int text_width(const char *text);

/* Prints text in so many columns: filled up with spaces, or shortened in the middle. */
void text_print(FILE *out, const char *text, int columns);

/* Prints the beginning of text, in so many columns at most. */
void text_print_start(FILE *out, const char *text, int columns);

/* The columns of the terminal that out is, but at least 80, and 80 if it is none. */
int text_columns(FILE *out);

#endif
