/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an archive, with each compressed member inflated: a source in which the bytes of
 * every member follow one another. A stored member is where it is in the archive. An inflated one
 * is beyond the archive's end: it is inflated to a temporary file when it is first read, once.
 *
 * The CRC of a member is checked when all of its bytes have been read, by any threads and in any
 * pieces.
 */
#ifndef QUANT_FORMATS_NPZ_SOURCE_H
#define QUANT_FORMATS_NPZ_SOURCE_H

#include "formats/zip.h"

/* archive and zip, whose members are taken as they are, must outlive the source. NULL: no memory.
 */
struct quant_source *quant_npz_source_open(struct quant_source *archive,
                                           const struct quant_zip *zip);

/* Where the first byte of the i-th member is in the source. */
uint64_t quant_npz_source_place(const struct quant_source *source, size_t i);

/* Says what the first nbytes of a stored member are, at most 2^32 - 1 of them: they count as read
 * as soon as others of the member have been. */
void quant_npz_source_set_head(struct quant_source *source, size_t i, const void *bytes,
                               size_t nbytes);

/* Checks the CRC of the members that have been read in part only. No other thread may use the
 * source meanwhile. */
enum quant_status quant_npz_source_finish(struct quant_source *source, struct quant_error *error);

#endif
