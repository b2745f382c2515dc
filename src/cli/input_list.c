/* SPDX-License-Identifier: MIT */
/* Reads a list of names into one buffer and splits it in place. */
#include "cli/input_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"

enum { FIRST_ROOM = 1 << 16 };

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static const char *list_name(const char *path)
{
    return is_stdin(path) ? "standard input" : path;
}

static int no_memory(const char *path)
{
    message_error("no memory for the names in '%s'", list_name(path));
    return EXIT_FAILED;
}

/* Keeps one byte of room beyond what is read: it ends the last name. */
static bool make_room(struct input_list *list, size_t used, size_t *room)
{
    if (used + 1 < *room)
        return true;
    if (*room > SIZE_MAX / 2)
        return false;
    const size_t wanted = *room > 0 ? 2 * *room : FIRST_ROOM;
    char *text = realloc(list->text, wanted);
    if (!text)
        return false;
    list->text = text;
    *room = wanted;
    return true;
}

/* A NUL in a list of lines means that names end in NUL: --null is missing. */
static int check_bytes(const struct command *command, const struct files_from_options *options,
                       const char *text, size_t before, size_t nbytes)
{
    const char *nul = options->null ? NULL : memchr(text + before, '\0', nbytes);
    if (!nul)
        return EXIT_DONE;
    return message_usage(command->name,
                         "'%s' has a NUL at byte %zu; '--null' reads names that end in NUL",
                         list_name(options->path), (size_t)(nul - text));
}

static int read_text(struct input_list *list, const struct command *command,
                     const struct files_from_options *options, int fd, size_t *used)
{
    size_t room = 0;
    for (;;) {
        if (!make_room(list, *used, &room))
            return no_memory(options->path);
        const ssize_t got = read(fd, list->text + *used, room - *used - 1);
        if (got == 0)
            return EXIT_DONE;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            message_error("cannot read '%s': %s", list_name(options->path), strerror(errno));
            return EXIT_FAILED;
        }
        const int status = check_bytes(command, options, list->text, *used, (size_t)got);
        if (status != EXIT_DONE)
            return status;
        *used += (size_t)got;
    }
}

static size_t count_names(const char *text, size_t nbytes, char end)
{
    size_t n = 0;
    for (size_t i = 0; i < nbytes; i++)
        n += text[i] != end && (i + 1 == nbytes || text[i + 1] == end);
    return n;
}

static bool cut_names(struct input_list *list, char *const *named, size_t nnamed, size_t nbytes,
                      char end)
{
    char *text = list->text;
    const size_t n = nnamed + count_names(text, nbytes, end);
    list->owned = calloc(n + 1, sizeof *list->owned);
    if (!list->owned)
        return false;
    text[nbytes] = '\0';
    for (; list->n < nnamed; list->n++)
        list->owned[list->n] = named[list->n];
    for (size_t i = 0; i < nbytes; i++) {
        if (text[i] == end)
            text[i] = '\0';
        else if (i == 0 || text[i - 1] == '\0')
            list->owned[list->n++] = text + i;
    }
    list->names = list->owned;
    return true;
}

static int check_names(const struct input_list *list, const struct command *command,
                       const struct files_from_options *options)
{
    if (list->n == 0)
        return message_usage(command->name, "no input files in '%s'", list_name(options->path));
    for (size_t i = 0; is_stdin(options->path) && i < list->n; i++)
        if (is_stdin(list->names[i]))
            return message_usage(command->name,
                                 "'-' is an INPUT, but '--files-from -' reads standard input");
    return EXIT_DONE;
}

static int read_list(struct input_list *list, const struct command *command,
                     const struct files_from_options *options, char *const *named, size_t nnamed)
{
    const bool from_stdin = is_stdin(options->path);
    const int fd = from_stdin ? STDIN_FILENO : open(options->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        message_error("cannot read '%s': %s", options->path, strerror(errno));
        return EXIT_FAILED;
    }
    size_t nbytes = 0;
    int status = read_text(list, command, options, fd, &nbytes);
    if (!from_stdin)
        close(fd);
    if (status == EXIT_DONE && !cut_names(list, named, nnamed, nbytes, options->null ? '\0' : '\n'))
        status = no_memory(options->path);
    return status == EXIT_DONE ? check_names(list, command, options) : status;
}

int input_list_init(struct input_list *list, const struct command *command,
                    const struct files_from_options *options, char *const *named, size_t nnamed)
{
    *list = (struct input_list){.names = named, .n = nnamed};
    int status = EXIT_DONE;
    if (options->path) {
        list->n = 0;
        status = read_list(list, command, options, named, nnamed);
    } else if (options->null) {
        status = message_usage(command->name,
                               "'--null' needs '--files-from': it says how names in that file end");
    }
    return status;
}

void input_list_release(struct input_list *list)
{
    for (size_t i = 0; i < list->ndirectories; i++)
        quant_directory_release(&list->directories[i]);
    free(list->directories);
    free(list->origins);
    free(list->owned);
    free(list->text);
    *list = (struct input_list){.names = NULL};
}
