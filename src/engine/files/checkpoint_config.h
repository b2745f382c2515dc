/* SPDX-License-Identifier: MIT */
/* What the config of a checkpoint that is quantized says of it. */
#ifndef QUANT_ENGINE_FILES_CHECKPOINT_CONFIG_H
#define QUANT_ENGINE_FILES_CHECKPOINT_CONFIG_H

#include <quant/directory.h>

struct quant_config_entry {
    char *text;     /* owned */
    bool has_other; /* it is in the config twice, also as quant_layout_other_key */
};

/* The quantization_config, as JSON, by which an engine loads what the job's `quantize` makes of all
 * shards; or the one by which nobody loads integers as weights. Its text is the caller's to free.
 * Errors: those of planning each shard. */
enum quant_status quant_checkpoint_config(const struct quant_checkpoint_job *job,
                                          struct quant_config_entry *entry,
                                          struct quant_error *error);

#endif
