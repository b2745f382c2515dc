/* SPDX-License-Identifier: MIT */
/* Finds what the paths of several rows have in common. */
#include <stdlib.h>
#include <string.h>

#include "cli/report_rows.h"

static const char word_ends[] = "/._-";

static bool is_end(char c, const char *ends)
{
    return c != '\0' && strchr(ends, c);
}

const char *report_row_tensor(const struct report_row *row)
{
    return row->file ? row->path + strlen(row->file) + strlen(": ") : row->path;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool report_rows_are_distinct(const struct report_rows *rows)
{
    const char **names = malloc((rows->n + 1) * sizeof *names);
    size_t n = 0;
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < rows->n; i++) {
        const struct report_row *row = &rows->rows[i];
        ok = row->file || row->error;
        if (row->file)
            names[n++] = report_row_tensor(row);
    }
    if (ok)
        qsort(names, n, sizeof *names, compare_texts);
    for (size_t i = 1; ok && i < n; i++)
        ok = strcmp(names[i - 1], names[i]) != 0;
    free(names);
    return ok && n > 0;
}

/* The name that counts, as report_rows_affixes says; NULL: none. */
static const char *name_at(const struct report_rows *rows, size_t i, bool tensors)
{
    const struct report_row *row = &rows->rows[i];
    if (!tensors)
        return row->path;
    return row->file ? report_row_tensor(row) : NULL;
}

/* The first name; *n is the number of names. */
static const char *first_name(const struct report_rows *rows, bool tensors, size_t *n)
{
    const char *first = NULL;
    *n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const char *name = name_at(rows, i, tensors);
        first = first ? first : name;
        *n += name != NULL;
    }
    return first;
}

/* The number of bytes that all names begin with, up to the last character in ends. */
static size_t common_prefix(const struct report_rows *rows, bool tensors, const char *first,
                            const char *ends)
{
    size_t length = strlen(first);
    for (size_t i = 0; i < rows->n; i++) {
        const char *name = name_at(rows, i, tensors);
        size_t same = 0;
        while (name && same < length && name[same] == first[same])
            same++;
        length = name ? same : length;
    }
    while (length > 0 && !is_end(first[length - 1], ends))
        length--;
    return length;
}

/* The number of bytes that all names end with, from the first character in ends, after the common
 * prefix. */
static size_t common_suffix(const struct report_rows *rows, bool tensors, const char *first,
                            const char *ends, size_t prefix)
{
    const size_t whole = strlen(first);
    size_t length = whole - prefix;
    for (size_t i = 0; i < rows->n; i++) {
        const char *name = name_at(rows, i, tensors);
        if (!name)
            continue;
        const size_t end = strlen(name);
        const size_t most = end - prefix > 0 ? end - prefix - 1 : 0; /* something is left */
        size_t same = 0;
        while (same < length && same < most && name[end - 1 - same] == first[whole - 1 - same])
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
        common.prefix = common_prefix(rows, false, rows->rows[0].path, "/");
    return common;
}

struct report_common report_rows_affixes(const struct report_rows *rows, bool tensors)
{
    size_t n;
    const char *first = first_name(rows, tensors, &n);
    struct report_common common = {0, 0};
    if (n < 2)
        return common;
    common.prefix = common_prefix(rows, tensors, first, word_ends);
    common.suffix = common_suffix(rows, tensors, first, word_ends, common.prefix);
    return common;
}
