/* SPDX-License-Identifier: MIT */
/* What the program needs to run many files in parallel. */
#include <quant/file.h>
#include <sched.h>
#include <unistd.h>

#include "engine/work/pool.h"

bool quant_parallel_run(const struct quant_parallel *parallel)
{
    const struct quant_pass pass = {
        .n = parallel->n,
        .threads = parallel->threads,
        .places = parallel->window,
        .context = parallel->context,
        .work = parallel->work,
        .deliver = parallel->deliver,
        .finish = parallel->finish,
    };
    return quant_pool_run(NULL, &pass);
}

unsigned quant_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* too many for a cpu_set_t */
    return online > 0 ? (unsigned)online : 1;
}
