/* SPDX-License-Identifier: MIT */
/*
 * Signals that end the program, such as INT, TERM, HUP and PIPE. The handler only sets a flag. The
 * library sees it through struct quant_cancel, removes what it has begun and returns. Then
 * signals_finish ends the program by the same signal: the shell sees the real cause. A signal that
 * was ignored when the program started stays ignored.
 */
#ifndef QUANT_CLI_SIGNALS_H
#define QUANT_CLI_SIGNALS_H

#include <quant/file.h>
#include <stdbool.h>

/* Installs the handlers, with the first call, and fills in cancel. Returns false and sets errno if
 * it cannot create a pipe. */
bool signals_start(struct quant_cancel *cancel);

/* The same for work that need not be stopped: without a pipe, nothing stops it. */
struct quant_cancel signals_cancel(void);

/* Whether one of them has arrived. */
bool signals_raised(void);

/* Ends the program by the signal that arrived, and does not return. Returns if no signal arrived.
 */
void signals_finish(void);

#endif
