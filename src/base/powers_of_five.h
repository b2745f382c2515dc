/* SPDX-License-Identifier: MIT */
/* The table behind the conversion of decimal text to float64, made by
 * script/make_powers_of_five.py, which says where it comes from. */
#ifndef QUANT_BASE_POWERS_OF_FIVE_H
#define QUANT_BASE_POWERS_OF_FIVE_H

#include <stdint.h>

enum {
    QUANT_POWER_OF_FIVE_LEAST = -342,
    QUANT_POWER_OF_FIVE_GREATEST = 308,
    QUANT_POWERS_OF_FIVE = QUANT_POWER_OF_FIVE_GREATEST - QUANT_POWER_OF_FIVE_LEAST + 1
};

/* The 128 most significant bits of 5^q, the high 64 and then the low 64 bits, for q from
 * QUANT_POWER_OF_FIVE_LEAST on. */
extern const uint64_t quant_powers_of_five[QUANT_POWERS_OF_FIVE][2];

#endif
