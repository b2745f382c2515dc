/* SPDX-License-Identifier: MIT */
/* The AVX2 functions for types other than int8 and uint8, which the rows "avx2" and "avx512" share,
 * in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2_floats.c"
#include "kernels/avx2_int32.c"
#include "kernels/avx2_integers.c"
#include "kernels/avx2_observe.c"
/* NOLINTEND(bugprone-suspicious-include) */
