/* SPDX-License-Identifier: MIT */
/* One way into both kinds of report. */
#include "cli/report.h"

#include "cli/message.h"
#include "cli/streams.h"

bool report_is_grouped(const struct report_subject *subject)
{
    return subject->grouping->axis >= 0;
}

bool report_print(enum report_kind kind, const struct report_subject *subject)
{
    if (kind == REPORT_TEXT) {
        report_print_text(subject);
    } else if (kind == REPORT_JSON && !report_print_json(subject)) {
        message_error("'%s': no memory for its report", subject->path);
        return false;
    }
    return streams_flush();
}
