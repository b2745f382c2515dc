/* SPDX-License-Identifier: MIT */
/* The fields of the progress line, and which are left out if it is too long. */
#include "cli/progress_line.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "cli/byte_amount.h"
#include "cli/message.h"

/* In the order of the line. */
enum field { SHARE, FILES, RATE, LEFT, FAILED, NAME, FIELDS };

/* The most important first; the name gets the room that is left. */
static const enum field by_importance[] = {SHARE, FILES, FAILED, LEFT, RATE};

enum { FIELD_ROOM = 64, NAME_ROOM = 1024, GAP = 2, MIN_NAME = 8 };

/* The share is rounded down: 100 % means finished. */
static void format_share(char *text, const struct progress *progress)
{
    if (progress->nelems > 0)
        snprintf(text, FIELD_ROOM, "%llu elements", (unsigned long long)progress->nelems);
    else
        snprintf(text, FIELD_ROOM, "%3d %%", (int)(progress->share * 100));
}

static void format_files(char *text, const struct progress *progress, bool is_short)
{
    char pass[FIELD_ROOM / 2] = "";
    if (progress->nfiles < 2)
        return;
    if (progress->pass > 1 && !is_short)
        snprintf(pass, sizeof pass, "pass %u: ", progress->pass);
    snprintf(text, FIELD_ROOM, is_short ? "%s%zu/%zu" : "%s%zu of %zu files", pass, progress->ndone,
             progress->nfiles);
}

static void format_rate(char *text, const struct progress *progress, double elapsed)
{
    char amount[AMOUNT_ROOM];
    const double nbytes = progress->share * progress->all - progress->skipped;
    if (nbytes > 0 && elapsed > 0)
        snprintf(text, FIELD_ROOM, "%s/s", amount_of_bytes(amount, nbytes / elapsed));
}

static void format_left(char *text, const struct progress *progress, double elapsed)
{
    enum { MAX_SECONDS = 360000 }; /* a longer time is not shown */
    const double skipped = progress->all > 0 ? progress->skipped / progress->all : 0;
    const double own = progress->share - skipped; /* of this run's work, 1 - skipped */
    const double left = elapsed / own * (1 - progress->share) + 0.5;
    if (own < 0.01 * (1 - skipped) || own <= 0 || left >= MAX_SECONDS)
        return;
    const unsigned seconds = (unsigned)left;
    if (seconds < 3600)
        snprintf(text, FIELD_ROOM, "%u:%02u left", seconds / 60, seconds % 60);
    else
        snprintf(text, FIELD_ROOM, "%u:%02u:%02u left", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
}

/* Cuts text to at most this many columns; returns the columns it takes. Unprintable characters are
 * masked already. */
static int cut(char *text, int columns)
{
    mbstate_t state;
    memset(&state, 0, sizeof state);
    int used = 0;
    size_t at = 0;
    while (text[at] != '\0') {
        wchar_t character;
        size_t nbytes = mbrtowc(&character, text + at, strlen(text + at), &state);
        int width = 1;
        if (nbytes == 0 || nbytes > strlen(text + at)) {
            memset(&state, 0, sizeof state);
            nbytes = 1;
        } else {
            width = wcwidth(character);
        }
        if (used + (width > 0 ? width : 0) > columns)
            break;
        used += width > 0 ? width : 0;
        at += nbytes;
    }
    text[at] = '\0';
    return used;
}

/* Writes the last component, cut to this many columns; returns the columns it takes. */
static int format_name(char *text, const struct progress *progress, int columns)
{
    const char *path = progress->names[progress->current];
    const char *slash = strrchr(path, '/');
    snprintf(text, NAME_ROOM, "%s", slash && slash[1] != '\0' ? slash + 1 : path);
    message_mask(text);
    char whole[NAME_ROOM];
    snprintf(whole, sizeof whole, "%s", text);
    const int used = cut(text, columns);
    if (strcmp(text, whole) == 0)
        return used;
    const int kept = cut(text, columns - 3);
    snprintf(text + strlen(text), 4, "...");
    return kept + 3;
}

static int width_with(int used, const char *field)
{
    return used + (used > 0 ? GAP : 0) + (int)strlen(field);
}

/* Keeps the fields that fit, the most important first; returns the columns they need. */
static int choose_fields(char fields[FIELDS][FIELD_ROOM], const struct progress *progress, int room)
{
    int used = 0;
    for (size_t i = 0; i < sizeof by_importance / sizeof by_importance[0]; i++) {
        char *field = fields[by_importance[i]];
        if (by_importance[i] == FILES && width_with(used, field) > room)
            format_files(field, progress, true);
        if (field[0] == '\0')
            continue;
        if (width_with(used, field) <= room)
            used = width_with(used, field);
        else
            field[0] = '\0';
    }
    return used;
}

int progress_line(char text[PROGRESS_LINE], const struct progress *progress, double elapsed,
                  int columns)
{
    char fields[FIELDS][FIELD_ROOM] = {{'\0'}};
    char name[NAME_ROOM] = "";
    const int room = columns - 1;
    format_share(fields[SHARE], progress);
    format_files(fields[FILES], progress, false);
    format_rate(fields[RATE], progress, elapsed);
    format_left(fields[LEFT], progress, elapsed);
    if (progress->nfailed > 0)
        snprintf(fields[FAILED], FIELD_ROOM, "%zu failed", progress->nfailed);
    int used = choose_fields(fields, progress, room);
    if (room - used - GAP >= MIN_NAME)
        used += GAP + format_name(name, progress, room - used - GAP);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < FIELDS; i++) {
        const char *field = i == NAME ? name : fields[i];
        if (field[0] != '\0')
            length += (size_t)snprintf(text + length, PROGRESS_LINE - length, "%*s%s",
                                       length > 0 ? GAP : 0, "", field);
    }
    return used;
}
