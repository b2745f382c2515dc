/* SPDX-License-Identifier: MIT */
/* Hashing elements block by block. */
#include "engine/tensor/element_digest.h"

#include <quant/quant.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/sum_order.h"

static uint64_t hash_block(const float *x, size_t n, uint64_t number)
{
    if (!quant_host_is_big())
        return XXH3_64bits_withSeed(x, n * sizeof *x, number);
    uint32_t little[QUANT_MEASURE_BLOCK];
    for (size_t i = 0; i < n; i++)
        little[i] = quant_load_32(&x[i], false);
    return XXH3_64bits_withSeed(little, n * sizeof *little, number);
}

uint64_t quant_digest_chunk(uint64_t first, const float *x, size_t n)
{
    uint64_t digest = 0;
    uint64_t number = first / QUANT_MEASURE_BLOCK;
    for (size_t done = 0; done < n; done += QUANT_MEASURE_BLOCK) {
        const size_t rest = n - done;
        digest +=
            hash_block(x + done, rest < QUANT_MEASURE_BLOCK ? rest : QUANT_MEASURE_BLOCK, number++);
    }
    return digest;
}
