/* SPDX-License-Identifier: MIT */
/* Words are never cut: a word that is longer than a line gets its own line. */
#include "cli/wrap.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void wrap_text(const char *text, int current, int indent)
{
    const char *word = text + strspn(text, " ");
    bool is_first = true;
    while (*word != '\0') {
        const int length = (int)strcspn(word, " ");
        const bool is_full = is_first ? current > indent - 2 : current + 1 + length > WRAP_WIDTH;
        if (is_full && current > 0) {
            putchar('\n');
            current = 0;
        }
        if (is_first || is_full)
            current += printf("%*s", indent - current, "");
        else
            current += printf(" ");
        printf("%.*s", length, word);
        current += length;
        word += length;
        word += strspn(word, " ");
        is_first = false;
    }
    putchar('\n');
}
