/* SPDX-License-Identifier: MIT */
/* A sink for the tensors of a container whose format keeps a CRC of each: it passes on what is
 * written, in whatever order and by whatever threads, and writes the CRCs at the end. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_SEAL_H
#define QUANT_ENGINE_FILES_CONTAINER_SEAL_H

#include <pthread.h>

#include "base/sink.h"
#include "formats/container.h"

struct quant_crc_parts;

/* All zeros: not opened. */
struct quant_container_seals {
    struct quant_sink sink;                      /* by position */
    struct quant_sink *target;                   /* borrowed; by position */
    const struct quant_container_layout *layout; /* borrowed; with seals */
    struct quant_crc_parts *parts;               /* owned: of each tensor */
    pthread_mutex_t mutex;
};

/* QUANT_NO_MEMORY. */
enum quant_status quant_container_seals_open(struct quant_container_seals *seals,
                                             struct quant_sink *target,
                                             const struct quant_container_layout *layout,
                                             struct quant_error *error);

/* After all bytes of all tensors have been written, each once. */
enum quant_status quant_container_seals_write(const struct quant_container_seals *seals,
                                              struct quant_error *error);

/* Fine on zeros. */
void quant_container_seals_release(struct quant_container_seals *seals);

#endif
