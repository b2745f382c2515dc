/* SPDX-License-Identifier: MIT */
/* Runs a report of any kind. */
#include "cli/report.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/report_worst.h"
#include "cli/signals.h"
#include "cli/standard_streams.h"

static const struct report_kind *const kinds[] = {&report_text, &report_table, &report_json};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *report_kind_name(size_t i)
{
    return i < KINDS ? kinds[i]->name : NULL;
}

int report_begin(struct report *report, const struct report_options *options,
                 const struct targets *targets)
{
    *report = (struct report){
        .options = options,
        .kind = options->kind > 0 ? kinds[options->kind - 1] : NULL,
        .nfiles = targets->n,
    };
    quant_report_init(&report->total);
    if (!report->kind)
        return EXIT_DONE;
    return report_output_open(&report->output, options->file, targets) ? EXIT_DONE : EXIT_FAILED;
}

/* ---- Rows ---- */

static bool is_kept(const struct report *report)
{
    return !report->kind->file || report->options->sort.given || report->options->top > 0;
}

/* Sorts by --sort, or by mse if only --top is given. */
static void sort_rows(struct report *report)
{
    const struct report_options *options = report->options;
    struct given_sort sort = options->sort;
    if (!sort.given && options->top == 0)
        return;
    if (!sort.given)
        sort.figure = quant_figure_from_key("mse");
    report_rows_sort(&report->rows, &sort);
    if (options->top > 0 && report->rows.n > options->top)
        report_rows_cut(&report->rows, (size_t)options->top);
}

/* Drops rows that can no longer be among the first, from time to time: memory then depends on
 * --top, not on the number of files. */
static void drop_rows(struct report *report)
{
    enum { SLACK = 1024 };
    const uint64_t top = report->options->top;
    if (top > 0 && report->rows.n > SLACK && report->rows.n / 2 > top)
        sort_rows(report);
}

static bool print_rows(struct report *report)
{
    bool ok = true;
    for (size_t i = 0; ok && i < report->rows.n; i++) {
        struct quant_shape shape;
        const struct report_subject subject = report_row_subject(&report->rows.rows[i], &shape);
        ok = report->kind->file(report, &subject);
    }
    return ok;
}

/* ---- Files ---- */

/* False after a message. */
static bool finish_print(struct report *report, const char *path, bool ok)
{
    if (!ok) {
        message_error("'%s': no memory for its report", path);
        return false;
    }
    return report_output_flush(&report->output);
}

static bool print_file(struct report *report, const struct report_subject *subject)
{
    bool ok = !report->kind->keeps_worst || report_worst_keep(&report->worst, subject);
    if (ok && is_kept(report)) {
        ok = report_rows_keep(&report->rows, subject);
        drop_rows(report);
    } else if (ok) {
        ok = report->kind->file(report, subject);
    }
    return finish_print(report, subject->path, ok);
}

int report_file(struct report *report, const struct report_subject *subject)
{
    if (!report_options_measure(report->options))
        return EXIT_DONE;
    quant_report_add(&report->total, subject->figures);
    report->ntensors++;
    report->has_containers = report->has_containers || subject->tensor;
    if (!report_output_spare(&report->output, subject->source_path))
        return EXIT_FAILED;
    if (report->kind && !print_file(report, subject))
        return EXIT_FAILED;
    return threshold_is_met(&report->options->thresholds, false, subject->figures, subject->path)
               ? EXIT_THRESHOLD
               : EXIT_DONE;
}

void report_end_container(struct report *report, size_t ncopied, uint64_t nbytes)
{
    report->has_containers = true;
    report->ncopied += ncopied;
    report->bytes_copied += nbytes;
}

int report_failure(struct report *report, const char *path, const char *tensor,
                   enum quant_status status, const struct quant_error *error)
{
    message_failure(status, error);
    report->nfailed++;
    report->has_containers = report->has_containers || tensor;
    const bool is_news = status != QUANT_CANCELLED && status != QUANT_CLOSED;
    if (!is_news || !report->kind)
        return EXIT_FAILED;
    bool ok = true;
    if (report->kind->failure)
        ok = report->kind->failure(report, path, tensor, error->text);
    else if (!report->kind->file)
        ok = report_rows_keep_failure(&report->rows, path, error->text);
    finish_print(report, path, ok);
    return EXIT_FAILED;
}

/* ---- The end ---- */

bool report_has_total(const struct report *report)
{
    return report->nfiles > 1 || report->ntensors > 1;
}

void report_name_total(const struct report *report, char *name, size_t room)
{
    if (report->has_containers)
        snprintf(name, room, "%s%zu tensor%s", report->nfailed == 0 ? "all " : "", report->ntensors,
                 report->ntensors == 1 ? "" : "s");
    else if (report->nfailed == 0)
        snprintf(name, room, "all %zu files", report->nfiles);
    else
        snprintf(name, room, "%zu of %zu files", report->nfiles - report->nfailed, report->nfiles);
}

static bool print_end(struct report *report)
{
    sort_rows(report);
    bool ok = !report->kind->file || print_rows(report);
    if (ok && report->kind->end)
        ok = report->kind->end(report);
    if (!ok)
        message_error("no memory for the report");
    return ok && report_output_flush(&report->output) && report_output_commit(&report->output);
}

int report_end(struct report *report, int status)
{
    if (signals_raised())
        return status;
    if (report->kind && !print_end(report))
        status = EXIT_FAILED;
    if (!threshold_is_met(&report->options->thresholds, true, &report->total, NULL))
        return status;
    return status == EXIT_DONE ? EXIT_THRESHOLD : status;
}

void report_release(struct report *report)
{
    report_output_discard(&report->output);
    report_rows_release(&report->rows);
    report_rows_release(&report->worst);
}
