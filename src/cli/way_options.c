/* SPDX-License-Identifier: MIT */
#include "cli/way_options.h"

#include "cli/message.h"
#include "cli/report_output.h"

const char *choice_resume(size_t i)
{
    static const char *const words[] = {"check", "fast"};
    return i < sizeof words / sizeof words[0] ? words[i] : NULL;
}

int way_options_check(const struct command *command, const struct way_options *options,
                      const struct report_options *report, bool force)
{
    if (options->resume && force)
        return message_usage(command->name, "'--resume' and '--force' exclude each other");
    if (options->resume && report->thresholds.n > 0)
        return message_usage(command->name,
                             "'--fail-if' needs figures of all files, but '--resume' leaves some "
                             "alone; use 'quant dequant --fail-if' after it");
    if (options->shard.given && !report_output_is_stdout(report->file))
        return message_usage(command->name,
                             "'--report-file' is one file, but '--shard' has a report in each "
                             "process; redirect standard output");
    if (options->dry_run && !report_output_is_stdout(report->file))
        return message_usage(command->name,
                             "'--dry-run' creates no file: '--report-file' cannot be used with it");
    return EXIT_DONE;
}

uint64_t way_options_ways(const struct way_options *options)
{
    return (options->fail_fast ? (uint64_t)QUANT_FAIL_FAST : 0) |
           (options->dry_run ? (uint64_t)QUANT_DRY_RUN : 0) |
           (options->sync ? (uint64_t)QUANT_SYNC : 0) |
           (options->resume == 1   ? (uint64_t)QUANT_RESUME
            : options->resume == 2 ? (uint64_t)QUANT_RESUME_FAST
                                   : 0);
}
