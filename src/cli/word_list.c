/* SPDX-License-Identifier: MIT */
#include "cli/word_list.h"

#include <stdio.h>
#include <stdlib.h>

bool word_list_add(struct word_list *list, const char *word)
{
    const char **larger = realloc(list->words, (list->n + 1) * sizeof *larger);
    if (!larger)
        return false;
    list->words = larger;
    list->words[list->n++] = word;
    return true;
}

bool word_list_parse(const struct option_row *row, const char *text, void *field,
                     struct option_reason *reason)
{
    (void)row;
    if (text[0] == '\0')
        return false;
    if (word_list_add(field, text))
        return true;
    snprintf(reason->text, sizeof reason->text, "no memory");
    return false;
}

void word_list_release(struct word_list *list)
{
    free(list->words);
    *list = (struct word_list){.n = 0};
}
