/* SPDX-License-Identifier: MIT */
/* Edit distance from a pattern to a name: a character added, left out or exchanged counts 1; what a
 * star or a question mark takes counts nothing. Sets of characters are compared as they are typed.
 */
#include "cli/nearest_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most characters that are compared; names are rarely longer. */
enum { NAME_ROOM = 160 };

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t edit_distance(const char *pattern, const char *name)
{
    size_t rows[2][NAME_ROOM + 1];
    size_t *above = rows[0];
    size_t *here = rows[1];
    const size_t n = strnlen(name, NAME_ROOM);
    const size_t npattern = strnlen(pattern, NAME_ROOM);
    for (size_t j = 0; j <= n; j++)
        above[j] = j;
    for (size_t i = 0; i < npattern; i++) {
        const size_t left_out = pattern[i] == '*' ? 0 : 1;
        const size_t added = pattern[i] == '*' ? 0 : 1;
        here[0] = above[0] + left_out;
        for (size_t j = 1; j <= n; j++) {
            const size_t exchanged = pattern[i] == name[j - 1] || pattern[i] == '?' ? 0 : 1;
            here[j] = min_size(above[j] + left_out, here[j - 1] + added);
            if (pattern[i] != '*')
                here[j] = min_size(here[j], above[j - 1] + exchanged);
        }
        size_t *const used = above;
        above = here;
        here = used;
    }
    return above[n];
}

/* Several files may have a tensor of one name. */
static bool has_name(const struct nearest_names *nearest, const char *name)
{
    for (size_t i = 0; i < nearest->n; i++)
        if (strcmp(nearest->names[i].name, name) == 0)
            return true;
    return false;
}

void nearest_names_add(struct nearest_names *nearest, const char *pattern, const char *name)
{
    /* Perhaps only the stars are missing. */
    const size_t distance = strstr(name, pattern) ? 1 : edit_distance(pattern, name);
    size_t place = nearest->n;
    while (place > 0 && nearest->names[place - 1].distance > distance)
        place--;
    if (place == NEAREST_NAMES_MOST || has_name(nearest, name))
        return;
    char *copy = strdup(name);
    if (!copy)
        return;
    if (nearest->n == NEAREST_NAMES_MOST)
        free(nearest->names[--nearest->n].name);
    memmove(&nearest->names[place + 1], &nearest->names[place],
            (nearest->n - place) * sizeof nearest->names[0]);
    nearest->names[place] = (struct nearest_name){copy, distance};
    nearest->n++;
}

void nearest_names_text(const struct nearest_names *nearest, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < nearest->n && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s'%.200s'", i > 0 ? ", " : "",
                                 nearest->names[i].name);
}

void nearest_names_release(struct nearest_names *nearest)
{
    for (size_t i = 0; i < nearest->n; i++)
        free(nearest->names[i].name);
    *nearest = (struct nearest_names){.n = 0};
}
