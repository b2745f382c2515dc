/* SPDX-License-Identifier: MIT */
/* Checks that the files of one call are different ones. */
#include "io/distinct_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/file_identity.h"

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool quant_paths_end_alike(const char *a, const char *b)
{
    return strcmp(last_component(a), last_component(b)) == 0;
}

/* The paths of one call. The number of an identity is an index into inputs, then outputs. */
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

/* Reports the first output that clashes, independent of the inode numbers. */
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
    for (size_t i = 0; i < noutputs; i++)
        count += quant_identify(outputs[i], true, ninputs + i, &directory, &identities[count]);
    for (size_t i = 0; i < ninputs; i++)
        count += quant_identify(inputs[i], false, i, &directory, &identities[count]);
    quant_identities_sort(identities, count);
    const enum quant_status status = find_clash(&paths, identities, count, error);
    free(identities);
    return status;
}
