/* SPDX-License-Identifier: MIT */
#include "engine/calibration/grouped_inputs.h"

#include "base/source.h"

enum quant_status quant_grouped_inputs_check(const struct quant_grouped_inputs *grouped,
                                             const struct quant_scan *scan, size_t i,
                                             struct quant_error *error)
{
    const uint64_t before = grouped->groupings[i].nelems;
    const uint64_t now = scan->tensor->reader->nelems;
    if (now == before)
        return QUANT_OK;
    return quant_source_error(scan->tensor->source, error, QUANT_IO,
                              "it had %llu elements in the first pass, and now has %llu",
                              (unsigned long long)before, (unsigned long long)now);
}
