/* SPDX-License-Identifier: MIT */
/*
 * What is timed against what, in one process.
 *
 * To add a contender: write one file here that ends in one `const struct bench_contender`, declare
 * it below and give it a row in table.c. Where it is made from a library that a machine may lack,
 * both stand in an #ifdef that CMakeLists.txt defines where the library is there.
 *
 * Each thread works on its own part of the same buffers, at x + thread * nelems and so on, so a
 * contender that has threads of its own is told to use one.
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
    size_t nelems; /* of one thread */
    unsigned threads;
    const char *isa;  /* "avx2": what a peer is to be held to; NULL: its own choice */
    const char *path; /* a text, for those who parse; NULL: none */
    float *x;         /* standard normal */
    int8_t *q;        /* the integers of x, until a contender writes them again */
    float *restored;
    const struct quant_params *params; /* the library's */
};

struct bench_contender {
    const char *name;
    bool is_quant; /* takes one of the library's kernel sets: name@isa */
    /* Once, before any run; false: cannot do it here. NULL: nothing to prepare. */
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

/* NULL past the last. */
const struct bench_contender *bench_contender_at(size_t i);

#ifdef __cplusplus
}
#endif

#endif
