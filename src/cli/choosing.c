/* SPDX-License-Identifier: MIT */
/* One look at all headers marks the patterns that match. Only if one does not, a second look finds
 * the names that are nearest to it. */
#include "cli/choosing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"

/* Room for three names of 200 bytes. */
enum { NAMES_ROOM = 700 };

static int no_memory(void)
{
    message_error("no memory for the names of tensors");
    return EXIT_FAILED;
}

bool choosing_add(struct choosing *choosing, const char *option, const struct word_list *patterns)
{
    const size_t n = choosing->npatterns + patterns->n;
    if (patterns->n == 0)
        return true;
    struct pattern_use *larger = realloc(choosing->patterns, n * sizeof *larger);
    if (!larger)
        return no_memory() == EXIT_DONE;
    choosing->patterns = larger;
    for (size_t i = 0; i < patterns->n; i++)
        larger[choosing->npatterns++] =
            (struct pattern_use){.option = option, .pattern = patterns->words[i]};
    return true;
}

/* ---- A name ---- */

static void mark(struct choosing *choosing, const char *name)
{
    for (size_t i = 0; i < choosing->npatterns; i++) {
        struct pattern_use *use = &choosing->patterns[i];
        use->is_used = use->is_used || quant_name_matches(use->pattern, name);
    }
}

/* Notes that the rule has an effect. */
static void mark_rule(struct choosing *choosing, const struct quant_rule *rule)
{
    if (rule)
        choosing->patterns[rule - choosing->rules].decides = true;
}

/* Keeps the first few tensors that are selected in vain, with the reason. */
static void keep_unfit(struct choosing *choosing, const struct quant_listed_tensor *tensor)
{
    char text[NAMES_ROOM];
    if (choosing->unfit.n == NEAREST_NAMES_MOST)
        return;
    snprintf(text, sizeof text, "'%.200s' (%s, %u dimension%s)", tensor->name, tensor->type,
             tensor->ndim, tensor->ndim == 1 ? "" : "s");
    char *copy = strdup(text);
    if (copy)
        choosing->unfit.names[choosing->unfit.n++].name = copy;
}

/* ---- A file ---- */

struct look {
    struct choosing *choosing;
    size_t nworked;                /* tensors of the file */
    struct nearest_names *nearest; /* in the second look, to this pattern */
    const char *pattern;
};

/* Nobody means these when restoring. */
static bool is_of_scales(const char *name)
{
    const char *last = strrchr(name, '_');
    const bool is_zero_point = last && last - name >= 5 && strcmp(last - 5, "_zero_point") == 0;
    return is_zero_point || (last && strcmp(last, "_scale") == 0);
}

/* compressed-tensors calls the integers of NAME so; they are restored as NAME. false: another. */
static bool restored_name(const struct quant_listed_tensor *tensor, char *name, size_t room)
{
    static const char end[] = "_packed";
    const size_t length = strlen(tensor->name);
    const size_t kept = length >= strlen(end) ? length - strlen(end) : 0;
    if (kept == 0 || kept >= room || strcmp(tensor->name + kept, end) != 0 ||
        tensor->dtype != QUANT_INT32)
        return false;
    memcpy(name, tensor->name, kept);
    name[kept] = '\0';
    return true;
}

static bool look_at_tensor(void *context, const struct quant_listed_tensor *listed)
{
    char restored[4096];
    struct quant_listed_tensor own = *listed;
    const struct quant_listed_tensor *tensor = &own;
    struct look *look = context;
    struct choosing *choosing = look->choosing;
    if (choosing->restores && restored_name(listed, restored, sizeof restored))
        own.name = restored;
    if (look->nearest) {
        if (choosing->floats_only || !is_of_scales(tensor->name))
            nearest_names_add(look->nearest, look->pattern, tensor->name);
        return true;
    }
    mark(choosing, tensor->name);
    if (!quant_selection_has(&choosing->selection, tensor->name))
        return true;
    const struct quant_rule *rule =
        quant_rule_find(choosing->rules, choosing->nrules, tensor->name);
    const unsigned min_dims = rule && rule->has_min_dims ? rule->min_dims : choosing->min_dims;
    const bool copies = rule && rule->copies;
    const bool is_fit = !choosing->floats_only || (tensor->is_float && tensor->ndim >= min_dims);
    if (copies || is_fit)
        mark_rule(choosing, rule);
    else
        keep_unfit(choosing, tensor);
    look->nworked += is_fit && !copies;
    return true;
}

