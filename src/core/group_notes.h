/* SPDX-License-Identifier: MIT */
/* Which groups have which notes, collected in any order and by several threads. */
#ifndef QUANT_CORE_GROUP_NOTES_H
#define QUANT_CORE_GROUP_NOTES_H

#include <quant/groups.h>

/* Adds a group with these notes, which are bits of enum quant_note. No group is added twice. */
void quant_group_notes_add(struct quant_group_notes *notes, uint64_t group, unsigned bits);

/* Adds the notes of other groups. */
void quant_group_notes_join(struct quant_group_notes *notes,
                            const struct quant_group_notes *others);

/* All notes that any group has, or-ed. */
unsigned quant_group_notes_any(const struct quant_group_notes *notes);

#endif
