/* SPDX-License-Identifier: MIT */
/* A sink and a source that pass bytes on and compute their XXH3 checksum (64 bits), which
 * `xxhsum -H3` prints for a file. */
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

/* QUANT_NO_MEMORY: no state. To be released, which may also be called on zeros. */
enum quant_status quant_checksum_sink_init(struct quant_checksum_sink *checksum,
                                           struct quant_sink *target, struct quant_error *error);
void quant_checksum_sink_release(struct quant_checksum_sink *checksum);

/* Adds bytes that are written to the target in another way. */
void quant_checksum_sink_update(struct quant_checksum_sink *checksum, const void *bytes,
                                size_t nbytes);
uint64_t quant_checksum_sink_digest(const struct quant_checksum_sink *checksum);

/* The first time, bytes must be read in order and without gaps, as all readers here do; they may be
 * read again. After by_position is set, read_at only passes bytes on, from any number of threads,
 * and the caller calls update in order. The caller closes the inner source. */
struct quant_checksum_source {
    struct quant_source source;
    struct quant_source *inner;
    bool by_position;
    uint64_t hashed;     /* bytes, from the first */
    XXH3_state_t *state; /* owned */
};

enum quant_status quant_checksum_source_init(struct quant_checksum_source *checksum,
                                             struct quant_source *inner, struct quant_error *error);
void quant_checksum_source_release(struct quant_checksum_source *checksum);

/* Adds the next bytes after the first `hashed`. */
void quant_checksum_source_update(struct quant_checksum_source *checksum, const void *bytes,
                                  size_t nbytes);

/* Reads the rest: *digest is that of the whole source, *nbytes its size. */
enum quant_status quant_checksum_source_finish(struct quant_checksum_source *checksum,
                                               uint64_t *digest, uint64_t *nbytes,
                                               struct quant_error *error);

#endif
