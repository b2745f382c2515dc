/* SPDX-License-Identifier: MIT */
/* Edit distance: a letter added, left out, exchanged, or two neighbours swapped count 1 each. */
#include "cli/nearest_word.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_ROOM = 48 }; /* longer words are not compared: no name here is that long */

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment; neither word is longer than WORD_ROOM. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_ROOM + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *here = rows[2];
    const size_t nb = strlen(b);
    for (size_t j = 0; j <= nb; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        here[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            const size_t exchanged = above[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
            here[j] = min_size(exchanged, min_size(above[j], here[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                here[j] = min_size(here[j], before[j - 2] + 1);
        }
        size_t *const oldest = before;
        before = above;
        above = here;
        here = oldest;
    }
    return above[nb];
}

/* Two or more letters at the start of a word mean it, however short it is cut. */
static bool begins(const char *word, const char *whole)
{
    size_t n = 0;
    while (word[n] != '\0' && same_letter(word[n], whole[n]))
        n++;
    return n >= 2 && word[n] == '\0';
}

const char *word_nearest(const char *word, word_at_fn *at, const void *context)
{
    if (strlen(word) > WORD_ROOM)
        return NULL;
    const char *nearest = NULL;
    /* A third of the letters may be wrong. */
    size_t limit = (strlen(word) + 2) / 3 + 1;
    const char *candidate;
    for (size_t i = 0; (candidate = at(context, i)) != NULL; i++) {
        if (strlen(candidate) > WORD_ROOM)
            continue;
        size_t distance = edit_distance(word, candidate);
        if (begins(word, candidate))
            distance = min_size(distance, 1);
        if (distance < limit) {
            limit = distance;
            nearest = candidate;
        }
    }
    return nearest;
}
