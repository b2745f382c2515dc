/* SPDX-License-Identifier: MIT */
#include "cli/way_options.h"

uint64_t way_options_ways(const struct way_options *options)
{
    return options->fail_fast ? QUANT_FAIL_FAST : 0;
}
