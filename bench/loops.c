/* SPDX-License-Identifier: MIT */
/* What the memory gives to code that does nothing with it: the bounds of the kernels. */
#include <string.h>

#include "contender.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

typedef uint64_t lanes __attribute__((vector_size(64)));

static volatile uint64_t kept;

/* Four sums, since one would wait for itself. */
FOR_EACH_PROCESSOR static uint64_t or_of_all(const float *x, size_t n)
{
    lanes a = {0};
    lanes b = {0};
    lanes c = {0};
    lanes d = {0};
    for (size_t i = 0; i + 64 <= n; i += 64) {
        const lanes *from = (const lanes *)(const void *)(x + i);
        a |= from[0];
        b |= from[1];
        c |= from[2];
        d |= from[3];
    }
    a |= b | c | d;
    return a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7];
}

static void run_read(const struct bench_task *task, unsigned thread)
{
    kept = or_of_all(task->x + thread * task->nelems, task->nelems);
}

/* 64 floats to 64 bytes, one line of the cache, past it. */
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void read4_write1_avx512(const float *x, size_t n,
                                                                   int8_t *q)
{
    for (size_t i = 0; i + 64 <= n; i += 64) {
        const __m512i ab = _mm512_or_si512(_mm512_load_si512(x + i), _mm512_load_si512(x + i + 16));
        const __m512i cd =
            _mm512_or_si512(_mm512_load_si512(x + i + 32), _mm512_load_si512(x + i + 48));
        _mm512_stream_si512((void *)(q + i), _mm512_or_si512(ab, cd));
    }
    _mm_sfence();
}

__attribute__((target("avx2"))) static void read4_write1_avx2(const float *x, size_t n, int8_t *q)
{
    for (size_t i = 0; i + 32 <= n; i += 32) {
        const __m256i *from = (const __m256i *)(const void *)(x + i);
        const __m256i ab = _mm256_or_si256(_mm256_load_si256(from), _mm256_load_si256(from + 1));
        const __m256i cd =
            _mm256_or_si256(_mm256_load_si256(from + 2), _mm256_load_si256(from + 3));
        _mm256_stream_si256((__m256i *)(void *)(q + i), _mm256_or_si256(ab, cd));
    }
    _mm_sfence();
}
#endif

static void read4_write1_plain(const float *x, size_t n, int8_t *q)
{
    for (size_t i = 0; i + 64 <= n; i += 64) {
        const lanes *from = (const lanes *)(const void *)(x + i);
        const lanes all = from[0] | from[1] | from[2] | from[3];
#if defined(__clang__)
        __builtin_nontemporal_store(all, (lanes *)(void *)(q + i));
#else
        memcpy(q + i, &all, sizeof all);
#endif
    }
}

static void run_read4_write1(const struct bench_task *task, unsigned thread)
{
    const size_t first = thread * task->nelems;
    const float *x = task->x + first;
    int8_t *q = task->q + first;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        read4_write1_avx512(x, task->nelems, q);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        read4_write1_avx2(x, task->nelems, q);
        return;
    }
#endif
    read4_write1_plain(x, task->nelems, q);
}

const struct bench_contender bench_read_loop = {.name = "read-loop", .run = run_read};
const struct bench_contender bench_read4_write1_loop = {.name = "read4-write1-loop",
                                                        .run = run_read4_write1};
