/* SPDX-License-Identifier: MIT */
/*
 * The contenders that bench_peers times in one process.
 *
 * To add a contender: write one file here that ends in one `const struct bench_contender`, declare
 * it below and give it a row in table.c. If it needs a library that may be missing, put both in an
 * #ifdef of a macro that CMakeLists.txt defines if the library is installed.
 *
 * Each thread works on its own part of the same buffers, at x + thread * nelems and so on. A
 * contender that creates threads must use one only.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All quantize to int8 with this scale and zero point 0. */
#define BENCH_SCALE (5.0F / 127.0F)

struct quant_params;

struct bench_task {
    size_t nelems; /* for each thread */
    unsigned threads;
    const char *isa;  /* "avx2": the limit for a peer; NULL: its own choice */
    const char *path; /* a text to parse; NULL: none */
    float *x;         /* standard normal */
    int8_t *q;        /* the integers of x, which contenders may write again */
    float *restored;
    const struct quant_params *params; /* of the library */
};

struct bench_contender {
    const char *name;
    bool is_quant; /* uses the kernel set in name@isa */
    /* Called once before any run; false: not possible here. NULL: nothing to prepare. */
    bool (*prepare)(const struct bench_task *task);
    void (*run)(const struct bench_task *task, unsigned thread);
};

extern const struct bench_contender bench_observe;
extern const struct bench_contender bench_quantize;
extern const struct bench_contender bench_dequantize;
extern const struct bench_contender bench_measure;
extern const struct bench_contender bench_json;
extern const struct bench_contender bench_read_loop;
extern const struct bench_contender bench_read4_write1_loop;
#ifdef BENCH_XNNPACK
extern const struct bench_contender bench_xnnpack;
#endif
#ifdef BENCH_ONEDNN
extern const struct bench_contender bench_onednn;
#endif
#ifdef BENCH_SIMDJSON
extern const struct bench_contender bench_simdjson;
#endif

/* The i-th contender, NULL after the last. */
const struct bench_contender *bench_contender_at(size_t i);

#ifdef __cplusplus
}
#endif

#endif
