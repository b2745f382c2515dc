/* SPDX-License-Identifier: MIT */
/* Names of outputs, and the check that a call's own files are different ones. */
#include "engine/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/identity.h"
#include "formats/format.h"
#include "io/io.h"

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool quant_paths_end_alike(const char *a, const char *b)
{
    return strcmp(last_component(a), last_component(b)) == 0;
}

/* The paths of one call, inputs before outputs; an identity's number is its place here. */
struct paths {
    const char *const *inputs;
    size_t ninputs;
    const char *const *outputs;
};

static bool is_output(const struct paths *paths, const struct quant_identity *identity)
{
    return identity->number >= paths->ninputs;
}

static const char *path_of(const struct paths *paths, const struct quant_identity *identity)
{
    return is_output(paths, identity) ? paths->outputs[identity->number - paths->ninputs]
                                      : paths->inputs[identity->number];
}

static const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const char *output_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard output" : path;
}

static enum quant_status clash_error(const struct paths *paths, const struct quant_identity *first,
                                     const struct quant_identity *second, struct quant_error *error)
{
    const char *one = path_of(paths, first);
    const char *other = path_of(paths, second);
    if (!is_output(paths, first))
        return quant_error_set(error, QUANT_EXISTS,
                               "the output '%s' is the input '%s', which is never replaced",
                               output_name(other), input_name(one));
    if (strcmp(one, other) == 0)
        return quant_error_set(error, QUANT_EXISTS, "the output '%s' would be written twice", one);
    return quant_error_set(error, QUANT_EXISTS, "two outputs are one file: '%s' and '%s'", one,
                           other);
}

/* The error is about the first output that clashes, whatever numbers the system gave to files. */
static enum quant_status find_clash(const struct paths *paths,
                                    const struct quant_identity *identities, size_t count,
                                    struct quant_error *error)
{
    const struct quant_identity *first = NULL; /* the clash is with the one after it */
    for (size_t i = 1; i < count; i++) {
        const struct quant_identity *second = &identities[i];
        if (is_output(paths, second) && quant_identity_equal(second - 1, second) &&
            (!first || second->number < first[1].number))
            first = second - 1;
    }
    return first ? clash_error(paths, first, first + 1, error) : QUANT_OK;
}

enum quant_status quant_paths_distinct(const char *const *inputs, size_t ninputs,
                                       const char *const *outputs, size_t noutputs,
                                       struct quant_error *error)
{
    const struct paths paths = {inputs, ninputs, outputs};
    struct quant_identity *identities = calloc(ninputs + noutputs + 1, sizeof *identities);
    if (!identities)
        return quant_error_no_memory(error, (ninputs + noutputs) * sizeof *identities, "paths");
    size_t count = 0;
    struct quant_identity_directory directory = {.for_many = noutputs > 16};
    for (size_t i = 0; i < ninputs; i++)
        count += quant_identify(inputs[i], false, i, &directory, &identities[count]);
    for (size_t i = 0; i < noutputs; i++)
        count += quant_identify(outputs[i], true, ninputs + i, &directory, &identities[count]);
    quant_identities_sort(identities, count);
    const enum quant_status status = find_clash(&paths, identities, count, error);
    free(identities);
    return status;
}

char *quant_file_scales_name(const char *sidecar)
{
    static const char json[] = ".json";
    static const char own[] = ".scales";
    size_t length = strlen(sidecar);
    if (length >= sizeof json && strcmp(sidecar + length - (sizeof json - 1), json) == 0)
        length -= sizeof json - 1;
    char *path = malloc(length + sizeof own);
    if (!path)
        return NULL;
    memcpy(path, sidecar, length);
    memcpy(path + length, own, sizeof own);
    return path;
}

char *quant_sidecar_default(const char *path)
{
    char *sidecar = NULL;
    return asprintf(&sidecar, "%s.json", path) < 0 ? NULL : sidecar;
}

/* The extension of the last component with its dot, "" where it has none: a leading dot hides a
 * file, it does not begin an extension. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : name + strlen(name);
}

char *quant_file_output_name(const char *path, const char *tag, const char *format,
                             const char *directory)
{
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
    for (size_t i = 0; quant_format_at(i); i++)
        for (const char *const *known = quant_format_at(i)->extensions; *known; known++) {
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
    const char *extension = extension_of(last_component(path));
    const enum quant_dtype stated = quant_format_path_dtype(path);
    if (extension[0] == '\0' || extension[1] == '\0' || quant_path_is_stream(path))
        return QUANT_OK;
    if (stated && stated != dtype)
        return quant_error_set(error, QUANT_INVALID,
                               "cannot write '%s': '%s' states %s, but the elements are %s; give "
                               "'--to raw' or another name",
                               path, extension, quant_dtype_info(stated)->name,
                               quant_dtype_info(dtype)->name);
    if (quant_format_from_path(path))
        return QUANT_OK;
    char known[128];
    list_extensions(known, sizeof known);
    return quant_error_set(
        error, QUANT_INVALID,
        "cannot write '%s': '%s' is not an extension of the formats written (%s); "
        "give '--to FORMAT' or another name",
        path, extension, known);
}
