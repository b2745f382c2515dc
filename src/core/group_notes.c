/* SPDX-License-Identifier: MIT */
/* For each kind of note, a count and the first group. */
#include "core/group_notes.h"

static void add(struct quant_group_notes *notes, unsigned kind, uint64_t count, uint64_t first)
{
    if (count == 0)
        return;
    if (notes->count[kind] == 0 || first < notes->first[kind])
        notes->first[kind] = first;
    notes->count[kind] += count;
}

void quant_group_notes_add(struct quant_group_notes *notes, uint64_t group, unsigned bits)
{
    for (unsigned kind = 0; bits >> kind != 0; kind++)
        add(notes, kind, bits >> kind & 1, group);
}

void quant_group_notes_join(struct quant_group_notes *notes, const struct quant_group_notes *others)
{
    for (unsigned kind = 0; kind < QUANT_NOTE_KINDS; kind++)
        add(notes, kind, others->count[kind], others->first[kind]);
}

unsigned quant_group_notes_any(const struct quant_group_notes *notes)
{
    unsigned bits = 0;
    for (unsigned kind = 0; kind < QUANT_NOTE_KINDS; kind++)
        if (notes->count[kind] > 0)
            bits |= 1u << kind;
    return bits;
}