static bool is_regular(const char *path)
{
    struct stat status;
    return strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Returns false if the names are not known: of a stream, and of a file that cannot be read, which
 * is left for the command to report. What is no container goes by its path, even if it is refused.
 */
static bool list(struct look *look, const char *path, bool *is_container)
{
    const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct quant_input input = look->choosing->input;
    struct quant_error error;
    input.path = path;
    if (!is_regular(path))
        return false;
    const enum quant_status status =
        quant_file_list(&input, &never, look_at_tensor, look, is_container, &error);
    const bool is_refused = status == QUANT_UNSUPPORTED || status == QUANT_UNRECOGNIZED;
    return status == QUANT_OK || (is_refused && !*is_container);
}

/* Whether the input is to be worked on. */
static bool look_at_input(struct choosing *choosing, const char *path, bool *is_single)
{
    struct look look = {.choosing = choosing};
    bool is_container = false;
    if (!list(&look, path, &is_container)) {
        choosing->is_open = true;
        return true;
    }
    if (!is_container) {
        const struct quant_rule *rule = quant_rule_find(choosing->rules, choosing->nrules, path);
        const bool is_selected = quant_selection_has(&choosing->selection, path);
        mark(choosing, path);
        if (is_selected)
            mark_rule(choosing, rule);
        *is_single = true;
        look.nworked = is_selected && !(rule && rule->copies);
    }
    choosing->nworked += look.nworked;
    return look.nworked > 0 || (is_container && choosing->keeps_containers);
}

/* ---- What is wrong ---- */

static void report_unused(struct choosing *choosing, const struct pattern_use *use,
                          char *const *inputs, size_t n)
{
    struct nearest_names nearest = {.n = 0};
    struct look look = {.choosing = choosing, .nearest = &nearest, .pattern = use->pattern};
    char names[NAMES_ROOM];
    for (size_t i = 0; i < n; i++) {
        bool is_container = false;
        if (list(&look, inputs[i], &is_container) && !is_container)
            nearest_names_add(&nearest, use->pattern, inputs[i]);
    }
    nearest_names_text(&nearest, names, sizeof names);
    message_error("'--%s' matches no tensor: '%s'%s%s", use->option, use->pattern,
                  nearest.n == 0   ? ""
                  : nearest.n == 1 ? "; the nearest name is "
                                   : "; the nearest names are ",
                  names);
    nearest_names_release(&nearest);
}

static int report_nothing(const struct choosing *choosing)
{
    char names[NAMES_ROOM] = "";
    size_t used = 0;
    for (size_t i = 0; i < choosing->unfit.n && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 choosing->unfit.names[i].name);
    if (choosing->unfit.n > 0)
        message_error("nothing to %s: what is selected is not of floats or has fewer than %u "
                      "dimensions: %s%s%s",
                      choosing->verb, choosing->min_dims, names, choosing->advice ? "; " : "",
                      choosing->advice ? choosing->advice : "");
    else
        message_error("nothing to %s: %s all that is selected", choosing->verb,
                      choosing->nrules > 0 ? "'--exclude' or '--dtype copy' leaves out"
                                           : "'--exclude' leaves out");
    return EXIT_FAILED;
}

static void warn_of_idle_rules(const struct choosing *choosing)
{
    for (size_t i = 0; i < choosing->nrules && !choosing->is_quiet; i++)
        if (!choosing->patterns[i].decides)
            message_warning("'--for %s' has no effect: what it matches is left out, is not of "
                            "floats, has too few dimensions, or matches a later '--for' too",
                            choosing->patterns[i].pattern);
}

static int check(struct choosing *choosing, char *const *inputs, size_t n)
{
    int status = EXIT_DONE;
    for (size_t i = 0; i < choosing->npatterns; i++) {
        if (choosing->patterns[i].is_used)
            continue;
        report_unused(choosing, &choosing->patterns[i], inputs, n);
        status = EXIT_FAILED;
    }
    if (status == EXIT_DONE && choosing->nworked == 0)
        return report_nothing(choosing);
    if (status == EXIT_DONE)
        warn_of_idle_rules(choosing);
    return status;
}

/* ---- All of it ---- */

int choosing_look(struct choosing *choosing, const struct selection_options *options,
                  char *const *inputs, size_t n)
{
    choosing->selection = selection_options_selection(options);
    if (!choosing_add(choosing, "include", &options->include) ||
        !choosing_add(choosing, "exclude", &options->exclude))
        return EXIT_FAILED;
    if (choosing->npatterns == 0)
        return EXIT_DONE;
    choosing->names = calloc(n + 1, sizeof *choosing->names);
    choosing->is_single = calloc(n + 1, sizeof *choosing->is_single);
    if (!choosing->names || !choosing->is_single)
        return no_memory();
    for (size_t i = 0; i < n; i++) {
        bool is_single = false;
        if (look_at_input(choosing, inputs[i], &is_single)) {
            choosing->is_single[choosing->n] = is_single;
            choosing->names[choosing->n++] = inputs[i];
        } else {
            choosing->nskipped++;
        }
    }
    return choosing->is_open ? EXIT_DONE : check(choosing, inputs, n);
}

void choosing_see(struct choosing *choosing, const char *name, bool is_worked_on)
{
    if (!choosing->is_open)
        return;
    const struct quant_rule *rule = quant_rule_find(choosing->rules, choosing->nrules, name);
    mark(choosing, name);
    if (is_worked_on || (rule && rule->copies))
        mark_rule(choosing, rule);
    choosing->nworked += is_worked_on;
}

int choosing_end(struct choosing *choosing, int status)
{
    if (!choosing->is_open || status == EXIT_FAILED)
        return status;
    return check(choosing, choosing->names, choosing->n) == EXIT_DONE ? status : EXIT_FAILED;
}

void choosing_release(struct choosing *choosing)
{
    free(choosing->patterns);
    free(choosing->names);
    free(choosing->is_single);
    nearest_names_release(&choosing->unfit);
}
