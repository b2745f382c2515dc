/* SPDX-License-Identifier: MIT */
/* Finds what the paths of several rows have in common. */
#include <string.h>

#include "cli/report_rows.h"

static const char word_ends[] = "/._-";

static bool is_end(char c, const char *ends)
{
    return c != '\0' && strchr(ends, c);
}

/* The number of bytes that all paths begin with, up to the last character in ends. */
static size_t common_prefix(const struct report_rows *rows, const char *ends)
{
    const char *first = rows->rows[0].path;
    size_t length = strlen(first);
    for (size_t i = 1; i < rows->n; i++) {
        const char *path = rows->rows[i].path;
        size_t same = 0;
        while (same < length && path[same] == first[same])
            same++;
        length = same;
    }
    while (length > 0 && !is_end(first[length - 1], ends))
        length--;
    return length;
}

/* The number of bytes that all paths end with, from the first character in ends, after the common
 * prefix. */
static size_t common_suffix(const struct report_rows *rows, const char *ends, size_t prefix)
{
    const char *first = rows->rows[0].path;
    const size_t whole = strlen(first);
    size_t length = whole - prefix;
    for (size_t i = 0; i < rows->n; i++) {
        const char *path = rows->rows[i].path;
        const size_t end = strlen(path);
        const size_t most = end - prefix > 0 ? end - prefix - 1 : 0; /* something is left */
        size_t same = 0;
        while (same < length && same < most && path[end - 1 - same] == first[whole - 1 - same])
            same++;
        length = same;
    }
    while (length > 0 && !is_end(first[whole - length], ends))
        length--;
    return length;
}

struct report_common report_rows_directory(const struct report_rows *rows)
{
    struct report_common common = {0, 0};
    if (rows->n > 1)
        common.prefix = common_prefix(rows, "/");
    return common;
}

struct report_common report_rows_affixes(const struct report_rows *rows, size_t known)
{
    struct report_common common = {0, 0};
    if (rows->n > 1)
        common.prefix = common_prefix(rows, word_ends);
    if (common.prefix < known)
        common.prefix = known;
    if (rows->n > 1)
        common.suffix = common_suffix(rows, word_ends, common.prefix);
    return common;
}
