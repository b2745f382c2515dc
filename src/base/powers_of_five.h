/* SPDX-License-Identifier: MIT */
/* The table for conversion between decimal text and float64. script/make_powers_of_five.py
 * generates it and names the source of the method. */
#ifndef QUANT_BASE_POWERS_OF_FIVE_H
#define QUANT_BASE_POWERS_OF_FIVE_H

#include <stdint.h>

enum {
    QUANT_POWER_OF_FIVE_MIN = -342,
    QUANT_POWER_OF_FIVE_MAX = 308,
    QUANT_POWERS_OF_FIVE = QUANT_POWER_OF_FIVE_MAX - QUANT_POWER_OF_FIVE_MIN + 1
};

/* The 128 most significant bits of 5^q, the high 64 and then the low 64 bits, for q from
 * QUANT_POWER_OF_FIVE_MIN on. */
extern const uint64_t quant_powers_of_five[QUANT_POWERS_OF_FIVE][2];

#endif
