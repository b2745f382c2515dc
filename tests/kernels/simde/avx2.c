/* SPDX-License-Identifier: MIT */
/* The row "avx2" in plain C, for every x86-64. A test program that links it does not link the row
 * of the library. */
#include "../../support/simde.h"

#define QUANT_SIMDE
#define quant_cpu_has_avx2 simde_supported
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx2.c"
#include "kernels/avx2_errors.c"
#include "kernels/avx2_measure.c"
#include "kernels/avx2_points.c"
/* NOLINTEND(bugprone-suspicious-include) */

bool simde_supported(void)
{
    return true;
}
