/* SPDX-License-Identifier: MIT */
/* The names of all matrices are read from the headers, and each word of --tensors is held against
 * them. */
#include "cli/drift_layers.h"

#include <quant/select.h>

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/nearest_names.h"

/* A matrix of floats in an INPUT. */
struct candidate {
    const char *path;
    char *name; /* owned */
};

struct candidates {
    struct candidate *items; /* owned: n of them */
    size_t n;
    size_t room;
    const char *path; /* of the file that is being listed */
    bool has_failed;
};

static int no_memory(void)
{
    message_error("no memory for the names of the layers");
    return EXIT_FAILED;
}

/* ---- Headers ---- */

static bool see(void *context, const struct quant_listed_tensor *tensor)
{
    struct candidates *all = context;
    if (!tensor->is_float || tensor->ndim != 2)
        return true;
    if (all->n == all->room) {
        const size_t room = all->room > 0 ? 2 * all->room : 64;
        struct candidate *larger = realloc(all->items, room * sizeof *larger);
        all->has_failed = !larger;
        if (!larger)
            return false;
        all->items = larger;
        all->room = room;
    }
    all->items[all->n] = (struct candidate){all->path, strdup(tensor->name)};
    all->has_failed = !all->items[all->n].name;
    all->n += all->has_failed ? 0 : 1;
    return !all->has_failed;
}

/* What is not a container has no names, and nothing in it matches. */
static int list(struct candidates *all, const struct quant_input *common, char *const *paths,
                size_t npaths)
{
    const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct quant_input input = *common;
    for (size_t i = 0; i < npaths; i++) {
        struct quant_error error;
        bool is_container;
        if (strcmp(paths[i], "-") == 0) {
            message_error("'--tensors' reads headers first, but '-' can be read only once");
            return EXIT_FAILED;
        }
        all->path = input.path = paths[i];
        const enum quant_status status =
            quant_file_list(&input, &never, see, all, &is_container, &error);
        if (all->has_failed)
            return no_memory();
        if (status != QUANT_OK)
            return message_failure(status, &error);
    }
    return EXIT_DONE;
}

/* ---- Order ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes a number of any length off *text: the digits without leading zeros, and how many. */
static size_t take_number(const char **text, const char **digits)
{
    while (**text == '0' && is_digit((*text)[1]))
        (*text)++;
    *digits = *text;
    while (is_digit(**text))
        (*text)++;
    return (size_t)(*text - *digits);
}

/* As strcmp, but numbers in the names are compared by value: "h.2" comes before "h.10". */
static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            const char *digits[2];
            const size_t lengths[2] = {take_number(&a, &digits[0]), take_number(&b, &digits[1])};
            if (lengths[0] != lengths[1])
                return lengths[0] < lengths[1] ? -1 : 1;
            const int order = memcmp(digits[0], digits[1], lengths[0]);
            if (order != 0)
                return order;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return *a != '\0' ? 1 : *b != '\0' ? -1 : 0;
}

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *left = a;
    const struct candidate *right = b;
    const int order = compare_names(left->name, right->name);
    return order != 0 ? order : strcmp(left->name, right->name);
}

/* ---- Choosing ---- */

static bool add_layer(struct drift_layers *layers, const struct quant_input *common,
                      const char *path, const char *name)
{
    struct quant_input *inputs = realloc(layers->inputs, (layers->n + 1) * sizeof *inputs);
    if (inputs)
        layers->inputs = inputs;
    const char **labels = realloc(layers->labels, (layers->n + 1) * sizeof *labels);
    if (labels)
        layers->labels = labels;
    char **names = realloc(layers->names, (layers->n + 1) * sizeof *names);
    if (names)
        layers->names = names;
    char *copy = name ? strdup(name) : NULL;
    if (!inputs || !labels || !names || (name && !copy)) {
        free(copy);
        return false;
    }
    inputs[layers->n] = *common;
    inputs[layers->n].path = path;
    inputs[layers->n].tensor = copy;
    labels[layers->n] = copy ? copy : path;
    names[layers->n++] = copy;
    return true;
}

static int add_matching(struct drift_layers *layers, const struct quant_input *common,
                        const struct candidates *all, const char *pattern)
{
    struct nearest_names nearest = {.n = 0};
    const size_t before = layers->n;
    for (size_t i = 0; i < all->n; i++) {
        const struct candidate *candidate = &all->items[i];
        if (strcmp(pattern, candidate->name) != 0 && !quant_name_matches(pattern, candidate->name))
            nearest_names_add(&nearest, pattern, candidate->name);
        else if (!add_layer(layers, common, candidate->path, candidate->name))
            return no_memory();
    }
    if (layers->n == before) {
        char names[512] = "";
        nearest_names_text(&nearest, names, sizeof names);
        message_error("no matrix of floats matches '%s' of --tensors%s%s", pattern,
                      nearest.n > 0 ? "; the nearest are " : "", names);
    }
    nearest_names_release(&nearest);
    return layers->n > before ? EXIT_DONE : EXIT_FAILED;
}

/* The names and patterns of one option, from left to right. */
static int add_word(struct drift_layers *layers, const struct quant_input *common,
                    const struct candidates *all, const char *word)
{
    int status = EXIT_DONE;
    while (status == EXIT_DONE) {
        const size_t length = strcspn(word, ",");
        char *pattern = strndup(word, length);
        status = pattern ? add_matching(layers, common, all, pattern) : no_memory();
        free(pattern);
        if (word[length] == '\0')
            break;
        word += length + 1;
    }
    return status;
}

static int choose(struct drift_layers *layers, const struct quant_input *common,
                  struct candidates *all, const struct word_list *tensors)
{
    int status = EXIT_DONE;
    if (all->n > 0)
        qsort(all->items, all->n, sizeof *all->items, compare_candidates);
    for (size_t i = 0; status == EXIT_DONE && i < tensors->n; i++)
        status = add_word(layers, common, all, tensors->words[i]);
    return status;
}

int drift_layers_find(struct drift_layers *layers, const struct quant_input *common,
                      char *const *paths, size_t npaths, const struct word_list *tensors)
{
    struct candidates all = {.items = NULL};
    for (size_t i = 0; tensors->n == 0 && i < npaths; i++)
        if (!add_layer(layers, common, paths[i], NULL))
            return no_memory();
    if (tensors->n == 0)
        return EXIT_DONE;
    int status = list(&all, common, paths, npaths);
    if (status == EXIT_DONE)
        status = choose(layers, common, &all, tensors);
    for (size_t i = 0; i < all.n; i++)
        free(all.items[i].name);
    free(all.items);
    return status;
}

void drift_layers_release(struct drift_layers *layers)
{
    for (size_t i = 0; i < layers->n; i++)
        free(layers->names[i]);
    free(layers->names);
    free(layers->labels);
    free(layers->inputs);
    *layers = (struct drift_layers){.n = 0};
}
