/* SPDX-License-Identifier: MIT */
/* Reading the caller's struct quant_cancel. */
#ifndef QUANT_IO_CANCEL_H
#define QUANT_IO_CANCEL_H

#include <quant/file.h>

static inline bool quant_cancelled(const struct quant_cancel *cancel)
{
    return cancel->flag && *cancel->flag;
}

/* The descriptor to wait on beside another one; -1 if there is none. A struct of all zeros has no
 * flag and names no descriptor, although its wake_fd is 0. */
static inline int quant_cancel_fd(const struct quant_cancel *cancel)
{
    return cancel->flag ? cancel->wake_fd : -1;
}

/* Waits until fd can be read, or is at its end. QUANT_CANCELLED when the flag is up, also where it
 * is raised while nothing comes: that is what wake_fd is for. */
enum quant_status quant_wait_readable(int fd, const struct quant_cancel *cancel);

#endif
