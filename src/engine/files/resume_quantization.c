/* SPDX-License-Identifier: MIT */
/* Going on after an earlier run with a file of one tensor. */
#include "core/range_params.h"
#include "engine/files/complete_output.h"
#include "engine/files/file_quantization.h"
#include "engine/files/sidecar_record.h"
#include "engine/work/job.h"
#include "formats/file_size.h"

/* What the sidecar of this run will say, apart from what its elements decide. */
static enum quant_status expect_sidecar(struct quant_file_quantization *file,
                                        struct quant_sidecar *expected)
{
    const struct quant_reader *reader = quant_tensor_origin(&file->tensor);
    const struct quant_plan *plan = &file->plan;
    const struct quant_quantize_result nothing = {.choice = quant_choice_of_nothing(&plan->target)};
    const struct quant_record_files files = {
        .sidecar = file->sidecar_path,
        .source_is_file = quant_tensor_source(&file->tensor)->positional,
        .data_is_file = true,
    };
    const enum quant_status status =
        quant_record_fill(expected, &files, file->job, &nothing, reader, file->format, file->error);
    if (reader->knowledge == QUANT_SHAPE_KNOWN)
        (void)quant_format_file_size(file->format, plan->target.dtype, &reader->shape,
                                     reader->order, reader->nelems, &expected->data_bytes);
    return status;
}

enum quant_status quant_file_check_complete(struct quant_file_quantization *file)
{
    struct quant_sidecar expected = {.has_groups = false};
    const uint64_t ways = file->job->ways;
    if (!quant_ways_resume(ways) || file->data_is_new || file->sidecar_is_new ||
        file->job->nties > 0 || /* the range is that of other files too */
        (file->mapping->given && !file->is_settled))
        return QUANT_OK;
    const struct quant_single_outputs outputs = {
        .job = file->job,
        .sidecar_path = file->sidecar_path,
        .plan = &file->plan,
        .given = quant_file_given(file),
        .expected = &expected,
        .has_shape = quant_tensor_origin(&file->tensor)->knowledge == QUANT_SHAPE_KNOWN,
        .is_fast = ways & (QUANT_RESUME_FAST | QUANT_DRY_RUN)};
    enum quant_status status = expect_sidecar(file, &expected);
    if (status == QUANT_OK)
        status = quant_complete_single(&outputs, &file->work->outcome->is_complete, file->error);
    quant_sidecar_release(&expected);
    return status;
}
