/* SPDX-License-Identifier: MIT */
/* From rows to getopt_long, and from its complaints to sentences. */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/message.h"
#include "cli/values.h"
#include "cli/words.h"

/* A long option's code for getopt_long is LONG_BASE plus its row's number, beyond any letter. */
enum { OPTIONS_MAX = 62, LONG_BASE = 256 };

/* Everything getopt_long is told about one command. */
struct parser {
    const struct command *command;
    const struct option_row *rows[OPTIONS_MAX + 1]; /* the command's, then help_row */
    size_t nrows;
    struct option longs[OPTIONS_MAX + 2];
    char shorts[2 + 2 * (OPTIONS_MAX + 1) + 1];
};

static const struct option_row no_rows[] = {{0}};

static void add_row(struct parser *parser, const struct option_row *row)
{
    const size_t i = parser->nrows++;
    parser->rows[i] = row;
    parser->longs[i] = (struct option){
        .name = row->name,
        .has_arg = !row->argument     ? no_argument
                   : row->is_optional ? optional_argument
                                      : required_argument,
        .val = LONG_BASE + (int)i,
    };
    if (row->brief != 0) {
        const size_t length = strlen(parser->shorts);
        parser->shorts[length] = row->brief;
        parser->shorts[length + 1] = row->argument ? ':' : '\0';
    }
}

static void parser_init(struct parser *parser, const struct command *command)
{
    memset(parser, 0, sizeof *parser);
    parser->command = command;
    /* '+': stop at the first other argument. ':': tell a missing argument from a wrong option. */
    memcpy(parser->shorts, command->name ? ":" : "+:", command->name ? 1 : 2);
    const struct option_row *row = command->options ? command->options : no_rows;
    for (; row->name && parser->nrows < OPTIONS_MAX; row++)
        add_row(parser, row);
    add_row(parser, &help_row);
}

static const struct option_row *row_of_code(const struct parser *parser, int code)
{
    for (size_t i = 0; i < parser->nrows; i++)
        if (code == LONG_BASE + (int)i || (code != 0 && code == parser->rows[i]->brief))
            return parser->rows[i];
    return NULL;
}

static const char *row_name(const void *context, size_t i)
{
    const struct parser *parser = context;
    return i < parser->nrows ? parser->rows[i]->name : NULL;
}

static int tell_ambiguous(const struct parser *parser, const char *typed, size_t length)
{
    char list[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < parser->nrows; i++)
        if (strncmp(parser->rows[i]->name, typed, length) == 0 && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s'--%s'",
                                     used > 0 ? ", " : "", parser->rows[i]->name);
    return message_usage(parser->command->name, "option '--%.*s' is ambiguous: %s", (int)length,
                         typed, list);
}

/* word is what was typed, "--fooo" or "--fooo=value". */
static int tell_unrecognized_long(const struct parser *parser, const char *word)
{
    const char *typed = word + strspn(word, "-");
    const size_t length = strcspn(typed, "=");
    size_t candidates = 0;
    for (size_t i = 0; i < parser->nrows; i++)
        if (strncmp(parser->rows[i]->name, typed, length) == 0)
            candidates++;
    if (length > 0 && candidates > 1)
        return tell_ambiguous(parser, typed, length);

    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), typed);
    const char *nearest = word_nearest(name, row_name, parser);
    if (nearest)
        return message_usage(parser->command->name,
                             "unrecognized option '--%.*s'; did you mean '--%s'?", (int)length,
                             typed, nearest);
    return message_usage(parser->command->name, "unrecognized option '--%.*s'", (int)length, typed);
}

/* getopt_long returned '?': optopt is 0 for an unknown or ambiguous long option, the code of a long
 * one that takes no argument and was given one, or the letter of an unknown short one. */
static int tell_unrecognized(const struct parser *parser, char **argv)
{
    const struct option_row *row = optopt >= LONG_BASE ? row_of_code(parser, optopt) : NULL;
    if (row)
        return message_usage(parser->command->name, "option '--%s' takes no argument", row->name);
    if (optopt == 0)
        return tell_unrecognized_long(parser, argv[optind - 1]);
    return message_usage(parser->command->name, "unrecognized option '-%c'", optopt);
}

static int tell_bad_value(const struct parser *parser, const struct option_row *row,
                          const char *text, const struct option_reason *reason)
{
    char expected[512];
    const char *words = reason->text;
    if (words[0] == '\0' && row->expected) {
        snprintf(expected, sizeof expected, "expected %s", row->expected);
        words = expected;
    } else if (words[0] == '\0') {
        value_expect_choice(row, text, expected, sizeof expected);
        words = expected;
    }
    return message_usage(parser->command->name, "invalid value '%s' for '--%s': %s", text,
                         row->name, words);
}

bool options_parse(const struct command *command, int argc, char **argv, void *values, int *first,
                   int *status)
{
    struct parser parser;
    parser_init(&parser, command);
    opterr = 0;
    optind = 0; /* not 1: glibc and musl start anew only for 0 */
    int code;
    while ((code = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1) {
        if (code == '?') {
            *status = tell_unrecognized(&parser, argv);
            return false;
        }
        const struct option_row *row = row_of_code(&parser, code == ':' ? optopt : code);
        if (code == ':') {
            *status = message_usage(command->name, "option '--%s' needs an argument: %s", row->name,
                                    row->argument);
            return false;
        }
        if (row == &help_row) {
            help_print(command);
            *status = EXIT_DONE;
            return false;
        }
        struct option_reason reason = {""};
        if (!row->parse(row, optarg, (char *)values + row->offset, &reason)) {
            *status = tell_bad_value(&parser, row, optarg ? optarg : "", &reason);
            return false;
        }
    }
    *first = optind;
    return true;
}
