/* SPDX-License-Identifier: MIT */
/* They are few, so a list will do. */
#include "engine/files/verify_disagreements.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* That are kept with their text, a kilobyte each; a hostile file may have one for every tensor. */
enum { KEPT_MOST = 1000 };

struct quant_disagreement {
    size_t i;   /* index of the tensor */
    char *name; /* owned: of the tensor that it is about, or NULL */
    struct quant_error error;
};

void quant_disagreements_add(struct quant_disagreements *disagreements, size_t i, const char *name,
                             const struct quant_error *error)
{
    if (disagreements->n == KEPT_MOST)
        return;
    if (disagreements->n == disagreements->room) {
        const size_t room = disagreements->room ? 2 * disagreements->room : 8;
        void *larger = realloc(disagreements->list, room * sizeof *disagreements->list);
        if (!larger)
            return;
        disagreements->list = larger;
        disagreements->room = room;
    }
    disagreements->list[disagreements->n++] = (struct quant_disagreement){i, strdup(name), *error};
}

void quant_disagreements_report(const struct quant_disagreements *disagreements, size_t i,
                                const char *file, struct quant_findings *findings)
{
    struct quant_error error;
    for (size_t k = 0; k < disagreements->n; k++)
        if (disagreements->list[k].i == i)
            quant_findings_add(findings, QUANT_FAULT_LAYOUT, &disagreements->list[k].error);
    if (findings->n > 0)
        return;
    quant_error_set(&error, QUANT_CORRUPT,
                    "'%.400s': tensor %zu of its sidecar does not agree with its header", file, i);
    quant_findings_add(findings, QUANT_FAULT_LAYOUT, &error);
}

/* The first one says that the tensor is missing. */
const char *quant_disagreements_name(const struct quant_disagreements *disagreements, size_t i)
{
    for (size_t k = 0; k < disagreements->n; k++)
        if (disagreements->list[k].i == i && disagreements->list[k].name)
            return disagreements->list[k].name;
    return "";
}

void quant_disagreements_renumber(struct quant_disagreements *disagreements, size_t from, size_t to)
{
    for (size_t k = 0; k < disagreements->n; k++)
        if (disagreements->list[k].i == from)
            disagreements->list[k].i = to;
}

void quant_disagreements_release(struct quant_disagreements *disagreements)
{
    for (size_t k = 0; k < disagreements->n; k++)
        free(disagreements->list[k].name);
    free(disagreements->list);
    *disagreements = (struct quant_disagreements){.list = NULL};
}
