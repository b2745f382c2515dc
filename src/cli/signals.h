/* SPDX-License-Identifier: MIT */
/*
 * Signals that end the program: INT, TERM, HUP, PIPE, XFSZ. The handler only takes note; the
 * library sees that through struct quant_cancel, undoes what it began and returns; signals_finish
 * then ends the program by the very signal, so that the shell sees the truth. A signal that was
 * ignored when the program started stays ignored.
 */
#ifndef QUANT_CLI_SIGNALS_H
#define QUANT_CLI_SIGNALS_H

#include <quant/file.h>
#include <stdbool.h>

/* Installs the handlers, once, and fills in cancel. False: no pipe could be had; errno says why. */
bool signals_start(struct quant_cancel *cancel);

/* Whether one of them has come. */
bool signals_raised(void);

/* Where one has come, does not return: the program ends by it. Nothing where none was started. */
void signals_finish(void);

#endif
