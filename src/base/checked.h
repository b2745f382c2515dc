/* SPDX-License-Identifier: MIT */
/* Checked arithmetic: every multiplication or addition of sizes uses these. */
#ifndef QUANT_BASE_CHECKED_H
#define QUANT_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* Returns false, with *result undefined, if the result does not fit. */
static inline bool quant_checked_add(uint64_t a, uint64_t b, uint64_t *result)
{
    *result = a + b;
    return a <= UINT64_MAX - b;
}

static inline bool quant_checked_mul(uint64_t a, uint64_t b, uint64_t *result)
{
    *result = a * b;
    return b == 0 || a <= UINT64_MAX / b;
}

#endif
