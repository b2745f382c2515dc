/* SPDX-License-Identifier: MIT */
/* The speed of memory for loops that only read, or read and write: the upper limit of the
 * kernels. */
#include <string.h>

#include "contender.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint64_t lanes __attribute__((vector_size(64)));

static volatile uint64_t kept;

/* Four sums hide the latency. Intrinsics, because a compiler that splits wide vectors through
 * memory, as gcc 12 does, made a loop that was slower than the kernels. */
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static uint64_t read_avx512(const float *x, size_t n)
{
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                       _mm512_setzero_si512()};
    for (size_t i = 0; i + 64 <= n; i += 64)
        for (size_t k = 0; k < 4; k++)
            sums[k] = _mm512_or_si512(sums[k], _mm512_loadu_si512(x + i + 16 * k));
    return (uint64_t)_mm512_reduce_or_epi64(
        _mm512_or_si512(_mm512_or_si512(sums[0], sums[1]), _mm512_or_si512(sums[2], sums[3])));
}

__attribute__((target("avx2"))) static uint64_t read_avx2(const float *x, size_t n)
{
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                       _mm256_setzero_si256()};
    for (size_t i = 0; i + 32 <= n; i += 32)
        for (size_t k = 0; k < 4; k++)
            sums[k] = _mm256_or_si256(
                sums[k], _mm256_loadu_si256((const __m256i *)(const void *)(x + i + 8 * k)));
    const __m256i all =
        _mm256_or_si256(_mm256_or_si256(sums[0], sums[1]), _mm256_or_si256(sums[2], sums[3]));
    return (uint64_t)(_mm256_extract_epi64(all, 0) | _mm256_extract_epi64(all, 1) |
                      _mm256_extract_epi64(all, 2) | _mm256_extract_epi64(all, 3));
}
#endif

static uint64_t read_plain(const float *x, size_t n)
{
    uint64_t sums[4] = {0};
    for (size_t i = 0; i + 8 <= n; i += 8) {
        uint64_t words[4];
        memcpy(words, x + i, sizeof words);
        for (size_t k = 0; k < 4; k++)
            sums[k] |= words[k];
    }
    return sums[0] | sums[1] | sums[2] | sums[3];
}

static void run_read(const struct bench_task *task, unsigned thread)
{
    const float *x = task->x + thread * task->nelems;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        kept = read_avx512(x, task->nelems);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        kept = read_avx2(x, task->nelems);
        return;
    }
#endif
    kept = read_plain(x, task->nelems);
}

/* 64 floats to 64 bytes, one cache line, with stores that bypass the caches. */
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
