/* SPDX-License-Identifier: MIT */
/* Naming outputs, and finding the files of a command line that would destroy each other. */
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

static int fail_no_memory(void)
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
    if (!options->output || options->format || is_stream(options->output) ||
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
        return is_stream(input);
    return is_stream(options->output) || is_stdout_too(options->output);
}

bool targets_is_terminal(const struct target_options *options, const char *output)
{
    return output && !options->force && isatty(STDOUT_FILENO) &&
           (is_stream(output) || is_stdout_too(output));
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
    if (is_stream(input))
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
        return fail_no_memory();
    for (size_t i = 0; i < n; i++)
        targets->inputs[i] = names[i];
    find_origins(targets, inputs);
    for (size_t i = 0; is_writing && i < n; i++) {
        const char *own = tags->own ? tags->own[i] : NULL;
        targets->outputs[i] = output_path(targets, own ? own : tags->common, i);
        if (!targets->outputs[i])
            return fail_no_memory();
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
    lists->outputs[targets->n + nothers] = targets->report;
    return true;
}

static const char *input_name(const char *path)
{
    return is_stream(path) ? "standard input" : path;
}

static const char *output_name(const char *path)
{
    return is_stream(path) ? "standard output" : path;
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

static int find_clashes(struct targets *targets, bool has_sidecars, const char *const *others,
                        size_t nothers)
{
    const size_t n = targets->n + nothers + 1;
    int status = EXIT_FAILED;
    struct path_lists lists;
    struct quant_error error;
    struct quant_clash *clashes = calloc(n, sizeof *clashes);
    if (!lists_init(&lists, n) || !clashes ||
        !lists_fill(&lists, targets, has_sidecars, others, nothers)) {
        status = fail_no_memory();
        goto release;
    }
    const enum quant_status found =
        quant_file_find_clashes(lists.inputs, lists.outputs, lists.sidecars,
                                (const char *const *)lists.scales, n, clashes, &error);
    if (found != QUANT_OK)
        status = message_failure(found, &error);
    else
        status = describe_clashes(targets, &lists, clashes) ? EXIT_DONE : fail_no_memory();
    targets->report_is_taken = clashes[n - 1].path != NULL;
release:
    free(clashes);
    lists_release(&lists);
    return status;
}

/* Files of one directory follow one another. */
static bool mirror_directories(struct targets *targets)
{
    const char *last = "";
    size_t last_length = 0;
    for (size_t i = 0; i < targets->n; i++) {
        const struct quant_directory_file *file = targets->origins[i].file;
        const char *slash = file ? strrchr(file->relative, '/') : NULL;
        const size_t length = slash ? (size_t)(slash - file->relative) : 0;
        if (length == 0 || (length == last_length && memcmp(last, file->relative, length) == 0))
            continue;
        char *relative = strndup(file->relative, length);
        const bool ok = relative && output_directory_add(&targets->directory, relative);
        if (!ok)
            message_error("cannot create the directory '%s/%.*s': %s", targets->options->directory,
                          (int)length, file->relative, strerror(errno));
        free(relative);
        if (!ok)
            return false;
        last = file->relative;
        last_length = length;
    }
    return true;
}

/* That of --output is not created. The library takes a missing one to be created in time. */
static bool check_output_directory(const char *output)
{
    const char *slash = output ? strrchr(output, '/') : NULL;
    char *directory = slash ? strndup(output, (size_t)(slash - output) + 1) : NULL;
    const bool ok = !directory || access(directory, F_OK) == 0;
    if (!ok)
        message_error("cannot write '%s': %s", output, strerror(errno));
    free(directory);
    return ok;
}

/* Whether there are other shards, which may have what this one does not. */
static bool is_one_of_shards(const struct targets *targets, size_t i)
{
    const struct input_origin *origin = &targets->origins[i];
    return origin->file && origin->file->checkpoint != QUANT_NO_CHECKPOINT &&
           origin->directory->checkpoints[origin->file->checkpoint].nshards > 1;
}

int targets_prepare(struct targets *targets, bool has_sidecars, const char *const *others,
                    size_t nothers)
{
    bool is_any = targets->report != NULL;
    for (size_t i = 0; i < targets->n; i++) {
        const char *output = targets->outputs[i];
        targets->files[i] =
            (struct quant_file){.path = targets->inputs[i],
                                .output = output,
                                .sidecar = targets->options->sidecar,
                                .text_only = targets_is_terminal(targets->options, output),
                                .may_copy_all = is_one_of_shards(targets, i)};
        is_any = is_any || output;
    }
    if (!is_any)
        return EXIT_DONE;
    if (targets->is_dry_run && !check_output_directory(targets->options->output))
        return EXIT_FAILED;
    const char *directory = targets->options->directory;
    const bool ok =
        !directory || (targets->is_dry_run ? output_directory_check(directory)
                                           : output_directory_open(&targets->directory, directory));
    if (!ok) {
        message_error("cannot create the directory '%s': %s", directory, strerror(errno));
        return EXIT_FAILED;
    }
    if (directory && !targets->is_dry_run && !mirror_directories(targets))
        return EXIT_FAILED;
    return find_clashes(targets, has_sidecars, others, nothers);
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
