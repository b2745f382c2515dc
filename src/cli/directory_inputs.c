/* SPDX-License-Identifier: MIT */
#include "cli/directory_inputs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/signals.h"

struct expansion {
    struct input_list *list;
    const struct files_from_options *options;
    const struct directory_rules *rules;
    char **names; /* the new ones */
    struct input_origin *origins;
    size_t n;
    size_t room;
};

static bool is_directory(const char *path)
{
    struct stat found;
    return strcmp(path, "-") != 0 && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static bool make_room(struct expansion *expansion, size_t more)
{
    if (expansion->room - expansion->n >= more)
        return true;
    const size_t room = 2 * (expansion->n + more);
    char **names = realloc(expansion->names, room * sizeof *names);
    if (!names)
        return false;
    expansion->names = names;
    struct input_origin *origins = realloc(expansion->origins, room * sizeof *origins);
    if (!origins)
        return false;
    expansion->origins = origins;
    expansion->room = room;
    return true;
}

static void add(struct expansion *expansion, char *name, const struct quant_directory *directory,
                const struct quant_directory_file *file)
{
    expansion->names[expansion->n] = name;
    expansion->origins[expansion->n++] = (struct input_origin){directory, file};
}

static bool is_index(const char *name)
{
    static const char ending[] = ".index.json";
    const size_t length = strlen(name);
    return length >= strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

static void print_left_out(const struct quant_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->nleft_out; i++)
        message_note(is_index(checkpoint->left_out[i])
                         ? "'%s' in '%s' is left out: it is the index of other weights"
                         : "'%s' in '%s' is left out: it has weights in another format",
                     checkpoint->left_out[i], checkpoint->path);
}

static bool finds_quantized(const struct expansion *expansion)
{
    return expansion->rules->finds == QUANT_FINDS_QUANTIZED ||
           expansion->rules->finds == QUANT_FINDS_RESTORABLE;
}

/* What is in the directory besides the files. */
static void print_notes(const struct expansion *expansion, const char *path,
                        const struct quant_directory *directory)
{
    const bool is_one = directory->nleft_out == 1;
    if (expansion->rules->quiet)
        return;
    if (directory->nleft_out > 0)
        message_note("%zu %s in '%s' %s left out", directory->nleft_out,
                     finds_quantized(expansion)
                         ? (is_one ? "file without a sidecar" : "files without a sidecar")
                         : (is_one ? "earlier output of quant" : "earlier outputs of quant"),
                     path, is_one ? "is" : "are");
    for (size_t i = 0; i < directory->ncheckpoints && expansion->rules->needs_output; i++)
        print_left_out(&directory->checkpoints[i]);
}

static void complain(struct expansion *expansion, const char *path,
                     const struct quant_directory *directory)
{
    const bool is_back = finds_quantized(expansion);
    const char *only = directory->nleft_out == 0 ? ""
                       : is_back                 ? ", only others"
                                                 : ", only outputs of quant";
    const char *advice =
        expansion->options->is_recursive ? "" : "; --recursive looks into its directories";
    expansion->list->has_failed = true;
    message_error("no tensor files %sin '%s'%s%s", is_back ? "that quant has quantized " : "", path,
                  only, advice);
}

static int expand(struct expansion *expansion, char *path)
{
    struct input_list *list = expansion->list;
    struct quant_directory *directory = &list->directories[list->ndirectories];
    struct quant_error error;
    const struct quant_directory_job job = {
        .size = sizeof job,
        .path = path,
        .output = expansion->rules->output,
        .is_recursive = expansion->options->is_recursive,
        .cancel = signals_cancel(),
        .finds = expansion->rules->finds,
    };
    const enum quant_status status = quant_directory_list(&job, directory, &error);
    if (status != QUANT_OK) {
        list->has_failed = true;
        message_failure(status, &error);
        return EXIT_DONE;
    }
    list->ndirectories++;
    if (!make_room(expansion, directory->nfiles))
        return EXIT_FAILED;
    for (size_t i = 0; i < directory->nfiles; i++)
        add(expansion, (char *)(uintptr_t)directory->files[i].path, directory,
            &directory->files[i]);
    list->has_failed = list->has_failed || directory->nerrors > 0;
    for (size_t i = 0; i < directory->nerrors; i++)
        message_failure(directory->errors[i].status, &directory->errors[i]);
    if (directory->nfiles == 0)
        complain(expansion, path, directory);
    else
        print_notes(expansion, path, directory);
    return EXIT_DONE;
}

static int expand_all(struct expansion *expansion, size_t ndirectories)
{
    struct input_list *list = expansion->list;
    list->directories = calloc(ndirectories, sizeof *list->directories);
    bool ok = list->directories && make_room(expansion, list->n);
    for (size_t i = 0; ok && i < list->n; i++) {
        char *name = list->names[i];
        ok = make_room(expansion, 1);
        if (ok && is_directory(name))
            ok = expand(expansion, name) == EXIT_DONE;
        else if (ok)
            add(expansion, name, NULL, NULL);
    }
    free(list->owned);
    list->names = list->owned = expansion->names;
    list->origins = expansion->origins;
    list->n = expansion->n;
    if (ok)
        return list->n == 0 ? EXIT_FAILED : EXIT_DONE;
    message_error("no memory for the names of the inputs");
    return EXIT_FAILED;
}

int directory_inputs_init(struct input_list *list, const struct command *command,
                          const struct files_from_options *options,
                          const struct directory_rules *rules, char *const *named, size_t nnamed)
{
    struct expansion expansion = {.list = list, .options = options, .rules = rules};
    size_t n = 0;
    const char *first = NULL;
    const int status = input_list_init(list, command, options, named, nnamed);
    for (size_t i = 0; status == EXIT_DONE && i < list->n; i++)
        if (is_directory(list->names[i])) {
            first = first ? first : list->names[i];
            n++;
        }
    if (n == 0)
        return status;
    if (rules->needs_output && !rules->output)
        return message_usage(command->name,
                             "'%s' is a directory: its outputs need '--output-dir DIR'", first);
    return expand_all(&expansion, n);
}
