/* SPDX-License-Identifier: MIT */
/* A selection, applied to a file that is one tensor. */
#ifndef QUANT_ENGINE_FILES_FILE_SELECTION_H
#define QUANT_ENGINE_FILES_FILE_SELECTION_H

#include <quant/file.h>

/* QUANT_INVALID if the tensor is not selected: the file at path, or the tensor of a container
 * there, if that is not NULL. verb is what is then not done to it. */
enum quant_status quant_selection_check_file(const struct quant_selection *selection,
                                             const char *verb, const char *path, const char *tensor,
                                             struct quant_error *error);

/* For a container of which no tensor is selected: QUANT_INVALID. */
enum quant_status quant_selection_error(const char *verb, const char *path, size_t ntensors,
                                        struct quant_error *error);

#endif
