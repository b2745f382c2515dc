/* SPDX-License-Identifier: MIT */
/* The three standard streams: always open, and a failure of standard output is reported. */
#ifndef QUANT_CLI_STANDARD_STREAMS_H
#define QUANT_CLI_STANDARD_STREAMS_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the descriptors 0 to 2 that the caller left closed. Otherwise a file opened later could get
 * one of them and be written to by accident. Using such a stream still fails. */
void streams_reserve(void);

/* Makes writes to the descriptors 1 and 2 wait for room where the caller has made them not to:
 * stdio would lose what a full pipe does not take. What else uses the same pipe, FIFO or terminal
 * does not notice. A socket cannot be opened again, so it waits for all until streams_release,
 * which gives back what was changed. */
void streams_wait(void);
void streams_release(void);

/* Gives stdout, before its first use, a buffer for the longest help. Then the flush does the write
 * and knows why it failed. */
void streams_buffer(void);

/* Prints on standard error that the program waits for input, if one of the n paths is "-" and
 * standard input is a terminal. A path may be NULL. */
void streams_announce(const char *const *paths, size_t n);

/* Flushes stdout. Returns false if it cannot be written to, after one message for the whole run; no
 * message if it is a pipe whose reader has closed it. */
bool streams_flush(void);

#endif
