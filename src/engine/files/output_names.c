/* SPDX-License-Identifier: MIT */
/* Names of outputs after the input, the type and the format, and which extensions they may have. */
#include <quant/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/format.h"
#include "io/io.h"

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The extension of the last component with its dot, "" if there is no dot: a leading dot hides a
 * file, it does not begin an extension. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : name + strlen(name);
}

char *quant_file_output_name(const char *path, const char *tag, const char *format,
                             const char *directory)
{
    if (!path || !tag)
        return NULL;
    const char *name = last_component(path);
    const char *dot = extension_of(name);
    const int stem = (int)(dot - name);
    const int folder = directory ? (int)strlen(directory) : (int)(name - path);
    const char *slash = directory && folder > 0 && directory[folder - 1] != '/' ? "/" : "";
    const struct quant_format *to = format ? quant_format_from_name(format) : NULL;
    bool keeps = !to || quant_format_from_path(name) == to;
    /* What an extension says of the type of the elements is not true of the output's. */
    if (quant_format_path_dtype(name) && (!to || to == &quant_format_raw)) {
        to = &quant_format_raw;
        keeps = false;
    }
    char *result = NULL;
    const int length =
        asprintf(&result, "%.*s%s%.*s.%s%s%s", folder, directory ? directory : path, slash, stem,
                 name, tag, keeps ? "" : ".", keeps ? dot : to->extensions[0]);
    return length < 0 ? NULL : result;
}

/* The extensions that formats have, as text: ".npy .json .bin ...", without those that state a
 * type.
 */
static void list_extensions(char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; quant_format_row(i); i++)
        for (const char *const *known = quant_format_row(i)->extensions; *known; known++) {
            char name[32];
            snprintf(name, sizeof name, "x.%s", *known);
            if (!quant_format_path_dtype(name) && used < room)
                used += (size_t)snprintf(text + used, room - used, "%s.%s", used > 0 ? " " : "",
                                         *known);
        }
}

enum quant_status quant_file_check_extension(const char *path, enum quant_dtype dtype,
                                             struct quant_error *error)
{
    if (!path || !quant_dtype_info(dtype))
        return quant_error_set(error, QUANT_INVALID, "a path and the type of elements are needed");
    const char *extension = extension_of(last_component(path));
    const enum quant_dtype stated = quant_format_path_dtype(path);
    if (extension[0] == '\0' || extension[1] == '\0' || quant_path_is_stream(path))
        return QUANT_OK;
    if (stated && stated != dtype)
        return quant_error_set(error, QUANT_INVALID,
                               "cannot write '%s': the extension '%s' means %s, but the elements "
                               "are %s; give '--to raw' or another name",
                               path, extension, quant_dtype_info(stated)->name,
                               quant_dtype_info(dtype)->name);
    if (quant_format_from_path(path))
        return QUANT_OK;
    char known[128];
    list_extensions(known, sizeof known);
    return quant_error_set(
        error, QUANT_INVALID,
        "cannot write '%s': unsupported extension '%s'; expected one of %s; give "
        "'--to FORMAT' or another name",
        path, extension, known);
}
