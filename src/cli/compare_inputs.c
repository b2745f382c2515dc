/* SPDX-License-Identifier: MIT */
/* Expanding containers. */
#include "cli/compare_inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct listing {
    struct compare_inputs *inputs;
    const char *path;
    bool no_memory;
};

static bool add(struct compare_inputs *inputs, const char *path, const char *tensor)
{
    if (inputs->n == inputs->room) {
        const size_t room = inputs->room > 0 ? 2 * inputs->room : 64;
        struct compare_input *grown = realloc(inputs->inputs, room * sizeof *grown);
        if (!grown)
            return false;
        inputs->inputs = grown;
        inputs->room = room;
    }
    struct compare_input *input = &inputs->inputs[inputs->n++];
    *input = (struct compare_input){.path = path};
    if (!tensor) {
        input->name = strdup(path);
        return input->name != NULL;
    }
    input->tensor = strdup(tensor);
    if (asprintf(&input->name, "%s: %s", path, tensor) < 0)
        input->name = NULL;
    return input->tensor && input->name;
}

static bool add_listed(void *context, const struct quant_listed_tensor *tensor)
{
    struct listing *listing = context;
    if (!tensor->is_float || tensor->ndim < QUANT_CONTAINER_MIN_DIMS)
        return true;
    listing->no_memory = !add(listing->inputs, listing->path, tensor->name);
    return !listing->no_memory;
}

/* The last input is a container with nothing to compare, for this reason or for want of floats. */
static bool add_failure(struct compare_inputs *inputs, const struct quant_error *error)
{
    struct compare_input *input = &inputs->inputs[inputs->n - 1];
    const int length =
        error->status != QUANT_OK
            ? asprintf(&input->failure, "%s", error->text)
            : asprintf(&input->failure,
                       "cannot compare '%s': it has no tensor of floats with %d or more dimensions",
                       input->path, QUANT_CONTAINER_MIN_DIMS);
    if (length < 0)
        input->failure = NULL;
    return input->failure != NULL;
}

static bool add_path(struct compare_inputs *inputs, const struct quant_input *common,
                     const char *path)
{
    static const struct quant_cancel never = {.flag = NULL, .wake_fd = -1};
    struct listing listing = {inputs, path, false};
    struct quant_input input = *common;
    const size_t before = inputs->n;
    bool is_container = false;
    input.path = path;
    struct stat status;
    struct quant_error error = {.status = QUANT_OK};
    if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
        quant_file_list(&input, &never, add_listed, &listing, &is_container, &error);
    if (listing.no_memory)
        return false;
    if (inputs->n > before)
        return true;
    return add(inputs, path, NULL) && (!is_container || add_failure(inputs, &error));
}

bool compare_inputs_init(struct compare_inputs *inputs, const struct quant_input *common,
                         char *const *paths, size_t n)
{
    *inputs = (struct compare_inputs){.n = 0};
    for (size_t i = 0; i < n; i++)
        if (!add_path(inputs, common, paths[i]))
            return false;
    inputs->names = calloc(inputs->n + 1, sizeof *inputs->names);
    for (size_t i = 0; inputs->names && i < inputs->n; i++)
        inputs->names[i] = inputs->inputs[i].name;
    return inputs->names != NULL;
}

void compare_inputs_release(struct compare_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++) {
        free(inputs->inputs[i].name);
        free(inputs->inputs[i].tensor);
        free(inputs->inputs[i].failure);
    }
    free(inputs->inputs);
    free(inputs->names);
    *inputs = (struct compare_inputs){.n = 0};
}
