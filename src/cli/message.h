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

/* A line without "quant: " before it: no complaint. */
void message_note(const char *format, ...) QUANT_PRINTF(1, 2);

/* "quant: ..." and a line that names the help of command (NULL: of quant). Returns EXIT_USAGE. */
int message_usage(const char *command, const char *format, ...) QUANT_PRINTF(2, 3);

/* The library's error, but for the two that are not news: the work was cancelled by a signal, which
 * will be raised again, or the reader of a pipe has gone. Returns EXIT_FAILED. */
int message_failure(enum quant_status status, const struct quant_error *error);

/* Puts '?' for every character that the locale cannot print, in place. File and tensor names may
 * hold escape sequences that a terminal would obey. */
void message_mask(char *text);

#endif
