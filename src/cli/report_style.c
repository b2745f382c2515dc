/* SPDX-License-Identifier: MIT */
/* Colours, and texts that several reports share. */
#include "cli/report_style.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct report_palette report_style_palette(FILE *out)
{
    static const struct report_palette colours = {"\033[1m", "\033[33m", "\033[2m", "\033[0m"};
    static const struct report_palette none = {"", "", "", ""};
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    const bool is_wanted = isatty(fileno(out)) == 1 && (!no_colour || no_colour[0] == '\0') &&
                           terminal && strcmp(terminal, "dumb") != 0;
    return is_wanted ? colours : none;
}

void report_style_index(char text[REPORT_CELL], const struct report_subject *subject, uint64_t flat)
{
    enum { ROOM = REPORT_CELL };
    uint64_t index[QUANT_MAX_DIMS];
    quant_shape_unravel(subject->shape, subject->order, flat, index);
    size_t used = 0;
    for (int i = 0; i < subject->shape->ndim && used < ROOM; i++)
        used +=
            (size_t)snprintf(text + used, ROOM - used, "%s%" PRIu64, i > 0 ? ", " : " [", index[i]);
    if (used > 0 && used < ROOM)
        snprintf(text + used, ROOM - used, "]");
}

void report_style_share(char cell[REPORT_CELL], double part, double all)
{
    const double percent = all > 0 ? 100 * part / all : 0;
    if (!isfinite(percent)) /* errors beyond double */
        snprintf(cell, REPORT_CELL, "-");
    else if (percent < 0.05)
        snprintf(cell, REPORT_CELL, "<0.1 %%");
    else
        snprintf(cell, REPORT_CELL, "%.1f %%", percent);
}

int report_style_wider(int width, const char *text)
{
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

const char *report_style_scale_dtype(const struct quant_params *params)
{
    switch (params->scale_dtype) {
    case QUANT_FLOAT16:
        return " (float16)";
    case QUANT_BFLOAT16:
        return " (bfloat16)";
    default:
        return "";
    }
}
