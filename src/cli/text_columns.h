/* SPDX-License-Identifier: MIT */
/* Text in columns of a terminal; a character takes 0, 1 or 2 of them. */
#ifndef QUANT_CLI_TEXT_COLUMNS_H
#define QUANT_CLI_TEXT_COLUMNS_H

#include <stdbool.h>
#include <stdio.h>

/* Whether the locale's characters are UTF-8, so that block characters can be printed. */
bool text_is_utf8(void);

/* The columns that text takes; it must be printable, as after message_mask. */
int text_width(const char *text);

/* Shortens words of a name from the left to their first characters, until it takes at most this
 * many columns: "encoder.layer.3.output.dense" becomes "e.l.3.output.dense". Words end at '.' and
 * '/'; the last word and numbers stay. The name may still be too long then. */
void text_abbreviate(char *name, int columns);

/* Prints text in this many columns, padded with spaces or shortened in the middle. */
void text_print(FILE *out, const char *text, int columns);

/* Prints the start of text, in at most this many columns. */
void text_print_start(FILE *out, const char *text, int columns);

/* The width of the terminal out, at least 80; 80 if it is not a terminal. */
int text_columns(FILE *out);

#endif
