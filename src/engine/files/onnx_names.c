/* SPDX-License-Identifier: MIT */
#include "engine/files/onnx_names.h"

#include <stdlib.h>
#include <string.h>

const char *quant_onnx_names_add(struct quant_onnx_names *names, const char *name, const char *end)
{
    const char *text = quant_arena_join(&names->arena, name, end);
    return text && quant_growing_list_add(&names->list, &text, sizeof text) ? text : NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *quant_onnx_names_duplicate(struct quant_onnx_names *names)
{
    const char **all = names->list.items;
    if (names->list.n > 0)
        qsort(all, names->list.n, sizeof *all, compare);
    for (size_t i = 1; i < names->list.n; i++)
        if (strcmp(all[i - 1], all[i]) == 0)
            return all[i];
    return NULL;
}

void quant_onnx_names_release(struct quant_onnx_names *names)
{
    free(names->list.items);
    quant_arena_release(&names->arena);
    *names = (struct quant_onnx_names){.list = {.n = 0}};
}
