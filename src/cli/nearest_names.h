/* SPDX-License-Identifier: MIT */
/* Finds the names of tensors that come nearest to a pattern that matches none of them. */
#ifndef QUANT_CLI_NEAREST_NAMES_H
#define QUANT_CLI_NEAREST_NAMES_H

#include <stddef.h>

enum { NEAREST_NAMES_MOST = 3 };

struct nearest_name {
    char *name; /* owned */
    size_t distance;
};

/* All zeros: none yet. */
struct nearest_names {
    struct nearest_name names[NEAREST_NAMES_MOST]; /* nearest first; of equals the first added */
    size_t n;
};

/* Adds a name if it is one of the nearest to the pattern. Without memory it is left out. */
void nearest_names_add(struct nearest_names *nearest, const char *pattern, const char *name);

/* Writes "'a', 'b', 'c'". */
void nearest_names_text(const struct nearest_names *nearest, char *text, size_t room);

void nearest_names_release(struct nearest_names *nearest);

#endif
