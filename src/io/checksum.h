/* SPDX-License-Identifier: MIT */
/* A sink and a source that pass bytes on and take their XXH3 (64 bits) on the way: what
 * `xxhsum -H3` prints for the file. */
#ifndef QUANT_IO_CHECKSUM_H
#define QUANT_IO_CHECKSUM_H

#include <xxhash.h>

#include "base/sink.h"
#include "base/source.h"

struct quant_checksum_sink {
    struct quant_sink sink;
    struct quant_sink *target;
    uint64_t nbytes;
    XXH3_state_t *state; /* owned */
};

/* QUANT_NO_MEMORY, or released by quant_checksum_sink_release, which is fine on a zeroed one. */
enum quant_status quant_checksum_sink_init(struct quant_checksum_sink *checksum,
                                           struct quant_sink *target, struct quant_error *error);
void quant_checksum_sink_release(struct quant_checksum_sink *checksum);

/* Takes the sum of bytes that reach the target another way. */
void quant_checksum_sink_update(struct quant_checksum_sink *checksum, const void *bytes,
                                size_t nbytes);
uint64_t quant_checksum_sink_digest(const struct quant_checksum_sink *checksum);

/* Bytes may be read again, but first in order without gaps, as every reader here does. Once
 * by_position is set, read_at only passes on, from any number of threads, and update is told the
 * bytes in order. The inner source stays the caller's to close. */
struct quant_checksum_source {
    struct quant_source source;
    struct quant_source *inner;
    bool by_position;
    uint64_t hashed;     /* bytes, from the first on */
    XXH3_state_t *state; /* owned */
};

enum quant_status quant_checksum_source_init(struct quant_checksum_source *checksum,
                                             struct quant_source *inner, struct quant_error *error);
void quant_checksum_source_release(struct quant_checksum_source *checksum);

/* Takes the sum of the bytes from `hashed` on. */
void quant_checksum_source_update(struct quant_checksum_source *checksum, const void *bytes,
                                  size_t nbytes);

/* Reads what is left, so that *digest is that of the whole and *nbytes its size. */
enum quant_status quant_checksum_source_finish(struct quant_checksum_source *checksum,
                                               uint64_t *digest, uint64_t *nbytes,
                                               struct quant_error *error);

#endif
