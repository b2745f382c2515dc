/* SPDX-License-Identifier: MIT */
/* The names in a model, no two of which may be equal. */
#ifndef QUANT_ENGINE_FILES_ONNX_NAMES_H
#define QUANT_ENGINE_FILES_ONNX_NAMES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/growing_list.h"

/* All zeros: none. */
struct quant_onnx_names {
    struct quant_growing_list list; /* of const char *, in the arena */
    struct quant_arena arena;
};

/* Adds name with `end` after it, and returns the two as one text, which lives as long as the names.
 * NULL: no memory. */
const char *quant_onnx_names_add(struct quant_onnx_names *names, const char *name, const char *end);

/* A name that was added twice; NULL: none. Changes the order of the list. */
const char *quant_onnx_names_duplicate(struct quant_onnx_names *names);

/* Fine on zeros. */
void quant_onnx_names_release(struct quant_onnx_names *names);

#endif
