/* SPDX-License-Identifier: MIT */
/* The originals of the tensors of a container: another container, or a file of one tensor. */
#ifndef QUANT_ENGINE_FILES_ORIGINAL_CONTAINER_H
#define QUANT_ENGINE_FILES_ORIGINAL_CONTAINER_H

#include "engine/files/container_output.h"
#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"
#include "engine/tensor/tensor.h"

/* Zeroed, it is closed. */
struct quant_original_container {
    struct quant_container_input input; /* a container */
    struct quant_tensor single;         /* or a file of one tensor */
    char *path;                         /* owned: if the sidecar named it */
};

/* Opens job->against, or the file that the sidecar names, which must be a regular one. head and
 * sidecar_path NULL: there is no sidecar. */
enum quant_status quant_original_container_open(struct quant_original_container *original,
                                                const struct quant_dequantize_job *job,
                                                const struct quant_sidecar_head *head,
                                                const char *sidecar_path,
                                                struct quant_error *error);

/* Opens the original of a tensor of that name into *tensor: QUANT_CORRUPT if there is not one, or
 * its shape is another. `close` closes what it opened. */
enum quant_status quant_original_container_tensor(struct quant_original_container *original,
                                                  const char *name,
                                                  const struct quant_restored_tensor *restored,
                                                  struct quant_tensor *tensor,
                                                  struct quant_error *error);
void quant_original_container_close_tensor(struct quant_original_container *original,
                                           struct quant_tensor *tensor);

/* At the end: that the file is still the one that was opened. */
enum quant_status
quant_original_container_check_unchanged(const struct quant_original_container *original,
                                         struct quant_error *error);

void quant_original_container_close(struct quant_original_container *original);

#endif
