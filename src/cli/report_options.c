/* SPDX-License-Identifier: MIT */
/* Reading and checking the options of a report. */
#include "cli/report_options.h"

#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/nearest_word.h"
#include "cli/report_output.h"

static const char path_key[] = "path";

/* The keys of all figures, then "path". */
static const char *sort_key(const void *context, size_t i)
{
    (void)context;
    const struct quant_figure *figure = quant_figure_at(i);
    if (figure)
        return figure->key;
    return i > 0 && quant_figure_at(i - 1) ? path_key : NULL;
}

bool report_sort_parse(const struct option_row *row, const char *text, void *field,
                       struct option_reason *reason)
{
    (void)row;
    struct given_sort *sort = field;
    const bool is_reversed = text[0] == '-';
    const char *key = text + (is_reversed ? 1 : 0);
    *sort = (struct given_sort){true, is_reversed, quant_figure_from_key(key)};
    if (sort->figure || strcmp(key, path_key) == 0)
        return true;
    const char *nearest = word_nearest(key, sort_key, NULL);
    if (nearest)
        snprintf(reason->text, sizeof reason->text, "there is no key '%s'; did you mean '%s%s'?",
                 key, is_reversed ? "-" : "", nearest);
    return false;
}

bool report_options_measure(const struct report_options *options)
{
    return options->kind != 0 || options->thresholds.n > 0;
}

bool report_options_to_stdout(const struct report_options *options)
{
    return options->kind != 0 && report_output_is_stdout(options->file);
}

int report_options_check(const struct command *command, const struct report_options *options)
{
    const char *idle = options->file         ? "report-file"
                       : options->sort.given ? "sort"
                       : options->top > 0    ? "top"
                                             : NULL;
    if (idle && options->kind == 0)
        return message_usage(command->name, "'--%s' needs '--report'", idle);
    return EXIT_DONE;
}

void report_options_release(struct report_options *options)
{
    threshold_release(&options->thresholds);
}
