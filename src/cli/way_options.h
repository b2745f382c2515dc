/* SPDX-License-Identifier: MIT */
/* Options of the commands that write: how the work on the files is done, apart from what is done.
 */
#ifndef QUANT_CLI_WAY_OPTIONS_H
#define QUANT_CLI_WAY_OPTIONS_H

#include <quant/file.h>

#include "cli/option_values.h"

struct way_options {
    bool fail_fast;
    bool verbose;
};

/* Their rows, as initializers; base is the offset of the struct way_options in the command's. They
 * follow other rows of the output. */
#define WAY_ROWS(base)                                                                             \
    {                                                                                              \
        .name = "fail-fast", .help = "begin no other INPUT after the first that fails",            \
        .parse = value_flag, .offset = (base) + offsetof(struct way_options, fail_fast)            \
    }

#define VERBOSE_ROW(base)                                                                          \
    {                                                                                              \
        .brief = 'v', .name = "verbose",                                                           \
        .help = "say for which outputs free space could not be checked", .parse = value_flag,      \
        .offset = (base) + offsetof(struct way_options, verbose)                                   \
    }

/* The member `ways` of a job. */
uint64_t way_options_ways(const struct way_options *options);

#endif
