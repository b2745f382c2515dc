/* SPDX-License-Identifier: MIT */
/* A run that writes nothing: its figures and its memory are those of one that does. */
#include "engine/tensor/group_trials.h"

#include <stdlib.h>

#include "base/error.h"
#include "core/group_notes.h"
#include "engine/tensor/tensor_run.h"

enum quant_status quant_group_trial_measure(const struct quant_group_trial *trial,
                                            const struct quant_scan *scan,
                                            struct quant_comparison *row, struct quant_error *error)
{
    struct quant_progress_item item = {.whole = scan->progress,
                                       .nelems = scan->tensor->reader->nelems};
    struct quant_progress progress = {.call = quant_progress_relay, .context = &item};
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
