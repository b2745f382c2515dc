/* SPDX-License-Identifier: MIT */
/* quant_dtype_round for callers within the library, which are in the default floating-point
 * environment already. */
#ifndef QUANT_BASE_ROUNDING_H
#define QUANT_BASE_ROUNDING_H

#include <quant/quant.h>

double quant_round_to_dtype(enum quant_dtype dtype, double x);

#endif
