/* SPDX-License-Identifier: MIT */
/* The directories of the files of a call, so that what holds for a directory is asked once. */
#ifndef QUANT_ENGINE_FILES_FILE_DIRECTORIES_H
#define QUANT_ENGINE_FILES_FILE_DIRECTORIES_H

#include <quant/file.h>

#include "io/shared_directory.h"

/* All zeros: nothing is shared, and each file asks for itself. */
struct quant_file_directories {
    struct quant_shared_directory *items; /* owned */
    size_t *inputs;                       /* owned: of each file, the index of its directory */
    size_t *outputs;                      /* owned */
};

/* files must outlive it. Does nothing for few files, or without memory. */
void quant_file_directories_init(struct quant_file_directories *directories,
                                 const struct quant_file *files, size_t n);

/* Those of the i-th file; NULL: each file asks for itself, or the file has no output. */
struct quant_shared_directory *
quant_file_directories_input(const struct quant_file_directories *directories, size_t i);
struct quant_shared_directory *
quant_file_directories_output(const struct quant_file_directories *directories, size_t i);

void quant_file_directories_release(struct quant_file_directories *directories);

#endif
