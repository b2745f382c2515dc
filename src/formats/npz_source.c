/* SPDX-License-Identifier: MIT */
/* One lock for what is known of the members; bytes are read, inflated and summed outside of it. */
#include "formats/npz_source.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "formats/zip_inflate.h"
#include "io/crc_parts.h"
#include "io/io.h"

/* A tensor that is read in more pieces at once than this is read again at the end. */
enum { PARTS_MAX = 4096, STEP = 256 << 10 };

enum state {
    STATE_UNREAD,
    STATE_PARTLY,    /* stored: some bytes have been read */
    STATE_SCATTERED, /* the same, but in too many parts to remember */
    STATE_INFLATING,
    STATE_RIGHT, /* the CRC has been checked */
};

struct member {
    const struct quant_zip_member *zip;
    uint64_t begin;       /* in the source */
    uint32_t head_nbytes; /* that have been read before, and their CRC */
    uint32_t head_crc;
    struct quant_crc_parts parts; /* that have been read */
    enum state state;
};

struct npz_source {
    struct quant_source head;
    struct quant_source *archive;
    struct member *members; /* owned: n of them, by rising offset in the archive */
    size_t n;
    uint32_t *stored;   /* owned: indices of members, by rising begin */
    uint32_t *inflated; /* the same, in the same memory */
    size_t nstored;
    size_t ninflated;
    struct quant_file_output spool;
    struct quant_source *spooled; /* owned: reads the spool; NULL before the first inflating */
    pthread_mutex_t mutex;
    pthread_cond_t has_inflated;
};

/* ---- Finding ---- */

/* The member that has these bytes; NULL if not one has all of them. */
static struct member *find(const struct npz_source *npz, uint64_t offset, size_t nbytes)
{
    const bool is_inflated = offset >= npz->archive->size;
    const uint32_t *indices = is_inflated ? npz->inflated : npz->stored;
    size_t from = 0;
    size_t to = is_inflated ? npz->ninflated : npz->nstored;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (npz->members[indices[middle]].begin <= offset)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == 0)
        return NULL;
    struct member *member = &npz->members[indices[from - 1]];
    const uint64_t inside = offset - member->begin;
    return inside <= member->zip->nbytes && nbytes <= member->zip->nbytes - inside ? member : NULL;
}

/* ---- Stored members ---- */

static enum quant_status wrong_crc(const struct npz_source *npz, const struct member *member,
                                   uint32_t crc, struct quant_error *error)
{
    return quant_zip_member_error(npz->archive, member->zip->name, error, QUANT_CORRUPT,
                                  "has the CRC %08x, not %08x as the archive says", (unsigned)crc,
                                  (unsigned)member->zip->crc);
}

static void set_state(struct member *member, enum state state)
{
    quant_crc_parts_release(&member->parts);
    member->state = state;
}

/* Under the lock. */
static enum quant_status add_part(struct npz_source *npz, struct member *member, uint64_t inside,
                                  size_t nbytes, uint32_t crc, struct quant_error *error)
{
    uint32_t whole;
    if (member->state == STATE_RIGHT || member->state == STATE_SCATTERED)
        return QUANT_OK;
    const bool is_first = member->state == STATE_UNREAD;
    member->state = STATE_PARTLY;
    if ((is_first &&
         !quant_crc_parts_add(&member->parts, 0, member->head_nbytes, member->head_crc)) ||
        !quant_crc_parts_add(&member->parts, inside, nbytes, crc))
        return quant_error_no_memory(error, PARTS_MAX, "catalogue");
    if (member->parts.n > PARTS_MAX)
        set_state(member, STATE_SCATTERED);
    else if (quant_crc_parts_complete(&member->parts, member->zip->nbytes, &whole)) {
        if (whole != member->zip->crc)
            return wrong_crc(npz, member, whole, error);
        set_state(member, STATE_RIGHT);
    }
    return QUANT_OK;
}

