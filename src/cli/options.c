/* SPDX-License-Identifier: MIT */
/* Translates rows for getopt_long, and its errors into messages. */
#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/message.h"
#include "cli/nearest_word.h"
#include "cli/option_values.h"

/* The code of a long option for getopt_long is LONG_BASE plus the number of its row, which is above
 * any letter. */
enum { OPTIONS_MAX = 94, BUILT_IN = 2, LONG_BASE = 256 };

/* The options of one command, in the form that getopt_long takes. */
struct parser {
    const struct command *command;
    const struct option_row *rows[OPTIONS_MAX + BUILT_IN]; /* the command's, then the built-in */
    size_t nrows;
    struct option longs[OPTIONS_MAX + BUILT_IN + 1];
    char shorts[2 + 2 * (OPTIONS_MAX + BUILT_IN) + 1];
};

static const struct option_row no_rows[] = {{0}};

static const struct option_row *find_row(const struct parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->nrows; i++)
        if (strcmp(parser->rows[i]->name, name) == 0)
            return parser->rows[i];
    return NULL;
}

/* The row that an alias stands for; any other row itself. */
static const struct option_row *resolve_alias(const struct parser *parser,
                                              const struct option_row *row)
{
    const struct option_row *found = row->alias_of ? find_row(parser, row->alias_of) : row;
    assert(found && !found->alias_of);
    return found;
}

/* An alias has the code of its row, so an abbreviation that fits both is not ambiguous. An alias
 * that stands for a value too has a code of its own. */
static int code_of(const struct parser *parser, const struct option_row *row)
{
    const struct option_row *meant = row->value ? row : resolve_alias(parser, row);
    size_t i = 0;
    while (parser->rows[i] != meant)
        i++;
    return LONG_BASE + (int)i;
}

static void add_names(struct parser *parser, size_t i)
{
    const struct option_row *row = parser->rows[i];
    const struct option_row *meant = resolve_alias(parser, row);
    parser->longs[i] = (struct option){
        .name = row->name,
        .has_arg = !meant->argument || row->value ? no_argument
                   : meant->is_optional           ? optional_argument
                                                  : required_argument,
        .val = code_of(parser, row),
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
    /* '+': stop at the first other argument. ':': return ':' for a missing argument, '?' for a
     * wrong option. */
    memcpy(parser->shorts, command->name ? ":" : "+:", command->name ? 1 : 2);
    const struct option_row *row = command->options ? command->options : no_rows;
    for (; row->name && parser->nrows < OPTIONS_MAX; row++)
        parser->rows[parser->nrows++] = row;
    assert(!row->name);
    parser->rows[parser->nrows++] = &help_row;
    parser->rows[parser->nrows++] = &version_row;
    for (size_t i = 0; i < parser->nrows; i++)
        add_names(parser, i);
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

static bool begins_with(const struct option_row *row, const char *typed, size_t length)
{
    return strncmp(row->name, typed, length) == 0;
}

static int report_ambiguous(const struct parser *parser, const char *typed, size_t length)
{
    char list[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < parser->nrows; i++)
        if (begins_with(parser->rows[i], typed, length) && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s'--%s'",
                                     used > 0 ? ", " : "", parser->rows[i]->name);
    return message_usage(parser->command->name, "option '--%.*s' is ambiguous: %s", (int)length,
                         typed, list);
}

static bool is_ambiguous(const struct parser *parser, const char *typed, size_t length)
{
    int code = 0;
    for (size_t i = 0; length > 0 && i < parser->nrows; i++) {
        if (!begins_with(parser->rows[i], typed, length))
            continue;
        if (code != 0 && code != parser->longs[i].val)
            return true;
        code = parser->longs[i].val;
    }
    return false;
}

/* word is as typed, "--fooo" or "--fooo=value". */
static int report_unrecognized_long(const struct parser *parser, const char *word)
{
    const char *typed = word + strspn(word, "-");
    const size_t length = strcspn(typed, "=");
    if (is_ambiguous(parser, typed, length))
        return report_ambiguous(parser, typed, length);

    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), typed);
    const char *nearest = word_nearest(name, row_name, parser);
    if (nearest)
        return message_usage(parser->command->name,
                             "unrecognized option '--%.*s'; did you mean '--%s'?", (int)length,
                             typed, resolve_alias(parser, find_row(parser, nearest))->name);
    return message_usage(parser->command->name, "unrecognized option '--%.*s'", (int)length, typed);
}

