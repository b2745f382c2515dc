/* SPDX-License-Identifier: MIT */
/* Keeps or reports the tensors of a container, and counts their warnings. */
#include "cli/tensor_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/status_line.h"
#include "cli/warnings.h"

void tensor_list_begin(struct tensor_list *list, const char *path, enum quant_dtype dtype,
                       bool keeps_figures, struct report *direct)
{
    tensor_list_release(list);
    list->path = path;
    list->keeps_figures = keeps_figures;
    list->direct = direct;
    list->dtype = dtype;
}

static bool keep_notes(struct tensor_list *list, const char *name, unsigned notes)
{
    for (unsigned i = 0; i < TENSOR_LIST_NOTES; i++) {
        struct tensor_note *note = &list->notes[i];
        if (!(notes & 1u << i))
            continue;
        if (note->n++ == 0)
            note->first = strdup(name);
        if (!note->first)
            return false;
    }
    return true;
}

static void add_status(struct tensor_list *list, int status)
{
    if (list->status == EXIT_DONE || status == EXIT_FAILED)
        list->status = status;
}

/* The report may be on the terminal that shows the progress. */
static bool report_now(struct tensor_list *list, const struct report_subject *subject)
{
    if (isatty(STDOUT_FILENO) == 1)
        status_line_clear();
    add_status(list, report_file(list->direct, subject));
    return true;
}

static bool keep_row(struct tensor_list *list, const struct quant_tensor_result *tensor)
{
    const struct quant_quantize_result *found = tensor->found;
    const struct quant_dequantize_result *restored = tensor->restored;
    const bool is_restored = restored != NULL;
    char *path = NULL;
    if (!list->keeps_figures)
        return true;
    if (asprintf(&path, "%s: %s", list->path, tensor->name) < 0)
        return false;
    const struct report_subject subject = {
        .path = path,
        .file = list->path,
        .tensor = tensor->name,
        .params = is_restored ? &restored->params : &found->choice.params,
        .shape = is_restored ? &restored->shape : &found->shape,
        .order = is_restored ? restored->order : found->order,
        .grouping = is_restored ? &restored->grouping : &found->grouping,
        .source_path = is_restored ? restored->source_path : list->path,
        .source_format = is_restored ? restored->source_format : found->source_format,
        .source_dtype = is_restored ? restored->source_dtype : found->source_dtype,
        .figures = is_restored ? &restored->report : &found->report,
        .worst = is_restored ? &restored->worst : &found->worst,
    };
    const bool ok =
        list->direct ? report_now(list, &subject) : report_rows_keep(&list->rows, &subject);
    free(path);
    return ok;
}

static void count(struct tensor_list *list, const struct quant_tensor_result *tensor)
{
    const struct quant_quantize_result *found = tensor->found;
    const struct quant_dequantize_result *restored = tensor->restored;
    if (tensor->is_copied) {
        list->ncopied++;
        list->bytes_before += tensor->nbytes;
        list->bytes_after += tensor->nbytes;
        return;
    }
    list->nmapped++;
    list->params = restored ? restored->params : found->choice.params;
    list->bytes_before +=
        restored ? quant_dtype_bytes(list->dtype, restored->grouping.nelems) : tensor->nbytes;
    list->bytes_after +=
        totals_stored_bytes(&list->params, restored ? &restored->grouping : &found->grouping);
}

static bool add_tensor(void *context, const struct quant_tensor_result *result)
{
    struct tensor_list *list = context;
    /* The call returns the error, and the figures of a file of one tensor. */
    if (result->status != QUANT_OK || result->ntensors == 0)
        return true;
    count(list, result);
    if (result->is_copied)
        return true;
    list->no_memory =
        !keep_row(list, result) ||
        (result->found && !keep_notes(list, result->name, result->found->choice.notes));
    return !list->no_memory;
}

static void relay_progress(void *context, uint64_t done, uint64_t total)
{
    const struct tensor_list *list = context;
    list->progress(list->progress_context, done, total);
}

struct quant_control tensor_list_control(struct tensor_list *list,
                                         const struct quant_control *control)
{
    struct quant_control own = *control;
    list->progress = control->progress;
    list->progress_context = control->context;
    own.progress = control->progress ? relay_progress : NULL;
    own.on_tensor = add_tensor;
    own.context = list;
    return own;
}

int tensor_list_report(struct tensor_list *list, struct report *report, struct totals *totals,
                       bool quiet)
{
    totals_add(totals, list->bytes_before, list->bytes_after);
    totals->ntensors += list->nmapped;
    totals->ncopied += list->ncopied;
    for (size_t i = 0; !quiet && i < TENSOR_LIST_NOTES; i++)
        if (list->notes[i].n > 0)
            warnings_print_tensors(list->path, 1u << i, list->notes[i].n, list->notes[i].first,
                                   &list->params);
    for (size_t i = 0; i < list->rows.n; i++) {
        struct quant_shape shape;
        const struct report_subject subject = report_row_subject(&list->rows.rows[i], &shape);
        add_status(list, report_file(report, &subject));
    }
    const int status = list->status;
    report_end_container(report, list->nmapped);
    tensor_list_release(list);
    return status;
}

void tensor_list_release(struct tensor_list *list)
{
    for (size_t i = 0; i < TENSOR_LIST_NOTES; i++)
        free(list->notes[i].first);
    report_rows_release(&list->rows);
    *list = (struct tensor_list){.path = NULL};
}
