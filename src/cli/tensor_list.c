/* SPDX-License-Identifier: MIT */
/* Reports the tensors of a container, and counts their warnings. */
#include "cli/tensor_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/warnings.h"

static bool keep_notes(struct tensor_list *list, const char *name,
                       const struct quant_choice *choice)
{
    for (unsigned i = 0; i < TENSOR_LIST_NOTES; i++) {
        struct tensor_note *note = &list->notes[i];
        if (!(choice->notes & 1u << i))
            continue;
        if (note->n++ == 0) {
            note->first = strdup(name);
            note->params = choice->params;
        }
        note->is_mixed = note->is_mixed || note->params.dtype != choice->params.dtype ||
                         note->params.scale_dtype != choice->params.scale_dtype;
        if (!note->first)
            return false;
    }
    return true;
}

static bool report_tensor(struct tensor_list *list, const struct quant_tensor_result *tensor,
                          struct report *report)
{
    const struct quant_quantize_result *found = tensor->found;
    const struct quant_dequantize_result *restored = tensor->restored;
    const bool is_restored = restored != NULL;
    char *path = NULL;
    if (!report_options_measure(report->options))
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
    const int status = report_file(report, &subject);
    if (list->status == EXIT_DONE || status == EXIT_FAILED)
        list->status = status;
    free(path);
    return true;
}

static void count(struct tensor_list *list, enum quant_dtype dtype,
                  const struct quant_tensor_result *tensor)
{
    const struct quant_quantize_result *found = tensor->found;
    const struct quant_dequantize_result *restored = tensor->restored;
    if (tensor->is_copied) {
        list->ncopied++;
        list->bytes_copied += tensor->nbytes;
        list->bytes_before += tensor->nbytes;
        list->bytes_after += tensor->nbytes;
        return;
    }
    list->nmapped++;
    const struct quant_params *params = restored ? &restored->params : &found->choice.params;
    list->has_scales = list->has_scales || !quant_dtype_info(params->dtype)->is_unscaled;
    if (!restored)
        list->bytes_before += tensor->nbytes;
    else if (dtype == QUANT_DTYPE_NONE)
        list->bytes_before += restored->report.bytes_in;
    else
        list->bytes_before += quant_dtype_bytes(dtype, restored->grouping.nelems);
    list->bytes_after +=
        totals_stored_bytes(params, restored ? &restored->grouping : &found->grouping);
}

bool tensor_list_add(struct tensor_list *list, const char *path, enum quant_dtype dtype,
                     const struct quant_tensor_result *tensor, struct report *report)
{
    if (tensor->tensor == 0) {
        tensor_list_release(list);
        list->path = path;
    }
    if (tensor->status != QUANT_OK) { /* which is the file's, too */
        free(list->failed);
        list->failed = strdup(tensor->name);
        return true;
    }
    count(list, dtype, tensor);
    if (tensor->is_copied ||
        (report_tensor(list, tensor, report) &&
         (!tensor->found || keep_notes(list, tensor->name, &tensor->found->choice))))
        return true;
    message_error("'%s': no memory for its report", path);
    return false;
}

const char *tensor_list_failed(const struct tensor_list *list, const char *path)
{
    return list->path == path ? list->failed : NULL;
}

int tensor_list_end(struct tensor_list *list, struct report *report, struct totals *totals,
                    bool quiet)
{
    const int status = list->status;
    totals_add(totals, list->bytes_before, list->bytes_after);
    totals->ntensors += list->nmapped;
    totals->ncopied += list->ncopied;
    for (size_t i = 0; !quiet && i < TENSOR_LIST_NOTES; i++)
        if (list->notes[i].n > 0)
            warnings_print_tensors(list->path, 1u << i, list->notes[i].n, list->notes[i].first,
                                   list->notes[i].is_mixed ? NULL : &list->notes[i].params);
    report_end_container(report, list->ncopied, list->bytes_copied);
    tensor_list_release(list);
    return status;
}

void tensor_list_release(struct tensor_list *list)
{
    for (size_t i = 0; i < TENSOR_LIST_NOTES; i++)
        free(list->notes[i].first);
    free(list->failed);
    *list = (struct tensor_list){.path = NULL};
}
