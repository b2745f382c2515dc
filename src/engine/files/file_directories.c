/* SPDX-License-Identifier: MIT */
/* Files of one directory follow one another: a directory is compared with the last one only. */
#include "engine/files/file_directories.h"

#include <stdlib.h>

/* For fewer files, reading a directory may cost more than it saves. */
enum { FEW = 16 };

enum { NONE = 0 }; /* the index of a directory of which nothing is known */

struct collection {
    struct quant_shared_directory *items; /* NULL: they are only counted */
    const char *last;                     /* a path in the directory counted last */
    size_t n;
};

static size_t add(struct collection *collection, const char *path)
{
    struct quant_shared_directory last = {.path = NULL};
    if (!path)
        return NONE;
    if (collection->last)
        last = quant_shared_directory_named(collection->last);
    if (!collection->last || !quant_shared_directory_has(&last, path)) {
        collection->n++;
        if (collection->items)
            quant_shared_directory_init(&collection->items[collection->n], path);
    }
    collection->last = path;
    return collection->n;
}

/* Returns the number of directories. */
static size_t collect(struct quant_file_directories *directories, const struct quant_file *files,
                      size_t n)
{
    struct collection collection = {.items = directories->items};
    for (size_t i = 0; i < n; i++) {
        const size_t index = add(&collection, files[i].path);
        if (directories->inputs)
            directories->inputs[i] = index;
    }
    collection.last = NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t index = add(&collection, files[i].output);
        if (directories->outputs)
            directories->outputs[i] = index;
    }
    return collection.n;
}

void quant_file_directories_init(struct quant_file_directories *directories,
                                 const struct quant_file *files, size_t n)
{
    *directories = (struct quant_file_directories){.items = NULL};
    if (n <= FEW)
        return;
    const size_t count = collect(directories, files, n);
    directories->items = calloc(count + 1, sizeof *directories->items);
    directories->inputs = calloc(n, sizeof *directories->inputs);
    directories->outputs = calloc(n, sizeof *directories->outputs);
    if (directories->items && directories->inputs && directories->outputs)
        collect(directories, files, n);
    else
        quant_file_directories_release(directories);
}

static struct quant_shared_directory *item(const struct quant_file_directories *directories,
                                           size_t index)
{
    return index == NONE ? NULL : &directories->items[index];
}

struct quant_shared_directory *
quant_file_directories_input(const struct quant_file_directories *directories, size_t i)
{
    return directories->items ? item(directories, directories->inputs[i]) : NULL;
}

struct quant_shared_directory *
quant_file_directories_output(const struct quant_file_directories *directories, size_t i)
{
    return directories->items ? item(directories, directories->outputs[i]) : NULL;
}

void quant_file_directories_release(struct quant_file_directories *directories)
{
    free(directories->items);
    free(directories->inputs);
    free(directories->outputs);
    *directories = (struct quant_file_directories){.items = NULL};
}
