/* SPDX-License-Identifier: MIT */
/* Work in numbered parts: what each part does, and in which order. pool.h runs it. */
#ifndef QUANT_ENGINE_WORK_PASS_H
#define QUANT_ENGINE_WORK_PASS_H

#include <stdbool.h>
#include <stdint.h>

/* Parts are begun in order. The functions return false if the part failed: then no later part is
 * begun or delivered any more. `worker` is the same for all three calls of a part, and no two parts
 * have the same one at the same time. */
struct quant_pass {
    uint64_t n;       /* parts, from 0 to n-1 */
    unsigned threads; /* at most, the calling one among them; at least 1 */

    /* 0: a turnstile. A worker waits with its part until all earlier parts are delivered. For parts
     * that take about the same time and have large buffers, such as chunks; `worker` is below
     * threads.
     * More than threads: a reorder queue. At most this many parts are begun and not yet delivered;
     * a worker goes on to the next part, and any thread may deliver the part. `worker` is the place
     * of the part, below places. finish must be NULL. For files and tensors. Directories must stay
     * where they are meanwhile. */
    unsigned places;

    void *context;
    bool (*work)(void *context, unsigned worker, uint64_t part);    /* in any order, in parallel */
    bool (*deliver)(void *context, unsigned worker, uint64_t part); /* in order, one at a time */
    bool (*finish)(void *context, unsigned worker, uint64_t part);  /* after that, in parallel; may
                                                                     * be NULL */
};

#endif
