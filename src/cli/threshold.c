/* SPDX-License-Identifier: MIT */
/* Reading conditions such as "mse > 1e-6", and holding a report against them. */
#include "cli/threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/numbers.h"
#include "cli/words.h"

enum { KEY_ROOM = 64, NUMBER_ROOM = 32 };

const char *threshold_key(const void *context, size_t i)
{
    (void)context;
    const struct quant_figure *figure = quant_figure_at(i);
    return figure ? figure->key : NULL;
}

/* The first nbytes of text without the spaces around them; false where they do not fit. */
static bool copy_trimmed(char *copy, size_t room, const char *text, size_t nbytes)
{
    while (nbytes > 0 && *text == ' ') {
        text++;
        nbytes--;
    }
    while (nbytes > 0 && text[nbytes - 1] == ' ')
        nbytes--;
    if (nbytes >= room)
        return false;
    memcpy(copy, text, nbytes);
    copy[nbytes] = '\0';
    return true;
}

static bool find_figure(const char *key, const struct quant_figure **figure,
                        struct option_reason *reason)
{
    *figure = quant_figure_from_key(key);
    if (*figure)
        return true;
    const char *nearest = word_nearest(key, threshold_key, NULL);
    if (nearest)
        snprintf(reason->text, sizeof reason->text, "there is no metric '%s'; did you mean '%s'?",
                 key, nearest);
    else
        snprintf(reason->text, sizeof reason->text,
                 "there is no metric '%s'; the keys of --report=json are the metrics", key);
    return false;
}

bool threshold_parse(const struct option_row *row, const char *text, void *field,
                     struct option_reason *reason)
{
    (void)row;
    struct threshold_list *list = field;
    struct threshold threshold;
    char key[KEY_ROOM];
    char value[KEY_ROOM];
    const size_t split = strcspn(text, "<>");
    if (text[split] == '\0' || !copy_trimmed(key, sizeof key, text, split) || key[0] == '\0')
        return false;
    threshold.is_greater = text[split] == '>';
    if (!find_figure(key, &threshold.figure, reason))
        return false;
    const char *rest = text + split + 1;
    if (!copy_trimmed(value, sizeof value, rest, strlen(rest)) ||
        !number_double(value, &threshold.value)) {
        snprintf(reason->text, sizeof reason->text, "expected a decimal number after '%c'",
                 text[split]);
        return false;
    }
    struct threshold *items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items) {
        snprintf(reason->text, sizeof reason->text, "no memory for it");
        return false;
    }
    list->items = items;
    list->items[list->n++] = threshold;
    return true;
}

static bool compare(double found, const struct threshold *threshold)
{
    return threshold->is_greater ? found > threshold->value : found < threshold->value;
}

/* Six digits, or all of them where six would not show what the figure was found to be. */
static void print_found(char *text, double found, const struct threshold *threshold)
{
    snprintf(text, NUMBER_ROOM, "%.6g", found);
    if (!compare(strtod(text, NULL), threshold))
        snprintf(text, NUMBER_ROOM, "%.17g", found);
}

bool threshold_holds(const struct threshold_list *list, const struct quant_report *report,
                     const char *path)
{
    bool any = false;
    for (size_t i = 0; i < list->n; i++) {
        const struct threshold *threshold = &list->items[i];
        const double found = threshold->figure->get(report);
        /* A cosine to nothing but zeros: there is an error that this figure cannot express. */
        if (isnan(found) && report->sum_squared_error > 0) {
            any = true;
            message_error("'%s': %s has no value, though there is an error (--fail-if)", path,
                          threshold->figure->key);
        }
        if (isnan(found) || !compare(found, threshold))
            continue;
        any = true;
        char text[NUMBER_ROOM];
        print_found(text, found, threshold);
        char limit[NUMBER_ROOM];
        snprintf(limit, sizeof limit, "%.6g", threshold->value);
        if (strtod(limit, NULL) != threshold->value)
            snprintf(limit, sizeof limit, "%.17g", threshold->value);
        message_error("'%s': %s is %s, which is %c %s (--fail-if)", path, threshold->figure->key,
                      text, threshold->is_greater ? '>' : '<', limit);
    }
    return any;
}

void threshold_release(struct threshold_list *list)
{
    free(list->items);
    list->items = NULL;
    list->n = 0;
}
