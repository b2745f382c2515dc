/* SPDX-License-Identifier: MIT */
/* The files that the tensors of one container are compared with: one, or those shards of a
 * checkpoint that have them. */
#ifndef QUANT_ENGINE_FILES_VERIFY_SHARDS_H
#define QUANT_ENGINE_FILES_VERIFY_SHARDS_H

#include "engine/files/verify_against.h"
#include "engine/files/verify_run.h"

/* All zeros: nothing is compared. */
struct quant_verify_shards {
    struct quant_verify_shard **list; /* owned: n of them, with a checkpoint as in that; NULL: it is
                                       * not needed */
    size_t n;
    uint32_t *of; /* owned: for each tensor the index in list, or that it is not compared; NULL: all
                   * are in the only file */
};

/* The tensors of the container. All borrowed. */
struct quant_verify_tensors {
    const struct quant_restored_tensors *restored;
    const struct quant_tensor_file *file;
    const char *(*name)(const void *context, size_t i); /* of the i-th that is restored */
    const void *context;
};

/* Opens the files for all tensors. What is wrong with a file is in the findings of the run. The
 * caller closes *shards, also after an error: QUANT_CANCELLED, QUANT_NO_MEMORY. */
enum quant_status quant_verify_shards_open(struct quant_verify_shards *shards,
                                           struct quant_verify_run *run,
                                           const struct quant_verify_tensors *tensors);

/* The file that the i-th tensor, called name, is compared with. NULL: it is not compared, and the
 * findings say why, or those of the run. From several threads at once. */
struct quant_against_file *quant_verify_shards_of(const struct quant_verify_shards *shards,
                                                  const struct quant_verify_run *run, size_t i,
                                                  const char *name,
                                                  struct quant_findings *findings);

void quant_verify_shards_close(struct quant_verify_shards *shards);

#endif
