/* SPDX-License-Identifier: MIT */
/* The conditions on all tensors together, after the last of them. */
#include "cli/report_options.h"

#include "cli/command.h"
#include "cli/signals.h"

int report_options_finish(const struct report_options *options, const struct quant_report *total,
                          int status)
{
    if (signals_raised() || !threshold_is_met(&options->thresholds, true, total, NULL))
        return status;
    return status == EXIT_DONE ? EXIT_THRESHOLD : status;
}
