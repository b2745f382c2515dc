/* SPDX-License-Identifier: MIT */
#include "cli/masked_text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static atomic_bool is_missing;

char *masked_copy(const char *text)
{
    char *copy = strdup(text);
    if (copy)
        message_mask(copy);
    else
        masked_note_missing();
    return copy;
}

void masked_print(FILE *out, const char *text)
{
    char *copy = masked_copy(text);
    fputs(copy ? copy : "?", out);
    free(copy);
}

void masked_note_missing(void)
{
    atomic_store(&is_missing, true);
}

bool masked_is_missing(void)
{
    static atomic_flag is_reported = ATOMIC_FLAG_INIT;
    if (!atomic_load(&is_missing))
        return false;
    if (!atomic_flag_test_and_set(&is_reported))
        message_error("the report is not complete: no memory for all of its texts");
    return true;
}
