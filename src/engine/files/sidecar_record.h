/* SPDX-License-Identifier: MIT */
/* What goes into a sidecar, put together from what the passes found. */
#ifndef QUANT_ENGINE_FILES_SIDECAR_RECORD_H
#define QUANT_ENGINE_FILES_SIDECAR_RECORD_H

#include "formats/format.h"
#include "records/sidecar.h"

struct quant_record_files {
    const char *sidecar; /* its path: the others are named from its directory */
    bool source_is_file; /* known not to be a stream, but for "-"; else the path is looked at */
    bool data_is_file;   /* the same */
};

/* Fills in all of *sidecar, which the caller releases also after an error, but its data section's
 * size and checksum. */
enum quant_status
quant_record_fill(struct quant_sidecar *sidecar, const struct quant_record_files *files,
                  const struct quant_quantize_job *job, const struct quant_quantize_result *result,
                  const struct quant_reader *reader, const struct quant_format *data_format,
                  struct quant_error *error);

/* The path of a file as a sidecar names it: *relative, which the caller frees, or NULL for a
 * stream, and for a path that is not UTF-8. is_file: it is known not to be a stream, unless it is
 * "-". */
enum quant_status quant_record_path(char **relative, const char *path, bool is_file,
                                    const char *sidecar, struct quant_error *error);

/* What a sidecar names as the calibration method of a choice: the method, or "clip", "given" or
 * "none" for a range that no method found. */
const char *quant_record_method(const struct quant_choice *choice);

#endif
