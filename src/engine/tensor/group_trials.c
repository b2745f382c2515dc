/* SPDX-License-Identifier: MIT */
/* A run that writes nothing: its figures and its memory are those of one that does. */
#include "engine/tensor/group_trials.h"

#include <stdlib.h>

#include "base/error.h"
#include "core/group_notes.h"
#include "engine/tensor/tensor_run.h"

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

enum quant_status quant_group_trial_measure(const struct quant_group_trial *trial,
                                            const struct quant_scan *scan,
                                            struct quant_comparison *row, struct quant_error *error)
{
    struct relay relay = {scan->progress, scan->tensor->reader->nelems, 0};
    struct quant_progress progress = {.call = relay_progress, .context = &relay};
    struct quant_tensor_run *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    run->plan = trial->plan;
    run->cancel = trial->cancel;
    run->tensor = scan->tensor;
    run->progress = &progress;
    run->pool = scan->pool;
    run->buffers = scan->buffers;
    run->threads = scan->workers;
    run->measures = true;
    enum quant_status status = quant_tensor_run_begin(run, error);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(run, error);
    if (status == QUANT_OK) {
        row->choice = run->choice;
        row->choice.notes = quant_group_notes_any(&run->notes);
        quant_tensor_run_report(run, &row->report);
    }
    quant_tensor_run_release(run);
    free(run);
    return status;
}
