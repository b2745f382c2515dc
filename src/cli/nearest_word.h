/* SPDX-License-Identifier: MIT */
/* Finds the word that a person probably meant, for "did you mean". */
#ifndef QUANT_CLI_NEAREST_WORD_H
#define QUANT_CLI_NEAREST_WORD_H

#include <stddef.h>

/* The i-th word to choose from, NULL past the last. */
typedef const char *word_at_fn(const void *context, size_t i);

/* The word of those that at lists that is nearest to word; NULL if none is near enough. */
const char *word_nearest(const char *word, word_at_fn *at, const void *context);

#endif
