/* SPDX-License-Identifier: MIT */
/* Naming outputs, and refusing command lines whose files are in each other's way. */
#include "cli/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"

static bool is_stream(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static int tell_no_memory(void)
{
    message_error("no memory for the names of the outputs");
    return EXIT_FAILED;
}

int targets_check(const struct command *command, const struct target_options *options,
                  char *const *inputs, size_t n)
{
    if (n == 0)
        return message_usage(command->name, "no INPUT; give a file, or '-' for standard input");
    if (n > 1 && options->output)
        return message_usage(command->name,
                             "'--output' names one file, but there are %zu INPUTs; "
                             "give '--output-dir'",
                             n);
    if (n > 1 && options->sidecar)
        return message_usage(command->name, "'--sidecar' names one file, but there are %zu INPUTs",
                             n);
    if (options->output && options->directory)
        return message_usage(command->name, "'--output' and '--output-dir' exclude each other");
    if (is_stream(options->sidecar))
        return message_usage(command->name, "'--sidecar' needs a file, not '-'");
    size_t nstreams = 0;
    for (size_t i = 0; i < n; i++)
        nstreams += is_stream(inputs[i]);
    if (nstreams > 1)
        return message_usage(command->name, "'-' is given twice, but standard input is read once");
    if (nstreams > 0 && options->directory)
        return message_usage(command->name, "'-' has no name to make one in '--output-dir' of; "
                                            "give '--output'");
    return EXIT_DONE;
}

/* A device or a pipe that is standard output under another name, such as /dev/stdout. */
static bool is_stdout_too(const char *path)
{
    struct stat named;
    struct stat standard;
    return stat(path, &named) == 0 && !S_ISREG(named.st_mode) &&
           fstat(STDOUT_FILENO, &standard) == 0 && named.st_dev == standard.st_dev &&
           named.st_ino == standard.st_ino;
}

bool targets_to_stdout(const struct target_options *options, const char *input)
{
    if (!options->output)
        return is_stream(input);
    return is_stream(options->output) || is_stdout_too(options->output);
}

bool targets_is_terminal(const struct target_options *options, const char *output)
{
    return output && !options->force && isatty(STDOUT_FILENO) &&
           (is_stream(output) || is_stdout_too(output));
}

int targets_init(struct targets *targets, const struct target_options *options, char *const *inputs,
                 size_t n, const char *tag, bool is_writing)
{
    *targets =
        (struct targets){.options = options, .n = n, .inputs = inputs, .folder = FOLDER_INIT};
    targets->outputs = calloc(n, sizeof *targets->outputs);
    if (!targets->outputs)
        return tell_no_memory();
    for (size_t i = 0; is_writing && i < n; i++) {
        if (options->output)
            targets->outputs[i] = strdup(options->output);
        else if (is_stream(inputs[i]))
            targets->outputs[i] = strdup("-");
        else
            targets->outputs[i] =
                quant_file_output_name(inputs[i], tag, options->format, options->directory);
        if (!targets->outputs[i])
            return tell_no_memory();
    }
    return EXIT_DONE;
}

char *targets_sidecar_name(const char *path)
{
    const size_t room = strlen(path) + sizeof ".json";
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%s.json", path);
    return name;
}

/* The paths of a command line, in the form that quant_file_check_paths takes. */
struct path_lists {
    size_t n;
    const char **inputs;
    const char **outputs;
    const char **sidecars;
    char **names;  /* those of sidecars that were made here */
    char **scales; /* made here */
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

/* The sidecar of an output, and what may come beside it. */
static bool name_sidecar(struct path_lists *lists, const struct targets *targets, size_t i)
{
    lists->sidecars[i] = targets->options->sidecar;
    if (!lists->sidecars[i] && !is_stream(targets->outputs[i])) {
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
    return true;
}

static int check_paths(const struct targets *targets, bool has_sidecars, const char *const *others,
                       size_t nothers)
{
    int status = EXIT_FAILED;
    struct path_lists lists;
    if (!lists_init(&lists, targets->n + nothers) ||
        !lists_fill(&lists, targets, has_sidecars, others, nothers)) {
        status = tell_no_memory();
        goto release;
    }
    struct quant_error error;
    const enum quant_status checked =
        quant_file_check_paths(lists.inputs, lists.outputs, lists.sidecars,
                               (const char *const *)lists.scales, lists.n, &error);
    status = checked == QUANT_OK ? EXIT_DONE : message_failure(checked, &error);
release:
    lists_release(&lists);
    return status;
}

int targets_prepare(struct targets *targets, bool has_sidecars, const char *const *others,
                    size_t nothers)
{
    bool is_writing = false;
    for (size_t i = 0; i < targets->n; i++)
        is_writing = is_writing || targets->outputs[i];
    if (!is_writing)
        return EXIT_DONE;
    const char *directory = targets->options->directory;
    if (directory && !folder_open(&targets->folder, directory)) {
        message_error("cannot make the directory '%s': %s", directory, strerror(errno));
        return EXIT_FAILED;
    }
    return check_paths(targets, has_sidecars, others, nothers);
}

void targets_release(struct targets *targets)
{
    for (size_t i = 0; targets->outputs && i < targets->n; i++)
        free(targets->outputs[i]);
    free(targets->outputs);
    targets->outputs = NULL;
    folder_close(&targets->folder);
}
