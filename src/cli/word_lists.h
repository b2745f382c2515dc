/* SPDX-License-Identifier: MIT */
/* The word that a person probably meant, for "did you mean". */
#ifndef QUANT_CLI_WORD_LISTS_H
#define QUANT_CLI_WORD_LISTS_H

#include <stddef.h>

/* The i-th word to choose from, NULL past the last. */
typedef const char *word_at_fn(const void *context, size_t i);

/* The nearest to word of those that at lists, or NULL where none is near enough to be meant. */
const char *word_nearest(const char *word, word_at_fn *at, const void *context);

#endif
