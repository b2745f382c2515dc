/* SPDX-License-Identifier: MIT */
/* What both rows, "avx2" and "avx512", have of AVX2 for types beside int8 and uint8, in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2_floats.c"
#include "kernels/avx2_integers.c"
#include "kernels/avx2_observe.c"
/* NOLINTEND(bugprone-suspicious-include) */
