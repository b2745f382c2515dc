/* SPDX-License-Identifier: MIT */
/* Adds up bytes, and prints the summary line. */
#include "cli/totals.h"

#include <stdio.h>
#include <string.h>

#include "cli/byte_amount.h"
#include "cli/message.h"
#include "cli/signals.h"

uint64_t totals_stored_bytes(const struct quant_params *params,
                             const struct quant_grouping *grouping)
{
    const uint64_t count = grouping->axis < 0 ? 1 : grouping->count;
    return quant_dtype_bytes(params->dtype, grouping->nelems) + quant_scale_bytes(params, count);
}

void totals_add(struct totals *totals, uint64_t bytes_in, uint64_t bytes_out)
{
    totals->ndone++;
    totals->bytes_in += bytes_in;
    totals->bytes_out += bytes_out;
}

static const char *format_ratio(char text[AMOUNT_ROOM], uint64_t before, uint64_t after)
{
    const double ratio = (double)before / (double)after;
    snprintf(text, AMOUNT_ROOM, ratio < 99.5 ? "%.2g : 1" : "%.0f : 1", ratio);
    return text;
}

static void format_sizes(char *text, size_t room, const struct totals *totals,
                         const struct totals_words *words)
{
    char before[AMOUNT_ROOM];
    char after[AMOUNT_ROOM];
    char ratio[AMOUNT_ROOM];
    const char *with = words->no_scales ? "" : " with scales";
    amount_of_bytes(before, (double)totals->bytes_in);
    amount_of_bytes(after, (double)totals->bytes_out);
    if (totals->ndone == 0)
        text[0] = '\0';
    else if (words->only_reads)
        snprintf(text, room, ", %s", before);
    else if (words->restores)
        snprintf(text, room, ", %s%s -> %s", after, with, before);
    else if (totals->bytes_out == 0)
        snprintf(text, room, ", %s -> %s%s", before, after, with);
    else
        snprintf(text, room, ", %s -> %s%s, %s", before, after, with,
                 format_ratio(ratio, totals->bytes_in, totals->bytes_out));
}

/* Adds to a list in parentheses, whose end is added later. */
static void add_left_out(char *text, size_t room, size_t n, const char *what)
{
    const size_t used = strlen(text);
    if (n > 0)
        snprintf(text + used, room - used, "%s%zu %s", used > 0 ? ", " : " (", n, what);
}

static void format_left_out(char *text, size_t room, const struct totals *totals)
{
    text[0] = '\0';
    add_left_out(text, room, totals->nfiles - totals->ndone - totals->ncomplete - totals->nunbegun,
                 "failed");
    add_left_out(text, room, totals->nunbegun, "not begun");
    add_left_out(text, room, totals->nskipped, "not selected");
    const size_t used = strlen(text);
    if (used > 0)
        snprintf(text + used, room - used, ")");
}

void totals_print(const struct totals *totals, const struct totals_words *words)
{
    const bool has_tensors = totals->ntensors + totals->ncopied > 0;
    const size_t nfiles = totals->nfiles + totals->nskipped;
    if ((nfiles < 2 && !has_tensors && totals->ncomplete == 0) || totals->is_cut ||
        signals_raised())
        return;
    char sizes[4 * AMOUNT_ROOM];
    char tensors[3 * AMOUNT_ROOM] = "";
    char files[3 * AMOUNT_ROOM];
    char left_out[4 * AMOUNT_ROOM];
    char complete[2 * AMOUNT_ROOM] = "";
    format_sizes(sizes, sizeof sizes, totals, words);
    format_left_out(left_out, sizeof left_out, totals);
    if (has_tensors)
        snprintf(tensors, sizeof tensors, ": %zu tensor%s, %zu copied", totals->ntensors,
                 totals->ntensors == 1 ? "" : "s", totals->ncopied);
    if (totals->ncomplete > 0)
        snprintf(complete, sizeof complete, ", %zu %s complete", totals->ncomplete,
                 totals->ncomplete == 1 ? "was" : "were");
    if (nfiles == 1 && totals->ncomplete == 0)
        snprintf(files, sizeof files, "1 file");
    else
        snprintf(files, sizeof files, "%zu of %zu %s", totals->ndone, nfiles,
                 words->unit ? words->unit : "files");
    message_note("%s %s%s%s%s%s, %.*f s", files, words->done, complete, left_out, tensors, sizes,
                 totals->seconds < 100 ? 2 : 0, totals->seconds);
}
