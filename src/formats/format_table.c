/* SPDX-License-Identifier: MIT */
/* The formats, and how a file's format is recognized: by its first bytes, then by its name.
 * format.h says how to add one. */
#include <string.h>
#include <strings.h>

#include "formats/format.h"
#include "formats/signatures.h"

/* In the order in which they are asked whether they recognize a file; raw, which fits anything,
 * last. */
static const struct quant_format *const table[] = {
    &quant_format_npy, &quant_format_json, &quant_format_safetensors,
    &quant_format_npz, &quant_format_gguf, &quant_format_raw,
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

const struct quant_format *quant_format_row(size_t i)
{
    return i < TABLE_LENGTH ? table[i] : NULL;
}

const struct quant_format_info *quant_format_at(size_t i)
{
    return i < TABLE_LENGTH ? &table[i]->info : NULL;
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

/* After the last dot of the last component; NULL if there is no dot, or it begins with it. */
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

enum quant_dtype quant_format_path_dtype(const char *path)
{
    const char *extension = extension_of(path);
    for (int i = 0; extension && i < QUANT_DTYPE_COUNT; i++) {
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)i);
        if (info && info->is_source && has_extension(&quant_format_raw, extension) &&
            strcasecmp(info->short_name, extension) == 0)
            return (enum quant_dtype)i;
    }
    return QUANT_DTYPE_NONE;
}

/* The format whose content this is for sure, or else, in *weak, the first that it may be of. */
static const struct quant_format *find_by_content(const unsigned char *head, size_t nbytes,
                                                  const struct quant_format **weak)
{
    *weak = NULL;
    for (size_t i = 0; i < TABLE_LENGTH; i++) {
        const enum quant_match match =
            table[i]->recognize ? table[i]->recognize(head, nbytes) : QUANT_MATCH_NONE;
        if (match == QUANT_MATCH_SURE)
            return table[i];
        if (match == QUANT_MATCH_WEAK && !*weak)
            *weak = table[i];
    }
    return NULL;
}

/* One word with nothing but white space around it, such as a long number. */
static bool is_one_word(const unsigned char *head, size_t nbytes)
{
    size_t at = 0;
    while (at < nbytes && head[at] <= ' ')
        at++;
    while (at < nbytes && head[at] > ' ')
        at++;
    while (at < nbytes && head[at] <= ' ')
        at++;
    return at == nbytes;
}

/* What the content is, if quant does not read that. named is the format by the file's name, weak
 * the one that the content may be of. A text format's reader says better what is wrong with a text.
 */
static const struct quant_signature *find_signature(const unsigned char *head, size_t nbytes,
                                                    const struct quant_format *named,
                                                    const struct quant_format *weak)
{
    const struct quant_signature *signature = quant_signature_from_content(head, nbytes);
    const bool expects_text = named ? named->is_text : weak && is_one_word(head, nbytes);
    if (!signature && !expects_text && quant_signature_is_text(head, nbytes))
        signature = &quant_signature_text;
    return signature;
}

static enum quant_status refuse(const struct quant_source *source,
                                const struct quant_signature *signature, struct quant_error *error)
{
    return quant_source_error(source, error, QUANT_UNRECOGNIZED, "it is %s; %s", signature->what,
                              signature->advice);
}

/* An extension of no known format, of content that is not known either. */
static enum quant_status check_extension(const struct quant_source *source, bool has_raw_options,
                                         struct quant_error *error)
{
    const char *extension = extension_of(source->name);
    if (!extension)
        return QUANT_OK;
    const struct quant_signature *signature = quant_signature_from_extension(extension);
    if (signature)
        return refuse(source, signature, error);
    if (has_raw_options)
        return QUANT_OK;
    return quant_source_error(source, error, QUANT_UNRECOGNIZED,
                              "unknown format: neither its content nor its extension '.%s' is "
                              "known; if it holds only floats, give '--from raw'",
                              extension);
}

enum quant_status quant_format_recognize(struct quant_source *source, bool has_raw_options,
                                         const struct quant_format **format,
                                         struct quant_error *error)
{
    unsigned char head[QUANT_FORMAT_HEAD];
    size_t nbytes = 0;
    enum quant_status status = source->ops->read_at(source, 0, head, sizeof head, &nbytes, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_format *weak;
    *format = find_by_content(head, nbytes, &weak);
    if (*format)
        return QUANT_OK;
    *format = quant_format_from_path(source->name);
    const struct quant_signature *signature = find_signature(head, nbytes, *format, weak);
    if (signature)
        return refuse(source, signature, error);
    if (!*format && weak && !has_raw_options)
        *format = weak;
    if (!*format)
        status = check_extension(source, has_raw_options, error);
    if (!*format)
        *format = &quant_format_raw;
    return status;
}
