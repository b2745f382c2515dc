/* SPDX-License-Identifier: MIT */
/* Prints the help in two columns, at most 80 characters wide. */
#include "cli/help.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/wrap.h"

enum {
    HELP_COLUMN = 30,    /* where the text of an option begins */
    SUMMARY_COLUMN = 24, /* where the text of a command begins */
    EFFECT_COLUMN = 6    /* where the text below an example begins */
};

const struct option_row help_row = {.brief = 'h',
                                    .name = "help",
                                    .help = "print this help (-h: a short one) and exit",
                                    .is_common = true};

const struct option_row version_row = {
    .brief = 'V', .name = "version", .help = "print the version and exit"};

/* The text of an option: what it does, its choices and its default. */
static void describe(const struct option_row *row, char *text, size_t room)
{
    size_t used = (size_t)snprintf(text, room, "%s", row->help);
    if (row->choice && !row->help_names_choices)
        for (size_t i = 0; row->choice(i) && used < room; i++)
            used += (size_t)snprintf(text + used, room - used, "%s%s", i == 0 ? ": " : ", ",
                                     row->choice(i));
    if (row->initial && used < room)
        snprintf(text + used, room - used, " [%s]", row->initial);
}

static void print_row(const struct option_row *row)
{
    char brief[8] = "    ";
    if (row->brief != 0)
        snprintf(brief, sizeof brief, "-%c, ", row->brief);
    const char *join = !row->argument ? "" : row->is_optional ? "[=" : " ";
    const int current = printf("  %s--%s%s%s%s", brief, row->name, join,
                               row->argument ? row->argument : "", row->is_optional ? "]" : "");
    char text[768];
    describe(row, text, sizeof text);
    wrap_text(text, current, HELP_COLUMN);
}

static void print_command(const struct command *command)
{
    const int current = printf("  %s%s%s", command->name, command->alias ? ", " : "",
                               command->alias ? command->alias : "");
    wrap_text(command->summary, current, SUMMARY_COLUMN);
}

static void print_list(const struct command_list *list)
{
    char name[64];
    const char *text;
    printf("\n%s\n", list->heading);
    for (size_t i = 0; (text = list->row(i, name, sizeof name)) != NULL; i++)
        wrap_text(text, printf("  %s", name), SUMMARY_COLUMN);
}

static bool has_defaults(const struct command *command)
{
    const struct option_row *row = command->options;
    while (row && row->name && !row->initial)
        row++;
    return row && row->name;
}

/* The summary as a sentence. */
static void print_summary(const struct command *command)
{
    char text[512];
    const char *summary = command->summary;
    snprintf(text, sizeof text, "%c%s.", toupper((unsigned char)summary[0]), summary + 1);
    wrap_text(text, 0, 0);
    if (has_defaults(command))
        printf("Defaults are shown in brackets.\n");
}

static void print_usage(const struct command *command)
{
    /* One "Usage:" before the first line, the others below it. */
    const char *line = command->usage;
    for (bool is_first = true; *line != '\0'; is_first = false) {
        const size_t length = strcspn(line, "\n");
        printf("%s quant %.*s\n", is_first ? "Usage:" : "      ", (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    putchar('\n');
    print_summary(command);
}

static void print_commands(void)
{
    printf("\nCommands:\n");
    for (size_t i = 0; command_at(i); i++)
        print_command(command_at(i));
}

static void print_options(const struct command *command)
{
    const struct option_row *row = command->options;
    if (!row || !row->heading)
        printf("\nOptions:\n");
    for (; row && row->name; row++) {
        if (row->heading)
            printf("\n%s\n", row->heading);
        if (!row->alias_of)
            print_row(row);
    }
    print_row(&help_row);
    print_row(&version_row);
}

static void print_common_options(const struct command *command)
{
    const struct option_row *row = command->options;
    printf("\n%s\n", row ? "Common options:" : "Options:");
    for (; row && row->name; row++)
        if (row->is_common)
            print_row(row);
    print_row(&help_row);
}

static void print_examples(const char *heading, const struct command_example *example, size_t n)
{
    printf("\n%s\n", heading);
    for (size_t i = 0; i < n && example[i].line; i++) {
        printf("  quant %s\n", example[i].line);
        wrap_text(example[i].effect, 0, EFFECT_COLUMN);
    }
}

static bool has_option(const struct command *command, const char *name)
{
    const struct option_row *row = command->options;
    while (row && row->name && strcmp(row->name, name) != 0)
        row++;
    return row && row->name;
}

/* The help of `quant` itself lists the statuses of all commands. */
static void print_exit_status(const struct command *command)
{
    printf("\nExit status:\n"
           "  0  success\n"
           "  1  failure; %s%s\n"
           "  2  wrong usage; nothing was done\n",
           command->failure ? command->failure : "the other INPUTs were still processed",
           has_option(command, "fail-fast") ? ", except with --fail-fast" : "");
    if (!command->name || has_option(command, "fail-if"))
        printf("  3  success, but a --fail-if condition was true\n");
}

void help_print(const struct command *command)
{
    print_usage(command);
    if (!command->name)
        print_commands();
    print_options(command);
    if (command->list)
        print_list(command->list);
    if (command->notes)
        printf("\n%s", command->notes);
    if (command->examples)
        print_examples("Examples:", command->examples, SIZE_MAX);
    if (command->examples || !command->name)
        print_exit_status(command);
}

void help_print_short(const struct command *command)
{
    print_usage(command);
    if (!command->name)
        print_commands();
    print_common_options(command);
    if (command->examples)
        print_examples("Example:", command->examples, 1);
    if (command->name)
        printf("\n'quant %s --help' lists all options.\n", command->name);
    else
        printf("\n'quant help COMMAND' explains a command.\n");
}
