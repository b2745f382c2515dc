/* SPDX-License-Identifier: MIT */
/* The layers of a command line: its INPUTs, or the tensors in them that --tensors names. */
#ifndef QUANT_CLI_DRIFT_LAYERS_H
#define QUANT_CLI_DRIFT_LAYERS_H

#include <quant/file.h>

#include "cli/word_list.h"

/* All zeros: none. */
struct drift_layers {
    struct quant_input *inputs; /* owned: n of them */
    const char **labels;        /* owned: what each is called: its path, or its tensor */
    char **names;               /* owned: the tensors, NULL without --tensors */
    size_t n;
};

/* common is how files are read. Each of the tensors' words is a list of names and patterns,
 * separated by commas. The matrices that match a pattern come in the order of their names, in which
 * numbers are ordered by value. Returns EXIT_DONE, or EXIT_FAILED after a message: a name or
 * pattern matches nothing, a header cannot be read, or there is no memory. Release it in either
 * case. The paths are borrowed. */
int drift_layers_find(struct drift_layers *layers, const struct quant_input *common,
                      char *const *paths, size_t npaths, const struct word_list *tensors);

void drift_layers_release(struct drift_layers *layers);

#endif