/* getopt_long returned '?': optopt is 0 for an unknown or ambiguous long option, the code of a long
 * one that takes no argument and was given one, or the letter of an unknown short one. */
static int report_unrecognized(const struct parser *parser, char **argv)
{
    const struct option_row *row = optopt >= LONG_BASE ? row_of_code(parser, optopt) : NULL;
    if (row)
        return message_usage(parser->command->name, "option '--%s' takes no argument", row->name);
    if (optopt == 0)
        return report_unrecognized_long(parser, argv[optind - 1]);
    return message_usage(parser->command->name, "unrecognized option '-%c'", optopt);
}

static int report_bad_value(const struct parser *parser, const struct option_row *row,
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

/* What -h, --help, -V and --version do. */
static int run_built_in(const struct command *command, const struct option_row *row, int code)
{
    if (row == &version_row)
        return version_print();
    if (code == help_row.brief)
        help_print_short(command);
    else
        help_print(command);
    return EXIT_DONE;
}

/* Stores text, the argument of the option if it has one, in the struct of the command. */
static bool apply(const struct parser *parser, const struct option_row *typed, const char *text,
                  void *values, int *status)
{
    const struct option_row *row = resolve_alias(parser, typed);
    if (typed->value)
        text = typed->value;
    const char *word = text && row->synonym ? row->synonym(text) : text;
    struct option_reason reason = {""};
    if (row->parse(row, word, (char *)values + row->offset, &reason))
        return true;
    *status = report_bad_value(parser, row, text ? text : "", &reason);
    return false;
}

/* What an option does that is not built in. *section: the struct of the section that has begun;
 * NULL before the first. */
static bool take(const struct parser *parser, const struct option_row *typed, const char *text,
                 void *values, void **section, int *status)
{
    const struct option_row *row = resolve_alias(parser, typed);
    const struct option_reason none = {""};
    if (!row->begin_section) {
        if (!*section || row->in_section)
            return apply(parser, typed, text, *section ? *section : values, status);
        *status = message_usage(parser->command->name,
                                "'--%s' cannot be given for some tensors only; put it before the "
                                "first '--for'",
                                row->name);
        return false;
    }
    if (text[0] == '\0') {
        *status = report_bad_value(parser, row, text, &none);
        return false;
    }
    *section = row->begin_section((char *)values + row->offset, text);
    if (*section)
        return true;
    message_error("no memory for '--%s %s'", row->name, text);
    *status = EXIT_FAILED;
    return false;
}

bool options_parse(const struct command *command, int argc, char **argv, void *values, int *first,
                   int *status)
{
    struct parser parser;
    parser_init(&parser, command);
    opterr = 0;
    void *section = NULL;
    optind = 0; /* not 1: glibc and musl start over only for 0 */
    int code;
    while ((code = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1) {
        if (code == '?') {
            *status = report_unrecognized(&parser, argv);
            return false;
        }
        const struct option_row *row = row_of_code(&parser, code == ':' ? optopt : code);
        if (code == ':') {
            *status = message_usage(command->name, "option '--%s' needs an argument: %s", row->name,
                                    row->argument);
            return false;
        }
        if (row == &help_row || row == &version_row) {
            *status = run_built_in(command, row, code);
            return false;
        }
        if (!take(&parser, row, optarg, values, &section, status))
            return false;
    }
    *first = optind;
    return true;
}
