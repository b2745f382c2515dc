/* SPDX-License-Identifier: MIT */
/* What a file in a directory is, by its name and the sidecar beside it. */
#ifndef QUANT_ENGINE_FILES_DIRECTORY_NAMES_H
#define QUANT_ENGINE_FILES_DIRECTORY_NAMES_H

#include <quant/file.h>

/* Whether a name has this end, and something before it. */
bool quant_name_ends(const char *name, const char *end);

/* A tensor file, by its extension; not JSON, which is too often something else. */
bool quant_is_tensor_name(const char *name);

/* A shard of a checkpoint. */
bool quant_is_shard_name(const char *name);

/* Weights, in a format that quant reads or in one that other programs do. */
bool quant_is_weights_name(const char *name);

/* Whether path is named like the sidecar, or the file of scales, of a tensor file that is there. */
bool quant_is_beside_tensors(const char *path);

/* Whether the file at path has a sidecar, though perhaps that of other data. */
enum quant_status quant_has_any_sidecar(const char *path, const struct quant_cancel *cancel,
                                        bool *has, struct quant_error *error);

/* The path of the integers that the floats at path were restored from, by their names: w.int8.npy
 * for w.int8.f32.npy. The caller frees it. NULL: path is not named so, or no memory. */
char *quant_integers_name(const char *path);

/* Whether quant wrote the file at path: integers, whose sidecar is beside it, or floats that were
 * restored from integers that are still beside them. */
enum quant_status quant_is_own_output(const char *path, const struct quant_cancel *cancel,
                                      bool *is_own, struct quant_error *error);

#endif
