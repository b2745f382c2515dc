/* SPDX-License-Identifier: MIT */
/* The AVX-512 functions for groups in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx512_restore.c"
#include "kernels/avx512_runs.c"
/* NOLINTEND(bugprone-suspicious-include) */
