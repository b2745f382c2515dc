/* SPDX-License-Identifier: MIT */
/* What the ways far and given of map.h have in common: the parameters of all groups are known
 * before the pass that maps, and are in run->known. The functions are members of quant_map_ops. */
#ifndef QUANT_ENGINE_TENSOR_KNOWN_GROUPS_H
#define QUANT_ENGINE_TENSOR_KNOWN_GROUPS_H

#include "engine/tensor/tensor_run.h"
#include "engine/work/chunks.h"

size_t quant_known_groups_capacity(const struct quant_tensor_run *run);
unsigned quant_known_groups_limit_workers(const struct quant_tensor_run *run);

/* Called with room in run->known. */
enum quant_status quant_known_groups_make_buffers(struct quant_tensor_run *run,
                                                  struct quant_error *error);

/* Called with run->choice. Hands all scales to the output. */
enum quant_status quant_known_groups_choose(struct quant_tensor_run *run,
                                            struct quant_error *error);
enum quant_status quant_known_groups_load(struct quant_tensor_run *run, struct quant_chunk *chunk,
                                          struct quant_error *error);
enum quant_status quant_known_groups_map(struct quant_tensor_run *run,
                                         const struct quant_chunk *chunk,
                                         struct quant_error *error);
enum quant_status quant_known_groups_deliver(struct quant_tensor_run *run,
                                             const struct quant_chunk *chunk,
                                             struct quant_error *error);

#endif
