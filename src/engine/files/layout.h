/* SPDX-License-Identifier: MIT */
/*
 * Layouts of other programs: how they leave quantized weights in a checkpoint, without a sidecar.
 *
 * To add one: write layout_NAME.c that ends in `const struct quant_layout quant_layout_NAME`;
 * declare it here; give it a row in layouts.c. It says of each tensor of a shard whether it is
 * restored, copied or left out; layout_view.c makes of that a file as quant would have written it,
 * which is then restored as any other.
 */
#ifndef QUANT_ENGINE_FILES_LAYOUT_H
#define QUANT_ENGINE_FILES_LAYOUT_H

#include <cjson/cJSON.h>

#include "engine/files/restored_tensors.h"
#include "formats/tensor_file.h"

struct quant_layout_shards;

/* A tensor, in whatever shard it is. */
struct quant_layout_place {
    const struct quant_tensor_info *info; /* NULL: it was not found */
    struct quant_source *source;          /* of the shard */
};

enum quant_layout_role {
    QUANT_LAYOUT_COPIED,
    QUANT_LAYOUT_RESTORED,
    QUANT_LAYOUT_LEFT_OUT /* belongs to one that is restored */
};

/* What a layout says of a tensor that is restored: all zeros but what it sets. */
struct quant_layout_tensor {
    const char *name; /* of the restored tensor; in reading->arena, or the stored one's */
    enum quant_dtype dtype;
    uint64_t dims[QUANT_MAX_DIMS];
    uint32_t ndim;
    int axis; /* -1: one scale; then as in a sidecar */
    uint64_t block_size;
    uint64_t block_rows;
    struct quant_layout_place data;
    struct quant_layout_place scales;
    struct quant_layout_place zero_points; /* int8 or int32; none: 0 */
    struct quant_layout_place biases; /* in place of zero points, of the type of the scales, which
                                       * may then be negative; none: no biases */
    bool has_offset;    /* the integers are stored as unsigned, half their range above themselves */
    uint64_t row_bytes; /* of a row, padded; 0: elements follow each other */
};

/* A shard under way. */
struct quant_layout_reading {
    const struct quant_layout *layout;
    const struct quant_tensor_file *file;
    struct quant_layout_shards *shards; /* whose first the file is; only with a file */
    const cJSON *config;                /* the entry of its config.json, or NULL */
    struct quant_source *config_source; /* for messages, with config */
    void *state;                        /* what `begin` has left, in the arena */
    struct quant_arena *arena;
    struct quant_error *error;
};

/* Finds the tensor called stem followed by suffix in the shard, or where the index of the
 * checkpoint says it is. Not finding it is not an error. */
enum quant_status quant_layout_find(struct quant_layout_reading *reading, const char *stem,
                                    const char *suffix, struct quant_layout_place *place);

/* Whether name ends so; if it does, *stem is what comes before it, in the arena. */
enum quant_status quant_layout_stem(struct quant_layout_reading *reading, const char *name,
                                    const char *end, const char **stem);

/* "cannot read 'FILE': tensor 'NAME' WHAT" */
enum quant_status quant_layout_fail(const struct quant_layout_reading *reading, const char *name,
                                    const char *format, ...) QUANT_PRINTF(3, 4);

/* The number of elements of a tensor. */
uint64_t quant_layout_count(const struct quant_tensor_info *info);

struct quant_layout {
    const char *name;
    const char *quant_method; /* of the config; NULL: it is seen in the tensors alone */
    bool (*has_config)(const cJSON *config); /* whether an entry without a quant_method is of this
                                              * layout; NULL: none is */
    const char *mark;     /* without a quant_method: what the name of some tensor ends with */
    const char *metadata; /* a key of the metadata that is left out; NULL: none */

    /* Reads the config. NULL: nothing to be done. QUANT_UNSUPPORTED: names what is not known. */
    enum quant_status (*begin)(struct quant_layout_reading *reading);

    /* Says what the tensor at info of the file is, and if it is restored, how. */
    enum quant_status (*place)(struct quant_layout_reading *reading,
                               const struct quant_tensor_info *info, enum quant_layout_role *role,
                               struct quant_layout_tensor *tensor);
};

extern const struct quant_layout quant_layout_compressed_tensors;
extern const struct quant_layout quant_layout_comfyui;
extern const struct quant_layout quant_layout_mlx;

/* The layout that the entry of a config, which may be NULL, names; *layout NULL: none, the entry is
 * quant's own, or missing. QUANT_UNSUPPORTED: it names one that is not known; source is the
 * config. */
enum quant_status quant_layout_named(const cJSON *config, struct quant_source *source,
                                     const struct quant_layout **layout, struct quant_error *error);

/* The layout that has a tensor of this name; NULL: the name says nothing. */
const struct quant_layout *quant_layout_marked(const char *name);

#endif
