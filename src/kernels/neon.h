/* SPDX-License-Identifier: MIT */
/* What the NEON files share. */
#ifndef QUANT_KERNELS_NEON_H
#define QUANT_KERNELS_NEON_H

#include "kernels/kernels.h"
#include "kernels/vector.h"

enum { LANES = 4, STEP = 32 };

quant_measure_fn quant_neon_measure;
quant_mark_levels_fn quant_neon_mark_levels_int8;
quant_mark_levels_fn quant_neon_mark_levels_uint8;

#endif
