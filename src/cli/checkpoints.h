/* SPDX-License-Identifier: MIT */
/* The checkpoints among the INPUTs of a command that writes: what they need before and after their
 * shards are worked on. */
#ifndef QUANT_CLI_CHECKPOINTS_H
#define QUANT_CLI_CHECKPOINTS_H

#include "cli/targets.h"

struct checkpoint_run {
    const struct quant_directory *directory;
    const struct quant_checkpoint *checkpoint;
    char *output;    /* owned: the directory of its outputs */
    bool has_failed; /* it could not be begun, or a shard failed */
};

/* All zeros: none. */
struct checkpoints {
    struct checkpoint_run *runs; /* owned */
    size_t n;
    bool is_shared; /* set before begin: other processes work on the other shards */
    bool may_stop;  /* the same: after a file that fails no other is begun */
    bool restores;
    bool requantizes;                          /* the caller's: --requantize is given */
    const struct quant_quantize_job *quantize; /* set before begin: what shards are quantized by */
    bool has_failed;                           /* one could not be begun */
};

/* Begins those whose shards are among the targets, which are prepared. One that cannot be begun
 * gets a message, and its shards are taken out of the targets. Returns EXIT_DONE, or EXIT_FAILED
 * after a message. Release it in either case. */
int checkpoints_begin(struct checkpoints *checkpoints, struct targets *targets, bool restores);

/* The i-th target has failed. */
void checkpoints_fail(struct checkpoints *checkpoints, const struct targets *targets, size_t i);

/* After all files, whose exit status is `status`: writes the indices. Returns that status, or
 * EXIT_FAILED after a message. Does nothing after a signal. */
int checkpoints_finish(const struct checkpoints *checkpoints, const struct targets *targets,
                       int status);

void checkpoints_release(struct checkpoints *checkpoints);

#endif
