/* SPDX-License-Identifier: MIT */
/* The formats, and how a file's format is told: by its first bytes, then by its name. */
#include <string.h>
#include <strings.h>

#include "formats/format.h"

/* In the order in which they are asked whether they recognize a file; raw, which fits anything,
 * last. */
static const struct quant_format *const table[] = {
    &quant_format_npy,
    &quant_format_json,
    &quant_format_raw,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

const struct quant_format *quant_format_at(size_t i)
{
    return i < TABLE_LENGTH ? table[i] : NULL;
}

const char *quant_format_name(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->name : NULL;
}

const char *quant_format_summary(size_t i)
{
    return i < TABLE_LENGTH ? table[i]->summary : NULL;
}

const struct quant_format *quant_format_from_name(const char *name)
{
    for (size_t i = 0; i < TABLE_LENGTH; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

static bool has_extension(const struct quant_format *format, const char *extension)
{
    for (const char *const *known = format->extensions; *known; known++)
        if (strcasecmp(*known, extension) == 0)
            return true;
    return false;
}

/* Behind the last dot of the last component; NULL where it has none, or begins with it. */
static const char *extension_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return dot && dot != base && dot[1] != '\0' ? dot + 1 : NULL;
}

const struct quant_format *quant_format_from_path(const char *path)
{
    const char *extension = extension_of(path);
    for (size_t i = 0; extension && i < TABLE_LENGTH; i++)
        if (has_extension(table[i], extension))
            return table[i];
    return NULL;
}

enum quant_status quant_format_recognize(struct quant_source *source, bool has_raw_options,
                                         const struct quant_format **format,
                                         struct quant_error *error)
{
    unsigned char head[QUANT_FORMAT_HEAD];
    size_t nbytes = 0;
    const enum quant_status status =
        source->ops->read_at(source, 0, head, sizeof head, &nbytes, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_format *weak = NULL;
    for (size_t i = 0; i < TABLE_LENGTH; i++) {
        const enum quant_match match =
            table[i]->recognize ? table[i]->recognize(head, nbytes) : QUANT_MATCH_NONE;
        if (match == QUANT_MATCH_SURE) {
            *format = table[i];
            return QUANT_OK;
        }
        if (match == QUANT_MATCH_WEAK && !weak)
            weak = table[i];
    }
    *format = quant_format_from_path(source->name);
    if (!*format && weak && !has_raw_options)
        *format = weak;
    if (!*format && !has_raw_options && extension_of(source->name))
        return quant_source_error(source, error, QUANT_UNRECOGNIZED,
                                  "format not recognized; --from raw takes it for raw floats");
    if (!*format)
        *format = &quant_format_raw;
    return QUANT_OK;
}
