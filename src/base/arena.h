/* SPDX-License-Identifier: MIT */
/* Memory for many short names and shapes that are freed together. */
#ifndef QUANT_BASE_ARENA_H
#define QUANT_BASE_ARENA_H

#include <stddef.h>

struct quant_arena_block;

/* All zeros is an empty one. */
struct quant_arena {
    struct quant_arena_block *blocks; /* owned */
};

/* nbytes, aligned for any type; they live until release. NULL: no memory. */
void *quant_arena_take(struct quant_arena *arena, size_t nbytes);

/* A copy of two texts, one after the other. NULL: no memory. */
char *quant_arena_join(struct quant_arena *arena, const char *first, const char *second);

void quant_arena_release(struct quant_arena *arena);

#endif
