/* SPDX-License-Identifier: MIT */
/* XNNPACK's conversion from float32 to qs8. It multiplies by the reciprocal of the scale. */
#include <xnnpack.h>

#include <string.h>

#include "contender.h"

#ifdef BENCH_CPUINFO
#include <cpuinfo.h>

/* The variables of cpuinfo that XNNPACK reads. */
extern struct cpuinfo_x86_isa cpuinfo_isa;
#endif

enum { MOST_THREADS = 64 };
static xnn_operator_t operators[MOST_THREADS];

/* XNNPACK uses the widest instructions of the processor; this hides some of them. */
static bool limit_to(const char *isa)
{
#ifdef BENCH_CPUINFO
    if (strcmp(isa, "avx2") == 0 && cpuinfo_initialize()) {
        cpuinfo_isa.avx512f = false;
        return true;
    }
#endif
    (void)isa;
    return false;
}

static bool prepare(const struct bench_task *task)
{
    if (task->threads > MOST_THREADS || (task->isa && !limit_to(task->isa)) ||
        xnn_initialize(NULL) != xnn_status_success)
        return false;
    for (unsigned i = 0; i < task->threads; i++) {
        const size_t first = i * task->nelems;
        if (xnn_create_convert_nc_f32_qs8(1, 1, 1, BENCH_SCALE, 0, INT8_MIN, INT8_MAX, 0,
                                          &operators[i]) != xnn_status_success ||
            xnn_setup_convert_nc_f32_qs8(operators[i], task->nelems, task->x + first,
                                         task->q + first, NULL) != xnn_status_success)
            return false;
    }
    return true;
}

static void run(const struct bench_task *task, unsigned thread)
{
    (void)task;
    (void)xnn_run_operator(operators[thread], NULL);
}

const struct bench_contender bench_xnnpack = {.name = "xnnpack", .prepare = prepare, .run = run};
