/* SPDX-License-Identifier: MIT */
#include "cli/way_options.h"

#include "cli/message.h"
#include "cli/report_output.h"

int way_options_check(const struct command *command, const struct way_options *options,
                      const struct report_options *report)
{
    if (options->dry_run && !report_output_is_stdout(report->file))
        return message_usage(command->name,
                             "'--dry-run' creates no file: '--report-file' cannot be used with it");
    return EXIT_DONE;
}

uint64_t way_options_ways(const struct way_options *options)
{
    return (options->fail_fast ? (uint64_t)QUANT_FAIL_FAST : 0) |
           (options->dry_run ? (uint64_t)QUANT_DRY_RUN : 0);
}
