/* SPDX-License-Identifier: MIT */
/* Measuring with a scale for each group: a quantization that writes nothing, so that its figures
 * are those of one that does, and its memory as well. */
#include <stdlib.h>

#include "base/error.h"
#include "core/group_notes.h"
#include "engine/tensor/quantization.h"
#include "engine/tensor/trials.h"

/* A trial's progress is a part of the comparison's. */
struct relay {
    struct quant_progress *progress;
    uint64_t nelems;
    uint64_t seen;
};

static void relay_progress(void *context, uint64_t done, uint64_t total)
{
    struct relay *relay = context;
    const double share = total > 0 ? (double)done / (double)total : 0;
    const uint64_t seen = (uint64_t)(share * (double)relay->nelems);
    if (seen <= relay->seen)
        return;
    quant_progress_add(relay->progress, seen - relay->seen);
    relay->seen = seen;
}

static enum quant_status measure(struct quantization *run)
{
    const enum quant_status status =
        quant_group_pass_init(&run->groups, run->job, run->tensor.reader, run->error);
    run->scans_first = !run->groups.is_near;
    return status == QUANT_OK ? quant_quantization_make_passes(run) : status;
}

enum quant_status quant_trials_measure_groups(const struct quant_quantize_job *job,
                                              const struct quant_scan *scan,
                                              struct quant_comparison *row,
                                              struct quant_error *error)
{
    struct quant_quantize_result result = {.observed = QUANT_OBSERVED_INIT};
    struct relay relay = {scan->progress, scan->tensor->reader->nelems, 0};
    struct quantization *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    run->job = job;
    run->result = &result;
    run->error = error;
    run->tensor = *scan->tensor; /* borrowed: it is not closed here */
    run->has_groups = true;
    run->only_measures = true;
    run->progress = (struct quant_progress){.call = relay_progress, .context = &relay};
    const enum quant_status status = measure(run);
    if (status == QUANT_OK) {
        row->choice = result.choice;
        row->choice.notes = quant_group_notes_any(&run->groups.notes);
        quant_measure_report(&run->measure, run->tensor.reader->stored, run->groups.grouping.count,
                             &row->report);
    }
    quant_workbenches_free(run->benches, run->workers);
    quant_group_pass_release(&run->groups);
    free(run);
    return status;
}
