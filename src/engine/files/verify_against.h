/* SPDX-License-Identifier: MIT */
/* Opening what a file is verified against, and finding out what it is. */
#ifndef QUANT_ENGINE_FILES_VERIFY_AGAINST_H
#define QUANT_ENGINE_FILES_VERIFY_AGAINST_H

#include "engine/files/dequantize_inputs.h"
#include "engine/files/original_container.h"
#include "engine/files/restored_reader.h"
#include "engine/files/verify_compare.h"

/* The other file, opened once for all tensors. All zeros: closed. */
struct quant_against_file {
    const struct quant_input *input;
    const struct quant_cancel *cancel;
    struct quant_dequantize_job job;    /* of the two below */
    struct dequantization *quantized;   /* owned: it has a sidecar; or NULL */
    struct quant_container_input other; /* with a sidecar: a container, */
    struct quant_restored_tensors restored;
    uint32_t *by_data;                      /* owned: its entry for each tensor; or NOT_STORED */
    struct quant_original_container floats; /* without a sidecar: a container, or one tensor */
};

/* What one tensor is compared with. All zeros: closed. */
struct quant_against_tensor {
    struct quant_against against;
    struct quant_tensor original;           /* floats */
    struct quant_restored_reader quantized; /* a tensor of a container */
    struct quant_restored_tensor foreign;   /* that has no sidecar */
    struct quant_source *integers;          /* owned: a file of integers alone, */
    struct quant_reader *reader;            /* owned: and its reader */
};

/* For a container. input->path is given. The caller closes *file, also after an error. */
enum quant_status quant_against_file_open(struct quant_against_file *file,
                                          const struct quant_input *input,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error);

/* The tensor that one of a container is compared with: of that name, or the only one. From several
 * threads at once. */
enum quant_status quant_against_open_tensor(struct quant_against_file *file, const char *name,
                                            const struct quant_restored_tensor *own,
                                            struct quant_against_tensor *tensor,
                                            struct quant_error *error);

/* For a file of one tensor, whose sidecar has been read. */
enum quant_status quant_against_open_single(struct quant_against_file *file,
                                            struct dequantization *own,
                                            const struct quant_input *input,
                                            struct quant_against_tensor *tensor,
                                            struct quant_error *error);

void quant_against_tensor_close(struct quant_against_file *file,
                                struct quant_against_tensor *tensor);
void quant_against_file_close(struct quant_against_file *file);

#endif
