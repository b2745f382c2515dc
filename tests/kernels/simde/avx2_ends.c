/* SPDX-License-Identifier: MIT */
/* The AVX2 functions for the range of integers in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2_integer_range.c"
/* NOLINTEND(bugprone-suspicious-include) */
