/* SPDX-License-Identifier: MIT */
/* The AVX2 product of rows and samples in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2_multiply.c"
/* NOLINTEND(bugprone-suspicious-include) */
