/* SPDX-License-Identifier: MIT */
/* The values of an option that may be repeated. */
#ifndef QUANT_CLI_WORD_LIST_H
#define QUANT_CLI_WORD_LIST_H

#include "cli/option_row.h"

/* All zeros: empty. */
struct word_list {
    const char **words; /* owned; each word is borrowed from the command line */
    size_t n;
};

/* Adds the argument, which must not be empty, to a struct word_list. */
option_parse_fn word_list_parse;

/* Returns false if there is no memory. */
bool word_list_add(struct word_list *list, const char *word);

void word_list_release(struct word_list *list);

#endif
