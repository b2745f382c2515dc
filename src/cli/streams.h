/* SPDX-License-Identifier: MIT */
/* The three standard streams: there from the start, and standard output told about when it fails.
 */
#ifndef QUANT_CLI_STREAMS_H
#define QUANT_CLI_STREAMS_H

#include <stdbool.h>
#include <stddef.h>

/* Fills those of the three descriptors that the caller left closed, so that no file opened later
 * takes the place of one and is written to by accident. Using them fails all the same. */
void streams_reserve(void);

/* Gives stdout, of which nothing has been used yet, room for the longest help: the reason for which
 * a write failed is known to the flush only where it is the flush that writes. */
void streams_buffer(void);

/* Says on standard error that the program waits for input, if one of n paths is "-" and standard
 * input is a terminal. A path may be NULL. */
void streams_announce(const char *const *paths, size_t n);

/* Flushes stdout. False: it cannot be written to, which has been told, once, unless it is a pipe
 * whose reader has gone. */
bool streams_flush(void);

#endif
