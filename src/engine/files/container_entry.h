/* SPDX-License-Identifier: MIT */
/* From what was found of a tensor to its entry in the sidecar of a container. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_ENTRY_H
#define QUANT_ENGINE_FILES_CONTAINER_ENTRY_H

#include "engine/files/layout_write.h"
#include "formats/container.h"
#include "formats/tensor_file.h"
#include "records/sidecar_tensors.h"

/* The tensors of the output that restore one tensor; scales and zero points may be NULL. */
struct quant_entry_tensors {
    const char *name;                         /* of the one that is restored */
    const struct quant_layout_stored *stored; /* in the layout of an engine; NULL: in none */
    const struct quant_container_tensor *data;
    const struct quant_container_tensor *scales;
    const struct quant_container_tensor *zero_points;
};

/* Prints an entry: *text, which the caller frees, holds *nbytes bytes. QUANT_NO_MEMORY. */
enum quant_status quant_entry_print_mapped(const struct quant_entry_tensors *tensors,
                                           const struct quant_quantize_result *result,
                                           const struct quant_digests *digests, char **text,
                                           size_t *nbytes, struct quant_error *error);
enum quant_status quant_entry_print_copied(const struct quant_container_tensor *tensor,
                                           uint64_t digest, char **text, size_t *nbytes,
                                           struct quant_error *error);

#endif
