/* SPDX-License-Identifier: MIT */
/* Blocks that are filled from the front; what is too long for one gets a block of its own. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 << 10 };

struct quant_arena_block {
    struct quant_arena_block *next;
    size_t used;
    size_t room;
    alignas(max_align_t) unsigned char bytes[];
};

static struct quant_arena_block *add_block(struct quant_arena *arena, size_t nbytes)
{
    const size_t room = nbytes > BLOCK ? nbytes : BLOCK;
    if (room > SIZE_MAX - sizeof(struct quant_arena_block))
        return NULL;
    struct quant_arena_block *block = malloc(sizeof *block + room);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    block->used = 0;
    block->room = room;
    arena->blocks = block;
    return block;
}

void *quant_arena_take(struct quant_arena *arena, size_t nbytes)
{
    const size_t unit = alignof(max_align_t);
    if (nbytes > SIZE_MAX - unit)
        return NULL;
    const size_t wanted = (nbytes + unit - 1) / unit * unit;
    struct quant_arena_block *block = arena->blocks;
    if (!block || block->room - block->used < wanted)
        block = add_block(arena, wanted);
    if (!block)
        return NULL;
    void *taken = block->bytes + block->used;
    block->used += wanted;
    return taken;
}

char *quant_arena_join(struct quant_arena *arena, const char *first, const char *second)
{
    const size_t nfirst = strlen(first);
    const size_t nsecond = strlen(second);
    char *text = quant_arena_take(arena, nfirst + nsecond + 1);
    if (!text)
        return NULL;
    memcpy(text, first, nfirst);
    memcpy(text + nfirst, second, nsecond + 1);
    return text;
}

void quant_arena_release(struct quant_arena *arena)
{
    while (arena->blocks) {
        struct quant_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
