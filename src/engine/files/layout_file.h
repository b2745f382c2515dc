/* SPDX-License-Identifier: MIT */
/* A shard that another program has quantized, opened as if quant had written it. */
#ifndef QUANT_ENGINE_FILES_LAYOUT_FILE_H
#define QUANT_ENGINE_FILES_LAYOUT_FILE_H

#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"

/* Whether the file at path is such a shard, by its name, by the config.json beside it, and by its
 * tensors. A file that cannot be read is not one; one that is quantized in an unknown way is, and
 * opening it says what is unknown. *name, unless name is NULL: of the layout; NULL if it
 * is not one or unknown. Errors: QUANT_NO_MEMORY, QUANT_CANCELLED. */
enum quant_status quant_layout_file_is(const char *path, const struct quant_cancel *cancel,
                                       bool *is, const char **name, struct quant_error *error);

/*
 * Opens it: *input has the tensors that a sidecar would name, integers as quant stores them,
 * *restored what restores each, as quant_restored_tensors_read would leave it; checksums are not
 * known. Scales may be in other shards, which the index beside the file names. Errors:
 * QUANT_UNSUPPORTED for what is not known, by its name; QUANT_CORRUPT; and those of opening. The
 * caller closes and releases both in any case.
 */
enum quant_status quant_layout_file_open(struct quant_container_input *input,
                                         struct quant_restored_tensors *restored, const char *path,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error);

/* The key of a config under which a program has its entry, besides "quantization_config". */
extern const char quant_layout_other_key[];

/* Whether the config.json at source has an entry of that key by which a layout is known. The errors
 * are those of reading it. */
enum quant_status quant_layout_config_has_other(struct quant_source *source, bool *has,
                                                struct quant_error *error);

/* Checks the text of a config.json: QUANT_UNSUPPORTED if a quantization that it states cannot be
 * restored. */
enum quant_status quant_layout_check_config(struct quant_source *source, struct quant_error *error);

#endif