static enum quant_status read_stored(struct npz_source *npz, struct member *member, uint64_t offset,
                                     void *buffer, size_t nbytes, size_t *got,
                                     struct quant_error *error)
{
    enum quant_status status =
        npz->archive->ops->read_at(npz->archive, offset, buffer, nbytes, got, error);
    if (status != QUANT_OK)
        return status;
    pthread_mutex_lock(&npz->mutex);
    const bool is_right = member->state == STATE_RIGHT;
    pthread_mutex_unlock(&npz->mutex);
    if (is_right)
        return QUANT_OK;
    const uint32_t crc = quant_crc(buffer, *got);
    pthread_mutex_lock(&npz->mutex);
    status = add_part(npz, member, offset - member->begin, *got, crc, error);
    pthread_mutex_unlock(&npz->mutex);
    return status;
}

/* At the end. */
static enum quant_status read_again(struct npz_source *npz, struct member *member,
                                    struct quant_error *error)
{
    const struct quant_zip_member *zip = member->zip;
    unsigned char *bytes = malloc(STEP);
    uint32_t crc = quant_crc(NULL, 0);
    enum quant_status status = bytes ? QUANT_OK : quant_error_no_memory(error, STEP, "buffers");
    for (uint64_t done = 0; status == QUANT_OK && done < zip->nbytes;) {
        const uint64_t left = zip->nbytes - done;
        const size_t n = left < STEP ? (size_t)left : STEP;
        status = quant_source_read_exactly(npz->archive, zip->data + done, bytes, n, error);
        if (status == QUANT_OK)
            crc = quant_crc_join(crc, quant_crc(bytes, n), n);
        done += n;
    }
    free(bytes);
    if (status == QUANT_OK && crc != zip->crc)
        return wrong_crc(npz, member, crc, error);
    set_state(member, STATE_RIGHT);
    return status;
}

/* ---- Inflated members ---- */

/* Under the lock. */
static enum quant_status open_spool(struct npz_source *npz, struct quant_error *error)
{
    const struct quant_cancel never = {NULL, -1}; /* reading the archive can be cancelled */
    const uint64_t nbytes = npz->head.size - npz->archive->size;
    if (npz->spooled)
        return QUANT_OK;
    quant_output_discard(&npz->spool); /* of an attempt that failed */
    enum quant_status status = quant_spool_begin(&npz->spool, npz->head.name, &never, error);
    return status == QUANT_OK ? quant_spool_share(&npz->spool, nbytes, &npz->spooled, error)
                              : status;
}

/* The first thread that needs a member inflates it; others wait for it. After an error the next one
 * tries, and fails in the same way. */
static enum quant_status inflate_member(struct npz_source *npz, struct member *member,
                                        struct quant_error *error)
{
    pthread_mutex_lock(&npz->mutex);
    while (member->state == STATE_INFLATING)
        pthread_cond_wait(&npz->has_inflated, &npz->mutex);
    enum quant_status status = QUANT_OK;
    const bool is_first = member->state != STATE_RIGHT;
    if (is_first) {
        status = open_spool(npz, error);
        member->state = status == QUANT_OK ? STATE_INFLATING : STATE_UNREAD;
    }
    pthread_mutex_unlock(&npz->mutex);
    if (!is_first || status != QUANT_OK)
        return status;
    status = quant_zip_inflate(npz->archive, member->zip, &npz->spool.sink,
                               member->begin - npz->archive->size, error);
    pthread_mutex_lock(&npz->mutex);
    member->state = status == QUANT_OK ? STATE_RIGHT : STATE_UNREAD;
    pthread_cond_broadcast(&npz->has_inflated);
    pthread_mutex_unlock(&npz->mutex);
    return status;
}

static enum quant_status read_inflated(struct npz_source *npz, struct member *member,
                                       uint64_t offset, void *buffer, size_t nbytes, size_t *got,
                                       struct quant_error *error)
{
    const enum quant_status status = inflate_member(npz, member, error);
    return status == QUANT_OK
               ? npz->spooled->ops->read_at(npz->spooled, offset - npz->archive->size, buffer,
                                            nbytes, got, error)
               : status;
}

/* ---- The source ---- */

