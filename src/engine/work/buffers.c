/* SPDX-License-Identifier: MIT */
/* Buffers are only as long as the longest chunk so far: most files are small, and each page that is
 * touched for the first time costs time. */
#include "engine/work/buffers.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/format.h"

static void release_one(struct quant_buffers *buffers)
{
    free(buffers->x);
    free(buffers->restored);
    free(buffers->q);
    free(buffers->stage);
    free(buffers->part);
    *buffers = (struct quant_buffers){.x = NULL};
}

/* Growing doubles the room, so that many tensors of rising sizes are not as many allocations. */
static void forget_short(struct quant_buffers *buffers, size_t capacity)
{
    if (buffers->q && capacity <= buffers->capacity)
        return;
    const bool doubles = capacity / 2 < buffers->capacity;
    free(buffers->x);
    free(buffers->restored);
    free(buffers->q);
    buffers->x = NULL;
    buffers->restored = NULL;
    buffers->q = NULL;
    buffers->capacity = doubles ? 2 * buffers->capacity : capacity;
}

static bool reserve(struct quant_buffers *buffers, size_t capacity,
                    const struct quant_buffers_needs *needs)
{
    forget_short(buffers, capacity);
    const size_t room = buffers->capacity + 1; /* no length is 0 */
    if (!buffers->q)
        buffers->q = malloc(room * sizeof *buffers->q);
    if (!buffers->x && needs->x)
        buffers->x = malloc(room * sizeof *buffers->x);
    if (!buffers->restored && needs->restored)
        buffers->restored = malloc(room * sizeof *buffers->restored);
    if (!buffers->stage)
        buffers->stage = malloc(QUANT_STAGE_BYTES);
    if (buffers->part && needs->part) /* those of another tensor have levels of it */
        memset(buffers->part, 0, sizeof *buffers->part);
    if (!buffers->part && needs->part)
        buffers->part = calloc(1, sizeof *buffers->part);
    return buffers->q && buffers->stage && (!needs->x || buffers->x) &&
           (!needs->restored || buffers->restored) && (!needs->part || buffers->part);
}

enum quant_status quant_buffers_reserve(struct quant_buffers *buffers, size_t n, size_t capacity,
                                        const struct quant_buffers_needs *needs,
                                        struct quant_error *error)
{
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = reserve(&buffers[i], capacity, needs);
        if (!ok)
            release_one(&buffers[i]);
    }
    return ok ? QUANT_OK : quant_error_no_memory(error, n * capacity * sizeof(float), "buffers");
}

void quant_buffers_release(struct quant_buffers *buffers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        release_one(&buffers[i]);
}
