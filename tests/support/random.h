/* SPDX-License-Identifier: MIT */
/*
 * Random numbers that are the same on every run. QUANT_TEST_SEED in the environment sets another
 * seed; a test program that fails prints its seed. Each test starts its own sequence: it has the
 * same numbers if it runs alone.
 */
#ifndef QUANT_TESTS_SUPPORT_RANDOM_H
#define QUANT_TESTS_SUPPORT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_seed(void)
{
    const char *text = getenv("QUANT_TEST_SEED");
    return text && *text ? strtoull(text, NULL, 0) : 20251122;
}

static inline struct random random_begin(void)
{
    return (struct random){random_seed()};
}

/* Vigna's splitmix64. */
static inline uint64_t random_64(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 .. limit - 1. The bias, of a few parts in 2^32, does not matter here. */
static inline uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)(((random_64(random) >> 32) * limit) >> 32);
}

/* Uniform in [0, 1). */
static inline double random_unit(struct random *random)
{
    return (double)(random_64(random) >> 11) * 0x1p-53;
}

static inline void random_bytes(struct random *random, void *bytes, size_t nbytes)
{
    unsigned char *to = bytes;
    for (size_t i = 0; i < nbytes; i += sizeof(uint64_t)) {
        const uint64_t word = random_64(random);
        memcpy(to + i, &word, nbytes - i < sizeof word ? nbytes - i : sizeof word);
    }
}

/* For the end of main: prints the seed if tests failed. */
static inline int random_end(int failed)
{
    if (failed)
        fprintf(stderr, "failed with QUANT_TEST_SEED=%llu\n", (unsigned long long)random_seed());
    return failed;
}

#endif
