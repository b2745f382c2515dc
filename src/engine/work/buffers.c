/* SPDX-License-Identifier: MIT */
/* Buffers are as long as the longest chunk: small files are many, and pages cost time. */
#include "engine/work/buffers.h"

#include <stdlib.h>

#include "base/error.h"
#include "formats/format.h"

static bool fill(struct quant_workbench *bench, size_t capacity,
                 const struct quant_workbench_needs *needs)
{
    /* One more than needed, so that no length is 0. */
    bench->q = malloc((capacity + 1) * sizeof *bench->q);
    bench->x = needs->x ? malloc((capacity + 1) * sizeof *bench->x) : NULL;
    bench->restored = needs->restored ? malloc((capacity + 1) * sizeof *bench->restored) : NULL;
    bench->stage = malloc(QUANT_STAGE_BYTES);
    bench->part = needs->part ? calloc(1, sizeof *bench->part) : NULL;
    return bench->q && bench->stage && (!needs->x || bench->x) &&
           (!needs->restored || bench->restored) && (!needs->part || bench->part);
}

struct quant_workbench *quant_workbenches_new(size_t count, size_t capacity,
                                              const struct quant_workbench_needs *needs,
                                              struct quant_error *error)
{
    struct quant_workbench *benches = calloc(count, sizeof *benches);
    bool ok = benches;
    for (size_t i = 0; ok && i < count; i++)
        ok = fill(&benches[i], capacity, needs);
    if (ok)
        return benches;
    quant_workbenches_free(benches, benches ? count : 0);
    quant_error_no_memory(error, count * capacity * sizeof(float), "buffers");
    return NULL;
}

void quant_workbenches_free(struct quant_workbench *benches, size_t count)
{
    for (size_t i = 0; benches && i < count; i++) {
        free(benches[i].x);
        free(benches[i].restored);
        free(benches[i].q);
        free(benches[i].stage);
        free(benches[i].part);
    }
    free(benches);
}
