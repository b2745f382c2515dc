/* SPDX-License-Identifier: MIT */
/* Bytes are hashed while they pass. */
#include "io/checksum.h"

#if defined(QUANT_XXHASH_DISPATCHES)
#include <xxh_x86dispatch.h> /* replaces XXH3_64bits_update */
#endif

#include "base/error.h"

static enum quant_status make_state(XXH3_state_t **state, struct quant_error *error)
{
    *state = XXH3_createState();
    if (!*state)
        return quant_error_set(error, QUANT_NO_MEMORY, "no memory for a checksum");
    XXH3_64bits_reset(*state);
    return QUANT_OK;
}

static enum quant_status checksum_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                        struct quant_error *error)
{
    struct quant_checksum_sink *checksum = (struct quant_checksum_sink *)sink;
    quant_checksum_sink_update(checksum, bytes, nbytes);
    return quant_sink_write(checksum->target, bytes, nbytes, error);
}

static const struct quant_sink_ops sink_ops = {.write = checksum_write};

enum quant_status quant_checksum_sink_init(struct quant_checksum_sink *checksum,
                                           struct quant_sink *target, struct quant_error *error)
{
    checksum->sink = (struct quant_sink){.ops = &sink_ops, .name = target->name};
    checksum->target = target;
    checksum->nbytes = 0;
    return make_state(&checksum->state, error);
}

void quant_checksum_sink_release(struct quant_checksum_sink *checksum)
{
    XXH3_freeState(checksum->state);
    checksum->state = NULL;
}

void quant_checksum_sink_update(struct quant_checksum_sink *checksum, const void *bytes,
                                size_t nbytes)
{
    XXH3_64bits_update(checksum->state, bytes, nbytes);
    checksum->nbytes += nbytes;
}

uint64_t quant_checksum_sink_digest(const struct quant_checksum_sink *checksum)
{
    return XXH3_64bits_digest(checksum->state);
}

static enum quant_status checksum_read_at(struct quant_source *source, uint64_t offset,
                                          void *buffer, size_t nbytes, size_t *got,
                                          struct quant_error *error)
{
    struct quant_checksum_source *checksum = (struct quant_checksum_source *)source;
    const enum quant_status status =
        checksum->inner->ops->read_at(checksum->inner, offset, buffer, nbytes, got, error);
    if (checksum->by_position)
        return status;
    source->size = checksum->inner->size; /* that of a stream is known at its end */
    const uint64_t end = offset + *got;
    if (status == QUANT_OK && offset <= checksum->hashed && end > checksum->hashed) {
        const size_t known = (size_t)(checksum->hashed - offset);
        quant_checksum_source_update(checksum, (const unsigned char *)buffer + known, *got - known);
    }
    return status;
}

static void checksum_forward_only(struct quant_source *source)
{
    struct quant_source *inner = ((struct quant_checksum_source *)source)->inner;
    if (inner->ops->forward_only)
        inner->ops->forward_only(inner);
}

static enum quant_status checksum_check_unchanged(struct quant_source *source,
                                                  struct quant_error *error)
{
    return quant_source_check_unchanged(((struct quant_checksum_source *)source)->inner, error);
}

static const struct quant_source_ops source_ops = {
    .read_at = checksum_read_at,
    .check_unchanged = checksum_check_unchanged,
    .forward_only = checksum_forward_only,
};

enum quant_status quant_checksum_source_init(struct quant_checksum_source *checksum,
                                             struct quant_source *inner, struct quant_error *error)
{
    checksum->source = (struct quant_source){.ops = &source_ops,
                                             .name = inner->name,
                                             .size = inner->size,
                                             .positional = inner->positional};
    checksum->inner = inner;
    checksum->by_position = false;
    checksum->hashed = 0;
    return make_state(&checksum->state, error);
}

void quant_checksum_source_update(struct quant_checksum_source *checksum, const void *bytes,
                                  size_t nbytes)
{
    XXH3_64bits_update(checksum->state, bytes, nbytes);
    checksum->hashed += nbytes;
}

void quant_checksum_source_release(struct quant_checksum_source *checksum)
{
    XXH3_freeState(checksum->state);
    checksum->state = NULL;
}

enum quant_status quant_checksum_source_finish(struct quant_checksum_source *checksum,
                                               uint64_t *digest, uint64_t *nbytes,
                                               struct quant_error *error)
{
    unsigned char rest[16 << 10];
    size_t got = 0;
    checksum->by_position = false;
    do {
        const enum quant_status status =
            checksum_read_at(&checksum->source, checksum->hashed, rest, sizeof rest, &got, error);
        if (status != QUANT_OK)
            return status;
    } while (got == sizeof rest);
    *digest = XXH3_64bits_digest(checksum->state);
    *nbytes = checksum->hashed;
    return QUANT_OK;
}
