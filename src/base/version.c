/* SPDX-License-Identifier: MIT */
/* The version that was compiled into the library. */
#include <quant/quant.h>

const char *quant_version(void)
{
    return QUANT_VERSION;
}
