/* SPDX-License-Identifier: MIT */
/*
 * Layouts that are written: how the files of an engine hold what quant has quantized. The reverse
 * of layout.h, which restores what other programs have written; but of a file that has a sidecar,
 * this is also how it is read.
 *
 * To add one: write layout_write_NAME.c that ends in `const struct quant_written_layout
 * quant_written_NAME`; declare it here; give it a row in layout_writers.c. `store` says what the
 * tensors of one weight are: the plan, the sidecar, the writing, the reading by the sidecar and the
 * index all follow from it. Then cases in tests/interop/written_layouts.py.
 */
#ifndef QUANT_ENGINE_FILES_LAYOUT_WRITE_H
#define QUANT_ENGINE_FILES_LAYOUT_WRITE_H

#include <quant/groups.h>

#include "base/arena.h"
#include "base/packing.h"

/* A weight that is quantized. */
struct quant_layout_weight {
    const char *name;
    const uint64_t *dims; /* two */
    const struct quant_params *params;
    enum quant_dtype input; /* the type that it had */
    int axis;               /* -1: one scale; these three as in a sidecar */
    uint64_t block_size;
    uint64_t block_rows;
    bool has_zero_points;
};

/* A tensor whose bytes are known without any element. */
struct quant_layout_fixed {
    const char *name;
    const char *type; /* a word that all formats share, "int64" */
    uint64_t length;  /* it has one dimension */
    const void *bytes;
    size_t nbytes;
};

enum { QUANT_LAYOUT_FIXED = 2 }; /* the most of them that a weight has */

/* The tensors that hold it. All zeros but what the layout sets; texts and bytes are in the arena,
 * or constant. */
struct quant_layout_stored {
    const char *data; /* name */
    const char *type; /* a word as above */
    uint64_t dims[2];
    uint32_t ndim;
    struct quant_packing packing;
    const char *scales;      /* name */
    bool has_one_scale;      /* stored without dimensions, not as [1] */
    const char *zero_points; /* name, with has_zero_points; they are stored as int8 */
    const char *biases;      /* name, if params has them; they are stored as the scales are */
    struct quant_layout_fixed fixed[QUANT_LAYOUT_FIXED];
    size_t nfixed;
};

/* What the config of a checkpoint says of its weights. Modules are names of weights without
 * ".weight". */
struct quant_layout_modules {
    const char *const *names; /* n of them, in order */
    size_t n;
};

struct quant_layout_alike {            /* weights that are quantized in the same way */
    struct quant_layout_weight weight; /* the first of them */
    struct quant_layout_modules modules;
    bool is_global; /* by the options that hold for all that no section names */
};

struct quant_layout_quantized {
    const struct quant_layout_alike *alike; /* nalike of them; the global one last, since
                                             * compressed-tensors takes the first that matches */
    size_t nalike;
    struct quant_layout_modules kept; /* which stay float */
};

/* How the name of a tensor ends, and how that of its weight ends instead. */
struct quant_layout_ending {
    const char *end;
    const char *weight;
};

struct quant_json_printer;

struct quant_written_layout {
    const char *name;    /* of --layout */
    const char *engine;  /* the name of a profile */
    const char *summary; /* in one line */

    /* Whether it is what the engine is given, unless another layout is asked for. NULL: always, if
     * no layout before it in the table is. */
    bool (*is_usual)(const struct quant_params *params);

    /* Says how a weight is stored. QUANT_UNSUPPORTED: the engine could not load it; the text has no
     * prefix. QUANT_NO_MEMORY. */
    enum quant_status (*store)(const struct quant_layout_weight *weight, struct quant_arena *arena,
                               struct quant_layout_stored *stored, struct quant_error *error);

    /* Prints the quantization_config by which the engine loads a checkpoint. NULL: it needs none,
     * and other programs must not load the weights. */
    void (*print_config)(const struct quant_layout_quantized *quantized,
                         struct quant_json_printer *printer);

    bool has_other_entry; /* the same text is in the config once more, as the engine's own entry:
                           * quant_layout_other_key */

    const struct quant_layout_ending *endings; /* of all tensors it has beside the integers; the
                                                * last has no end */
};

/* For engines that find weights by names that end in ".weight": *module is what is before that, in
 * the arena. engine is as a message names it. QUANT_UNSUPPORTED: the name does not end so;
 * QUANT_NO_MEMORY. */
enum quant_status quant_layout_module(const char *name, const char *engine,
                                      struct quant_arena *arena, const char **module,
                                      struct quant_error *error);

extern const struct quant_written_layout quant_written_pack_quantized;
extern const struct quant_written_layout quant_written_naive_quantized;
extern const struct quant_written_layout quant_written_comfyui;
extern const struct quant_written_layout quant_written_mlx;

/* The i-th row of the table; NULL past the last. */
const struct quant_written_layout *quant_written_layout_at(size_t i);

/* The layout of that name; NULL: there is no such. */
const struct quant_written_layout *quant_written_layout_named(const char *name);

/*
 * The layout of what is quantized by params: that of name, or without a name the usual one of the
 * engine; *layout NULL: quant's own, "plain". QUANT_INVALID: there is no such layout, or it is not
 * one of the engine.
 */
enum quant_status quant_written_layout_choose(const char *name, const struct quant_params *params,
                                              const struct quant_written_layout **layout,
                                              struct quant_error *error);

/* Whether a matrix of this name is taken for the weight of a linear layer: ".weight", but not that
 * of an embedding or of the head, which engines keep as floats. */
bool quant_layout_takes(const char *name);

#endif
