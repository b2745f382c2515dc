/* SPDX-License-Identifier: MIT */
/* From plans and layouts to what a dry run reports. */
#ifndef QUANT_ENGINE_FILES_PREVIEW_H
#define QUANT_ENGINE_FILES_PREVIEW_H

#include <quant/dry_run.h>

#include "core/plan.h"
#include "engine/files/container_plan.h"

/* What the plan says of every tensor that is mapped: all but types, shape and sizes. grouping is
 * that of the tensor; NULL: its shape is not known. */
void quant_preview_mapping(struct quant_tensor_preview *preview, const struct quant_plan *plan,
                           const struct quant_grouping *grouping);

/* Types, shape and sizes of a tensor of a container that is quantized. */
void quant_preview_planned(struct quant_tensor_preview *preview,
                           const struct quant_container_plan *plan,
                           const struct quant_planned_tensor *planned,
                           const struct quant_tensor_info *info);

/* Sets the sizes of a file that is a container. */
void quant_preview_container(struct quant_file_preview *preview,
                             const struct quant_container_plan *plan, size_t ntensors,
                             size_t ncopied);

/* Whether the outputs of a job could be opened. scales NULL: there is no file of scales. */
enum quant_status quant_preview_check(const struct quant_output *output, const char *sidecar,
                                      const char *scales, struct quant_error *error);

#endif
