/* SPDX-License-Identifier: MIT */
/* Naming outputs. */
#include "cli/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"

bool targets_is_stream(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

int targets_no_memory(void)
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
    if (targets_is_stream(options->sidecar))
        return message_usage(command->name, "'--sidecar' needs a file, not '-'");
    size_t nstreams = 0;
    for (size_t i = 0; i < n; i++)
        nstreams += targets_is_stream(inputs[i]);
    if (nstreams > 1)
        return message_usage(command->name,
                             "'-' is given twice, but standard input can be read only once");
    if (nstreams > 0 && options->directory)
        return message_usage(command->name,
                             "'-' has no name that '--output-dir' could use; give '--output'");
    return EXIT_DONE;
}

int targets_check_extension(const struct command *command, const struct target_options *options,
                            enum quant_dtype dtype)
{
    struct quant_error error;
    if (!options->output || options->format || targets_is_stream(options->output) ||
        quant_file_check_extension(options->output, dtype, &error) == QUANT_OK)
        return EXIT_DONE;
    return message_usage(command->name, "%s", error.text);
}

/* Whether path is a device or a pipe that is also standard output, such as /dev/stdout. */
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
        return targets_is_stream(input);
    return targets_is_stream(options->output) || is_stdout_too(options->output);
}

bool targets_is_stdout(const struct target_options *options, const char *output)
{
    return output && !options->force && (targets_is_stream(output) || is_stdout_too(output));
}

/* The directory of the outputs of what lies at relative; the caller frees it. */
static char *mirrored_directory(const char *directory, const char *relative)
{
    const char *slash = strrchr(relative, '/');
    const size_t length = strlen(directory);
    const char *between = length > 0 && directory[length - 1] == '/' ? "" : "/";
    char *path = NULL;
    if (!slash)
        return strdup(directory);
    return asprintf(&path, "%s%s%.*s", directory, between, (int)(slash - relative), relative) < 0
               ? NULL
               : path;
}

static char *mirrored_name(const struct target_options *options, const struct input_origin *origin,
                           const char *tag)
{
    const char *relative = origin->file->relative;
    char *directory = mirrored_directory(options->directory, relative);
    const char *name = strrchr(relative, '/') ? strrchr(relative, '/') + 1 : relative;
    char *path = NULL;
    if (directory && origin->file->checkpoint == QUANT_NO_CHECKPOINT)
        path = quant_file_output_name(origin->file->path, tag, options->format, directory);
    else if (directory && asprintf(&path, "%s/%s", directory, name) < 0)
        path = NULL;
    free(directory);
    return path;
}

static char *output_path(const struct targets *targets, const char *tag, size_t i)
{
    const struct target_options *options = targets->options;
    const char *input = targets->inputs[i];
    if (options->output)
        return strdup(options->output);
    if (targets_is_stream(input))
        return strdup("-");
    if (targets->origins[i].directory)
        return mirrored_name(options, &targets->origins[i], tag);
    return quant_file_output_name(input, tag, options->format, options->directory);
}

/* Loaders look for the files of a checkpoint by their names. */
static int check_checkpoints(const struct targets *targets)
{
    const char *format = targets->options->format;
    const bool is_other = format && strcmp(format, "safetensors") != 0;
    for (size_t i = 0; i < targets->n; i++) {
        const struct quant_directory_file *file = targets->origins[i].file;
        if (!file || file->checkpoint == QUANT_NO_CHECKPOINT)
            continue;
        if (is_other)
            message_error("cannot write '%s' as %s: a checkpoint keeps the names and the format of "
                          "its files",
                          targets->inputs[i], format);
        if (targets->options->sidecar)
            message_error("'--sidecar' cannot be used with '%s': a checkpoint has its sidecars "
                          "beside its shards",
                          targets->inputs[i]);
        if (is_other || targets->options->sidecar)
            return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Both lists have one order, and the names of one are those of the other. */
static void find_origins(struct targets *targets, const struct input_list *inputs)
{
    for (size_t i = 0, k = 0; inputs->origins && i < targets->n; i++, k++) {
        while (inputs->names[k] != targets->inputs[i])
            k++;
        targets->origins[i] = inputs->origins[k];
    }
}

int targets_init(struct targets *targets, const struct target_options *options,
                 const struct input_list *inputs, char *const *names, size_t n,
                 const struct target_tags *tags, bool is_writing)
{
    *targets = (struct targets){.options = options, .n = n, .directory = OUTPUT_DIRECTORY_INIT};
    targets->inputs = calloc(n, sizeof *targets->inputs);
    targets->origins = calloc(n, sizeof *targets->origins);
    targets->outputs = calloc(n, sizeof *targets->outputs);
    targets->files = calloc(n, sizeof *targets->files);
    targets->reasons = calloc(n, sizeof(void *));
    if (!targets->inputs || !targets->origins || !targets->outputs || !targets->files ||
        !targets->reasons)
        return targets_no_memory();
    for (size_t i = 0; i < n; i++)
        targets->inputs[i] = names[i];
    find_origins(targets, inputs);
    for (size_t i = 0; is_writing && i < n; i++) {
        const char *own = tags->own ? tags->own[i] : NULL;
        targets->outputs[i] = output_path(targets, own ? own : tags->common, i);
        if (!targets->outputs[i])
            return targets_no_memory();
    }
    return check_checkpoints(targets);
}

void targets_drop(struct targets *targets, bool (*drop)(const void *context, size_t i),
                  const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < targets->n; i++) {
        if (drop(context, i)) {
            free(targets->outputs[i]);
            free(targets->reasons[i]);
            continue;
        }
        targets->inputs[kept] = targets->inputs[i];
        targets->origins[kept] = targets->origins[i];
        targets->outputs[kept] = targets->outputs[i];
        targets->files[kept] = targets->files[i];
        targets->reasons[kept++] = targets->reasons[i];
    }
    targets->n = kept;
}

char *targets_sidecar_name(const char *path)
{
    const size_t room = strlen(path) + sizeof ".json";
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%s.json", path);
    return name;
}

void targets_release(struct targets *targets)
{
    for (size_t i = 0; targets->outputs && i < targets->n; i++)
        free(targets->outputs[i]);
    for (size_t i = 0; targets->reasons && i < targets->n; i++)
        free(targets->reasons[i]);
    free(targets->reasons);
    free(targets->files);
    free(targets->outputs);
    free(targets->origins);
    free(targets->inputs);
    targets->reasons = NULL;
    targets->files = NULL;
    targets->outputs = NULL;
    targets->origins = NULL;
    targets->inputs = NULL;
    output_directory_close(&targets->directory);
}
