/* SPDX-License-Identifier: MIT */
/* Looking at the caller's cancel flag. */
#ifndef QUANT_IO_CANCEL_H
#define QUANT_IO_CANCEL_H

#include <quant/file.h>

static inline bool quant_cancelled(const struct quant_cancel *cancel)
{
    return cancel->flag && *cancel->flag;
}

/* Waits until fd can be read, or is at its end. QUANT_CANCELLED when the flag is up, also where it
 * is raised while nothing comes: that is what wake_fd is for. */
enum quant_status quant_wait_readable(int fd, const struct quant_cancel *cancel);

#endif
