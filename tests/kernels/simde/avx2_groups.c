/* SPDX-License-Identifier: MIT */
/* The AVX2 functions for groups, which the rows "avx2" and "avx512" share, in plain C. */
#include "../../support/simde.h"

#define QUANT_SIMDE
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2_groups.c"
#include "kernels/avx2_ranges.c"
#include "kernels/avx2_restore.c"
#include "kernels/avx2_rows.c"
#include "kernels/avx2_runs.c"
/* NOLINTEND(bugprone-suspicious-include) */
