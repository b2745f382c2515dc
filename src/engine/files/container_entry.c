/* SPDX-License-Identifier: MIT */
/* Entries of mapped and of copied tensors. */
#include "engine/files/container_entry.h"

#include <string.h>

#include "engine/files/sidecar_record.h"

static void set_method(struct quant_sidecar_entry *entry,
                       const struct quant_quantize_result *result)
{
    const struct quant_observed *observed = &result->observed;
    const struct quant_choice *choice = &result->choice;
    entry->method = quant_record_method(choice);
    entry->has_argument = choice->has_calibration_argument;
    entry->argument = choice->calibration_argument;
    entry->has_range = choice->has_range;
    memcpy(entry->range, choice->range, sizeof entry->range);
    entry->has_observed = observed->count > observed->nonfinite;
    entry->observed[0] = (double)observed->min + 0.0; /* -0 becomes 0 */
    entry->observed[1] = (double)observed->max + 0.0;
}

/* The entry is that of a file without a layout, and names the tensors that hold it. */
static void set_stored(struct quant_sidecar_entry *entry, const struct quant_entry_tensors *tensors)
{
    const struct quant_layout_stored *stored = tensors->stored;
    const struct quant_container *container = quant_format_safetensors.container;
    uint64_t nelems = 1;
    if (!stored)
        return;
    for (int i = 0; i < entry->ndim; i++)
        nelems *= entry->dims[i];
    entry->stored.data = stored->data;
    entry->stored.type = entry->stored_type;
    for (size_t i = 0; i < stored->nfixed; i++)
        entry->stored.beside[entry->stored.nbeside++] = stored->fixed[i].name;
    entry->stored_type = container->type_of(entry->params.dtype)->name;
    entry->stored_nbytes = quant_dtype_bytes(entry->params.dtype, nelems);
}

enum quant_status quant_entry_print_mapped(const struct quant_entry_tensors *tensors,
                                           const struct quant_quantize_result *result,
                                           const struct quant_digests *digests, char **text,
                                           size_t *nbytes, struct quant_error *error)
{
    const struct quant_grouping *grouping = &result->grouping;
    struct quant_sidecar_entry entry = {
        .name = tensors->name,
        .stored_type = tensors->data->type->name,
        .stored_nbytes = tensors->data->data.nbytes,
        .digests = *digests,
        .order = result->order,
        .ndim = result->shape.ndim,
        .dims = result->shape.dims,
        .params = result->choice.params,
        .scale_name = tensors->scales ? tensors->scales->name : NULL,
        .zero_point_name = tensors->zero_points ? tensors->zero_points->name : NULL,
        .has_groups = grouping->axis >= 0,
        .axis = grouping->axis,
        .block_size = grouping->block_size,
        .block_rows = grouping->block_rows,
        .scale_count = tensors->scales ? grouping->count : 0,
        .source_dtype = result->source_dtype,
    };
    set_method(&entry, result);
    set_stored(&entry, tensors);
    return quant_sidecar_print_entry(&entry, text, nbytes, error);
}

enum quant_status quant_entry_print_copied(const struct quant_container_tensor *tensor,
                                           uint64_t digest, char **text, size_t *nbytes,
                                           struct quant_error *error)
{
    const struct quant_sidecar_entry entry = {
        .name = tensor->name,
        .is_copied = true,
        .stored_type = tensor->type->name,
        .stored_nbytes = tensor->data.nbytes,
        .digests = {.data = digest},
        .ndim = (int)tensor->ndim,
        .dims = tensor->dims,
        .axis = -1,
    };
    return quant_sidecar_print_entry(&entry, text, nbytes, error);
}
