/* SPDX-License-Identifier: MIT */
/* The table of commands. command.h says how to add one. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/nearest_word.h"

static const struct command *const table[] = {
    &command_quantize, &command_dequant, &command_calibrate, &command_compare, &command_drift,
    &command_inspect,  &command_verify,  &command_types,     &command_help,    &command_version,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

const struct command *command_at(size_t i)
{
    return i < TABLE_LENGTH ? table[i] : NULL;
}

/* Alternates names and aliases; the name is repeated where there is no alias. */
static const char *any_name(const void *context, size_t i)
{
    (void)context;
    const struct command *command = command_at(i / 2);
    if (!command)
        return NULL;
    return i % 2 == 1 && command->alias ? command->alias : command->name;
}

static int report_unknown(const char *name)
{
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < TABLE_LENGTH && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
                                 table[i]->name);
    const char *nearest = word_nearest(name, any_name, NULL);
    if (nearest)
        return message_usage(NULL, "unknown command '%s'; expected one of %s; did you mean '%s'?",
                             name, list, nearest);
    return message_usage(NULL, "unknown command '%s'; expected one of %s", name, list);
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; any_name(NULL, i); i++)
        if (strcmp(any_name(NULL, i), name) == 0)
            return command_at(i / 2);
    report_unknown(name);
    return NULL;
}