static enum quant_status npz_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                     size_t nbytes, size_t *got, struct quant_error *error)
{
    struct npz_source *npz = (struct npz_source *)source;
    struct member *member = nbytes > 0 ? find(npz, offset, nbytes) : NULL;
    *got = 0;
    if (!member)
        return npz->archive->ops->read_at(npz->archive, offset, buffer, nbytes, got, error);
    return member->zip->method == QUANT_ZIP_STORED
               ? read_stored(npz, member, offset, buffer, nbytes, got, error)
               : read_inflated(npz, member, offset, buffer, nbytes, got, error);
}

static enum quant_status npz_check_unchanged(struct quant_source *source, struct quant_error *error)
{
    return quant_source_check_unchanged(((struct npz_source *)source)->archive, error);
}

enum quant_status quant_npz_source_finish(struct quant_source *source, struct quant_error *error)
{
    struct npz_source *npz = (struct npz_source *)source;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < npz->n; i++)
        if (npz->members[i].state == STATE_PARTLY || npz->members[i].state == STATE_SCATTERED)
            status = read_again(npz, &npz->members[i], error);
    return status;
}

static void npz_close(struct quant_source *source)
{
    struct npz_source *npz = (struct npz_source *)source;
    for (size_t i = 0; npz->members && i < npz->n; i++)
        quant_crc_parts_release(&npz->members[i].parts);
    quant_source_close(npz->spooled);
    quant_output_discard(&npz->spool);
    pthread_cond_destroy(&npz->has_inflated);
    pthread_mutex_destroy(&npz->mutex);
    free(npz->members);
    free(npz->stored);
    free(npz);
}

static const struct quant_source_ops npz_ops = {
    .read_at = npz_read_at,
    .check_unchanged = npz_check_unchanged,
    .close = npz_close,
};

/* Deflate makes at most 1,032 bytes of one, so sums of sizes stay far below 2^64. */
static void place_members(struct npz_source *npz, const struct quant_zip *zip)
{
    for (size_t i = 0; i < npz->n; i++)
        npz->nstored += zip->members[i].method == QUANT_ZIP_STORED;
    npz->inflated = npz->stored + npz->nstored;
    npz->nstored = 0;
    for (size_t i = 0; i < npz->n; i++) {
        struct member *member = &npz->members[i];
        member->zip = &zip->members[i];
        if (member->zip->method == QUANT_ZIP_STORED) {
            member->begin = member->zip->data;
            npz->stored[npz->nstored++] = (uint32_t)i;
        } else {
            member->begin = npz->head.size;
            npz->head.size += member->zip->nbytes;
            npz->inflated[npz->ninflated++] = (uint32_t)i;
        }
    }
}

struct quant_source *quant_npz_source_open(struct quant_source *archive,
                                           const struct quant_zip *zip)
{
    struct npz_source *npz = calloc(1, sizeof *npz);
    if (!npz)
        return NULL;
    npz->head = (struct quant_source){
        .ops = &npz_ops, .name = archive->name, .size = archive->size, .positional = true};
    npz->archive = archive;
    npz->n = zip->n;
    npz->spool.fd = -1;
    npz->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    npz->has_inflated = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    npz->members = zip->n < UINT32_MAX ? calloc(zip->n + 1, sizeof *npz->members) : NULL;
    npz->stored = zip->n < UINT32_MAX ? calloc(zip->n + 1, sizeof *npz->stored) : NULL;
    if (!npz->members || !npz->stored) {
        npz_close(&npz->head);
        return NULL;
    }
    place_members(npz, zip);
    return &npz->head;
}

uint64_t quant_npz_source_place(const struct quant_source *source, size_t i)
{
    return ((const struct npz_source *)source)->members[i].begin;
}

void quant_npz_source_set_head(struct quant_source *source, size_t i, const void *bytes,
                               size_t nbytes)
{
    struct member *member = &((struct npz_source *)source)->members[i];
    member->head_nbytes = (uint32_t)nbytes;
    member->head_crc = quant_crc(bytes, nbytes);
}
