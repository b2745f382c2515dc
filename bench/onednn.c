/* SPDX-License-Identifier: MIT */
/* oneDNN's reorder from float32 to int8. It multiplies by the reciprocal of the scale. */
#include <oneapi/dnnl/dnnl.h>

#include "contender.h"

enum { MOST_THREADS = 64 };
static struct {
    dnnl_stream_t stream;
    dnnl_memory_t from;
    dnnl_memory_t to;
} threads[MOST_THREADS];
static dnnl_primitive_t reorder;

static bool prepare(const struct bench_task *task)
{
    const dnnl_dims_t dims = {(dnnl_dim_t)task->nelems};
    const float factor = 1.0F / BENCH_SCALE;
    dnnl_engine_t engine = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_memory_desc_t floats;
    dnnl_memory_desc_t bytes;
    bool ok = task->threads <= MOST_THREADS && !task->isa &&
              dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
              dnnl_memory_desc_init_by_tag(&floats, 1, dims, dnnl_f32, dnnl_a) == dnnl_success &&
              dnnl_memory_desc_init_by_tag(&bytes, 1, dims, dnnl_s8, dnnl_a) == dnnl_success &&
              dnnl_primitive_attr_create(&attr) == dnnl_success &&
              dnnl_primitive_attr_set_output_scales(attr, 1, 0, &factor) == dnnl_success &&
              dnnl_reorder_primitive_desc_create(&desc, &floats, engine, &bytes, engine, attr) ==
                  dnnl_success &&
              dnnl_primitive_create(&reorder, desc) == dnnl_success;
    for (unsigned i = 0; ok && i < task->threads; i++) {
        const size_t first = i * task->nelems;
        ok = dnnl_stream_create(&threads[i].stream, engine, dnnl_stream_default_flags) ==
                 dnnl_success &&
             dnnl_memory_create(&threads[i].from, &floats, engine, task->x + first) ==
                 dnnl_success &&
             dnnl_memory_create(&threads[i].to, &bytes, engine, task->q + first) == dnnl_success;
    }
    return ok;
}

static void run(const struct bench_task *task, unsigned thread)
{
    (void)task;
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, threads[thread].from},
                                         {DNNL_ARG_TO, threads[thread].to}};
    (void)dnnl_primitive_execute(reorder, threads[thread].stream, 2, arguments);
    (void)dnnl_stream_wait(threads[thread].stream);
}

const struct bench_contender bench_onednn = {.name = "onednn", .prepare = prepare, .run = run};
