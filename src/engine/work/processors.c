/* SPDX-License-Identifier: MIT */
/* How many threads are worth making. */
#include <quant/file.h>
#include <sched.h>
#include <unistd.h>

unsigned quant_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* too many for a cpu_set_t */
    return online > 0 ? (unsigned)online : 1;
}
