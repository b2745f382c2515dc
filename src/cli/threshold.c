/* SPDX-License-Identifier: MIT */
/* Reading conditions such as "mse > 1e-6", and checking a report against them. */
#include "cli/threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/nearest_word.h"
#include "cli/numbers.h"

enum { KEY_ROOM = 64, NUMBER_ROOM = 32 };

static const char total_prefix[] = "total.";
enum { TOTAL_LENGTH = sizeof total_prefix - 1 };

/* By enum threshold_relation. */
static const char *const relations[] = {"<", "<=", ">", ">="};

/* Copies the first nbytes of text without surrounding spaces; false if they do not fit. */
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

static const char *figure_key(const void *context, size_t i)
{
    (void)context;
    const struct quant_figure *figure = quant_figure_at(i);
    return figure ? figure->key : NULL;
}

static bool find_figure(const char *text, struct threshold *threshold, struct option_reason *reason)
{
    threshold->is_total = strncmp(text, total_prefix, TOTAL_LENGTH) == 0;
    const char *key = text + (threshold->is_total ? TOTAL_LENGTH : 0);
    threshold->figure = quant_figure_from_key(key);
    if (threshold->figure && threshold->is_total && !threshold->figure->has_total) {
        snprintf(reason->text, sizeof reason->text,
                 "'%s' is a figure of one tensor and has no total", key);
        return false;
    }
    if (threshold->figure)
        return true;
    const char *nearest = word_nearest(key, figure_key, NULL);
    if (nearest)
        snprintf(reason->text, sizeof reason->text, "there is no metric '%s'; did you mean '%s%s'?",
                 text, threshold->is_total ? total_prefix : "", nearest);
    else
        snprintf(reason->text, sizeof reason->text,
                 "there is no metric '%s'; metrics are the keys of --report=json", text);
    return false;
}

static bool append(struct threshold_list *list, const struct threshold *threshold)
{
    struct threshold *items = realloc(list->items, (list->n + 1) * sizeof *items);
    if (!items)
        return false;
    list->items = items;
    list->items[list->n++] = *threshold;
    return true;
}

bool threshold_parse(const struct option_row *row, const char *text, void *field,
                     struct option_reason *reason)
{
    (void)row;
    struct threshold threshold;
    char key[KEY_ROOM];
    char value[KEY_ROOM];
    const size_t split = strcspn(text, "<>");
    if (text[split] == '\0' || !copy_trimmed(key, sizeof key, text, split) || key[0] == '\0')
        return false;
    const bool is_greater = text[split] == '>';
    const bool takes_equal = text[split + 1] == '=';
    threshold.relation = (enum threshold_relation)(
        (is_greater ? THRESHOLD_GREATER : THRESHOLD_LESS) + (takes_equal ? 1 : 0));
    if (!find_figure(key, &threshold, reason))
        return false;
    const char *rest = text + split + (takes_equal ? 2 : 1);
    if (!copy_trimmed(value, sizeof value, rest, strlen(rest)) ||
        !number_double(value, &threshold.value)) {
        snprintf(reason->text, sizeof reason->text, "expected a decimal number after '%s'",
                 relations[threshold.relation]);
        return false;
    }
    if (!append(field, &threshold)) {
        snprintf(reason->text, sizeof reason->text, "no memory for this condition");
        return false;
    }
    return true;
}

static bool compare(double found, const struct threshold *threshold)
{
    switch (threshold->relation) {
    case THRESHOLD_LESS:
        return found < threshold->value;
    case THRESHOLD_LESS_EQUAL:
        return found <= threshold->value;
    case THRESHOLD_GREATER:
        return found > threshold->value;
    case THRESHOLD_GREATER_EQUAL:
        return found >= threshold->value;
    }
    return false;
}

/* Six digits, or all of them if the rounded figure would not meet the condition. */
static void print_found(char *text, double found, const struct threshold *threshold)
{
    snprintf(text, NUMBER_ROOM, "%.6g", found);
    if (!compare(strtod(text, NULL), threshold))
        snprintf(text, NUMBER_ROOM, "%.17g", found);
}

static void print_limit(char *text, double limit)
{
    snprintf(text, NUMBER_ROOM, "%.6g", limit);
    if (strtod(text, NULL) != limit)
        snprintf(text, NUMBER_ROOM, "%.17g", limit);
}

/* There are no elements: figures without a value, and those that are not counts, mean nothing. */
static bool is_exempt(const struct threshold *threshold, const struct quant_report *report)
{
    const struct quant_figure *figure = threshold->figure;
    return report->n == 0 && report->nonfinite == 0 &&
           (!figure->is_count || isnan(figure->get(report)));
}

/* Whether the figure has no value. The cosine of no elements, which is 1, counts as missing: all of
 * them may have been NaN. */
static bool is_missing(const struct threshold *threshold, const struct quant_report *report,
                       double found)
{
    const struct quant_figure *figure = threshold->figure;
    const bool is_sqnr = figure == quant_figure_from_key("sqnr_db");
    const bool is_cosine = figure == quant_figure_from_key("cosine");
    if (is_sqnr && report->n > 0 && report->sum_squared_error == 0)
        return false;
    return !isfinite(found) || (is_cosine && report->n == 0);
}

static bool check(const struct threshold *threshold, const struct quant_report *report,
                  const char *path)
{
    const double found = threshold->figure->get(report);
    const char *key = threshold->figure->key;
    const char *relation = relations[threshold->relation];
    const char *quote = path ? "'" : "";
    const char *subject = path ? path : "";
    const char *join = path ? "': " : total_prefix;
    char limit[NUMBER_ROOM];
    print_limit(limit, threshold->value);
    if (is_exempt(threshold, report))
        return false;
    const bool has_no_value = is_missing(threshold, report, found);
    if (compare(found, threshold) && (!has_no_value || isinf(found))) {
        char text[NUMBER_ROOM];
        print_found(text, found, threshold);
        message_error("%s%s%s%s is %s, which is %s %s (--fail-if)", quote, subject, join, key, text,
                      relation, limit);
        return true;
    }
    if (!has_no_value)
        return false;
    message_error("%s%s%s%s %s, which fails '%s%s %s %s' (--fail-if)", quote, subject, join, key,
                  isinf(found) ? "is infinite" : "has no value", path ? "" : total_prefix, key,
                  relation, limit);
    return true;
}

bool threshold_is_met(const struct threshold_list *list, bool is_total,
                      const struct quant_report *report, const char *path)
{
    bool any = false;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].is_total == is_total)
            any |= check(&list->items[i], report, is_total ? NULL : path);
    return any;
}

void threshold_release(struct threshold_list *list)
{
    free(list->items);
    list->items = NULL;
    list->n = 0;
}
