/* SPDX-License-Identifier: MIT */
/*
 * Messages to standard error. A message is one line (a usage error two), built in a buffer, masked,
 * and written with one write, so that lines of parallel processes do not mix.
 */
#ifndef QUANT_CLI_MESSAGE_H
#define QUANT_CLI_MESSAGE_H

#include <quant/quant.h>

/* "quant: ..." */
void message_error(const char *format, ...) QUANT_PRINTF(1, 2);

/* "quant: warning: ..." */
void message_warning(const char *format, ...) QUANT_PRINTF(1, 2);

/* A line without "quant: ": not an error. */
void message_note(const char *format, ...) QUANT_PRINTF(1, 2);

/* "quant: ...", then a line that names the help of command (NULL: of quant). Returns EXIT_USAGE. */
int message_usage(const char *command, const char *format, ...) QUANT_PRINTF(2, 3);

/* Prints the error of the library, except in two cases: a signal cancelled the work (it will be
 * raised again), or the reader of a pipe has closed it. Returns EXIT_FAILED. */
int message_failure(enum quant_status status, const struct quant_error *error);

/* Replaces every character that the locale cannot print by '?', in place. File and tensor names may
 * contain escape sequences that a terminal would obey. */
void message_mask(char *text);

#endif
