/* SPDX-License-Identifier: MIT */
#include "engine/calibration/group_passes.h"

#include "base/error.h"

enum quant_status quant_group_passes_find(const struct quant_group_passes *passes)
{
    return quant_error_set(passes->run->error, QUANT_UNSUPPORTED,
                           "groups can be calibrated only with minmax");
}
