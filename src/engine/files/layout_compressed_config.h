/* SPDX-License-Identifier: MIT */
/* The quantization_config of compressed-tensors, as far as it says how weights are stored. */
#ifndef QUANT_ENGINE_FILES_LAYOUT_COMPRESSED_CONFIG_H
#define QUANT_ENGINE_FILES_LAYOUT_COMPRESSED_CONFIG_H

#include "engine/files/layout.h"

enum quant_layout_strategy {
    QUANT_LAYOUT_BY_TENSOR,
    QUANT_LAYOUT_BY_CHANNEL,
    QUANT_LAYOUT_BY_GROUP,
    QUANT_LAYOUT_BY_BLOCK
};

/* One of its config_groups. */
struct quant_layout_group {
    bool is_packed; /* pack-quantized */
    bool is_float;  /* float8_e4m3fn */
    bool is_symmetric;
    unsigned nbits;
    enum quant_layout_strategy strategy;
    uint64_t block_size; /* of columns that share a scale, */
    uint64_t block_rows; /* and of rows, by block */
};

struct quant_layout_groups {
    struct quant_layout_group *groups; /* n of them, in the arena */
    size_t n;
};

/* Reads reading->config into reading->state, a struct quant_layout_groups. QUANT_UNSUPPORTED: names
 * the key whose value is not known. */
enum quant_status quant_layout_read_groups(struct quant_layout_reading *reading);

#endif
