/* SPDX-License-Identifier: MIT */
/* The files of a command line in the form that the library takes, and its findings in words. */
#include "cli/target_clashes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

/* The paths of a command line, in the form that quant_file_find_clashes takes. */
struct path_lists {
    size_t n;
    const char **inputs;
    const char **outputs;
    const char **sidecars;
    char **names;  /* owned: those of sidecars that were made here */
    char **scales; /* owned */
};

static bool lists_init(struct path_lists *lists, size_t n)
{
    lists->n = n;
    lists->inputs = calloc(n, sizeof *lists->inputs);
    lists->outputs = calloc(n, sizeof *lists->outputs);
    lists->sidecars = calloc(n, sizeof *lists->sidecars);
    lists->names = calloc(n, sizeof *lists->names);
    lists->scales = calloc(n, sizeof *lists->scales);
    return lists->inputs && lists->outputs && lists->sidecars && lists->names && lists->scales;
}

static void lists_release(struct path_lists *lists)
{
    for (size_t i = 0; lists->names && i < lists->n; i++)
        free(lists->names[i]);
    for (size_t i = 0; lists->scales && i < lists->n; i++)
        free(lists->scales[i]);
    free(lists->scales);
    free(lists->names);
    free(lists->sidecars);
    free(lists->outputs);
    free(lists->inputs);
}

/* Names the sidecar of an output, and the file of scales that may be next to it. */
static bool name_sidecar(struct path_lists *lists, const struct targets *targets, size_t i)
{
    lists->sidecars[i] = targets->options->sidecar;
    if (!lists->sidecars[i] && !targets_is_stream(targets->outputs[i])) {
        lists->names[i] = targets_sidecar_name(targets->outputs[i]);
        if (!lists->names[i])
            return false;
        lists->sidecars[i] = lists->names[i];
    }
    if (targets->has_scales && lists->sidecars[i]) {
        lists->scales[i] = quant_file_scales_name(lists->sidecars[i]);
        return lists->scales[i] != NULL;
    }
    return true;
}

static bool lists_fill(struct path_lists *lists, const struct targets *targets, bool has_sidecars,
                       const char *const *others, size_t nothers)
{
    for (size_t i = 0; i < targets->n; i++) {
        lists->inputs[i] = targets->inputs[i];
        lists->outputs[i] = targets->outputs[i];
        if (has_sidecars && !name_sidecar(lists, targets, i))
            return false;
    }
    for (size_t i = 0; i < nothers; i++)
        lists->inputs[targets->n + i] = others[i];
    lists->outputs[targets->n + nothers] = targets->report;
    lists->outputs[targets->n + nothers + 1] = targets->onnx;
    return true;
}

static const char *input_name(const char *path)
{
    return targets_is_stream(path) ? "standard input" : path;
}

static const char *output_name(const char *path)
{
    return targets_is_stream(path) ? "standard output" : path;
}

/* Describes the clash of the i-th input, with the paths of the command line. */
static void describe_clash(const struct path_lists *lists, size_t i,
                           const struct quant_clash *clash, struct quant_error *reason)
{
    char *text = reason->text;
    const size_t room = sizeof reason->text;
    const char *input = input_name(lists->inputs[i]);
    const char *path = output_name(clash->path);
    const bool is_same_name = strcmp(clash->path, clash->other) == 0;
    reason->status = QUANT_EXISTS;
    if (clash->is_input && clash->job == i)
        snprintf(text, room, "the output '%s' is the input '%s', which is never replaced", path,
                 input_name(clash->other));
    else if (clash->is_input && is_same_name)
        snprintf(text, room, "'%s' would write '%s', which is another input", input, path);
    else if (clash->is_input)
        snprintf(text, room, "'%s' would write '%s', which is the input '%s'", input, path,
                 input_name(clash->other));
    else if (clash->job == i && is_same_name)
        snprintf(text, room, "the output '%s' would be written twice", path);
    else if (clash->job == i)
        snprintf(text, room, "two outputs are one file: '%s' and '%s'", output_name(clash->other),
                 path);
    else if (strcmp(lists->inputs[clash->job], lists->inputs[i]) == 0)
        snprintf(text, room, "'%s' would write '%s' again: it is given twice", input, path);
    else if (is_same_name)
        snprintf(text, room, "'%s' would write '%s', as '%s' does", input, path,
                 input_name(lists->inputs[clash->job]));
    else
        snprintf(text, room, "'%s' would write '%s', which is '%s', as '%s' does", input, path,
                 output_name(clash->other), input_name(lists->inputs[clash->job]));
}

static bool describe_clashes(struct targets *targets, const struct path_lists *lists,
                             const struct quant_clash *clashes)
{
    for (size_t i = 0; i < targets->n; i++) {
        if (!clashes[i].path)
            continue;
        targets->reasons[i] = calloc(1, sizeof *targets->reasons[i]);
        if (!targets->reasons[i])
            return false;
        describe_clash(lists, i, &clashes[i], targets->reasons[i]);
        targets->files[i].reason = targets->reasons[i];
    }
    return true;
}

int target_clashes_find(struct targets *targets, bool has_sidecars, const char *const *others,
                        size_t nothers)
{
    const size_t n = targets->n + nothers + 2;
    int status = EXIT_FAILED;
    struct path_lists lists;
    struct quant_error error;
    struct quant_clash *clashes = calloc(n, sizeof *clashes);
    if (!lists_init(&lists, n) || !clashes ||
        !lists_fill(&lists, targets, has_sidecars, others, nothers)) {
        status = targets_no_memory();
        goto release;
    }
    const enum quant_status found =
        quant_file_find_clashes(lists.inputs, lists.outputs, lists.sidecars,
                                (const char *const *)lists.scales, n, clashes, &error);
    if (found != QUANT_OK)
        status = message_failure(found, &error);
    else
        status = describe_clashes(targets, &lists, clashes) ? EXIT_DONE : targets_no_memory();
    targets->report_is_taken = clashes[n - 2].path != NULL;
    if (status == EXIT_DONE && clashes[n - 1].path) {
        message_error("cannot write '%s': it is one of the files that are read or written",
                      targets->onnx);
        status = EXIT_FAILED;
    }
release:
    free(clashes);
    lists_release(&lists);
    return status;
}
