/* SPDX-License-Identifier: MIT */
/* Reading QUANT_ISA and QUANT_THREADS. A wrong value is an error: if a misspelled kernel set or
 * number were ignored, only someone who measures the time would notice. */
#include "cli/environment.h"

#include <quant/quant.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/message.h"
#include "cli/numbers.h"
#include "cli/option_values.h"

/* Returns NULL for an empty variable. */
static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && text[0] != '\0' ? text : NULL;
}

static bool select_isa(void)
{
    const char *name = variable("QUANT_ISA");
    if (!name || quant_isa_select(name, NULL) == QUANT_OK)
        return true;
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; quant_isa_at(i); i++)
        if (quant_isa_at(i)->is_supported() && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     quant_isa_at(i)->name);
    message_usage(NULL,
                  "invalid value '%s' for QUANT_ISA: expected a kernel set that runs here: %s",
                  name, list);
    return false;
}

static bool check_threads(void)
{
    const char *text = variable("QUANT_THREADS");
    unsigned threads;
    if (!text || number_threads(text, &threads))
        return true;
    message_usage(NULL, "invalid value '%s' for QUANT_THREADS: expected " NUMBER_THREADS_EXPECTED,
                  text);
    return false;
}

bool environment_apply(void)
{
    return select_isa() && check_threads();
}

unsigned environment_threads(void)
{
    const char *text = variable("QUANT_THREADS");
    unsigned threads = 0;
    return text && number_threads(text, &threads) ? threads : 0;
}
