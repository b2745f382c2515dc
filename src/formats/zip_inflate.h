/* SPDX-License-Identifier: MIT */
/* Inflating a member of a ZIP archive, in bounded memory. */
#ifndef QUANT_FORMATS_ZIP_INFLATE_H
#define QUANT_FORMATS_ZIP_INFLATE_H

#include "base/sink.h"
#include "formats/zip.h"

/* Inflates the first nbytes of a member, or all that there are, to memory: *got of them. Errors:
 * QUANT_CORRUPT, QUANT_NO_MEMORY, QUANT_IO. */
enum quant_status quant_zip_inflate_head(struct quant_source *source,
                                         const struct quant_zip_member *member,
                                         unsigned char *bytes, size_t nbytes, size_t *got,
                                         struct quant_error *error);

/* Inflates a member to `to` in sink, by position. Its size and its CRC must be what the archive
 * says; inflating ends at the first byte beyond that size. */
enum quant_status quant_zip_inflate(struct quant_source *source,
                                    const struct quant_zip_member *member, struct quant_sink *sink,
                                    uint64_t to, struct quant_error *error);

#endif
