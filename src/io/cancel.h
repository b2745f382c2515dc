/* SPDX-License-Identifier: MIT */
/* Reading the caller's struct quant_cancel. */
#ifndef QUANT_IO_CANCEL_H
#define QUANT_IO_CANCEL_H

#include <quant/file.h>

static inline bool quant_cancelled(const struct quant_cancel *cancel)
{
    return cancel->flag && *cancel->flag;
}

/* The one that a caller passed; NULL: one that never stops anything. */
static inline const struct quant_cancel *quant_cancel_of(const struct quant_cancel *cancel)
{
    static const struct quant_cancel endless = {.flag = NULL};
    return cancel ? cancel : &endless;
}

/* The descriptor to wait for besides another one; -1: none. Nobody wakes a call through standard
 * input, so 0 is what a struct has where only the flag was set. */
static inline int quant_cancel_fd(const struct quant_cancel *cancel)
{
    return cancel->flag && cancel->wake_fd > 0 ? cancel->wake_fd : -1;
}

/* Waits until fd can be read, or is at its end. QUANT_CANCELLED: the flag is set. wake_fd ends the
 * wait if it is set while no data arrives. */
enum quant_status quant_wait_readable(int fd, const struct quant_cancel *cancel);

#endif
