/* SPDX-License-Identifier: MIT */
/* A quantized tensor of a container, opened for a pass over its integers: a reader that hashes
 * them, and the scales of its groups. */
#ifndef QUANT_ENGINE_FILES_RESTORED_READER_H
#define QUANT_ENGINE_FILES_RESTORED_READER_H

#include "engine/files/restored_tensors.h"
#include "engine/tensor/group_source.h"
#include "io/checksum.h"

/* All zeros: closed. */
struct quant_restored_reader {
    struct quant_shape shape;
    struct quant_source *data;   /* owned: a window of the container */
    struct quant_reader *reader; /* owned: of the integers */
    struct quant_checksum_source checksum;
    struct quant_group_source groups; /* if the tensor has them */
};

/* The integers, as what the sidecar says they are: a container has no 4-bit ones. file outlives the
 * reader. The caller closes it, also after an error of any of these functions. */
enum quant_status quant_restored_reader_open(struct quant_restored_reader *reader,
                                             const struct quant_tensor_file *file,
                                             const struct quant_restored_tensor *restored,
                                             struct quant_error *error);

/* The scales and zero points, which are checked: their checksums, and each scale of a group. */
enum quant_status quant_restored_reader_open_scales(struct quant_restored_reader *reader,
                                                    const struct quant_tensor_file *file,
                                                    const struct quant_restored_tensor *restored,
                                                    struct quant_error *error);

/* After all integers have been read: that their checksum is the one of the sidecar. */
enum quant_status quant_restored_reader_check(struct quant_restored_reader *reader,
                                              const struct quant_tensor_file *file,
                                              const struct quant_restored_tensor *restored,
                                              struct quant_error *error);

/* The same of a tensor that is not restored: copied, or a single scale. */
enum quant_status quant_stored_tensor_check(const struct quant_tensor_file *file, uint32_t index,
                                            uint64_t digest, uint64_t expected,
                                            struct quant_error *error);

void quant_restored_reader_close(struct quant_restored_reader *reader);

#endif
