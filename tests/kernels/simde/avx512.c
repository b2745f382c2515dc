/* SPDX-License-Identifier: MIT */
/* The row "avx512" in plain C, for every x86-64. A test program that links it does not link the row
 * of the library. */
#include "../../support/simde.h"

#define QUANT_SIMDE
#define quant_cpu_has_avx512 simde_supported
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "kernels/avx512.c"
#include "kernels/avx512_errors.c"
#include "kernels/avx512_floats.c"
#include "kernels/avx512_integers.c"
#include "kernels/avx512_measure.c"
#include "kernels/avx512_points.c"
/* NOLINTEND(bugprone-suspicious-include) */

bool simde_supported(void)
{
    return true;
}
