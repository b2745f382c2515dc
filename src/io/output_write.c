/* SPDX-License-Identifier: MIT */
/* Writing to outputs, in order and by position. A header of a file is held back, to be written by
 * the same call as the elements after it: with many small files, each call counts. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "io/cancel.h"
#include "io/io.h"
#include "io/temporary.h"

enum quant_status quant_output_failed(struct quant_file_output *output, struct quant_error *error)
{
    const int number = errno;
    /* SIGPIPE and SIGXFSZ raise the flag before their write fails. */
    if (quant_cancelled(&output->cancel))
        return quant_error_set(error, QUANT_CANCELLED, "cancelled");
    quant_error_system(error, number,
                       output->is_spool ? "cannot spool '%s' to a temporary file"
                                        : "cannot write '%s'",
                       output->sink.name);
    if (number != EPIPE)
        return QUANT_IO;
    if (error)
        error->status = QUANT_CLOSED;
    return QUANT_CLOSED;
}

/* After a write failed because a pipe is full: waits until there is room, or the caller cancels. */
static void wait_writable(const struct quant_file_output *output)
{
    struct pollfd waits[2] = {
        {.fd = output->fd, .events = POLLOUT},
        {.fd = quant_cancel_fd(&output->cancel), .events = POLLIN},
    };
    poll(waits, 2, -1); /* whatever it returns, the caller tries again */
}

static enum quant_status write_next(struct quant_file_output *output, const unsigned char *from,
                                    size_t nbytes, struct quant_error *error)
{
    while (nbytes > 0) {
        if (quant_cancelled(&output->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        const ssize_t count = write(output->fd, from, nbytes);
        if (count < 0 && errno == EAGAIN)
            wait_writable(output);
        else if (count < 0 && errno != EINTR)
            return quant_output_failed(output, error);
        if (count > 0) {
            from += count;
            nbytes -= (size_t)count;
        }
    }
    return QUANT_OK;
}

static enum quant_status write_by_position(struct quant_file_output *output, uint64_t offset,
                                           const unsigned char *from, size_t nbytes,
                                           struct quant_error *error)
{
    while (nbytes > 0) {
        if (quant_cancelled(&output->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        const ssize_t count = pwrite(output->fd, from, nbytes, (off_t)offset);
        if (count < 0 && errno != EINTR)
            return quant_output_failed(output, error);
        if (count > 0) {
            from += count;
            nbytes -= (size_t)count;
            offset += (uint64_t)count;
        }
    }
    return QUANT_OK;
}

enum { VECTOR = 256 }; /* pieces in one call; the system allows more */

/* Those of n pieces that fit, but for their first `skipped` bytes. */
static size_t fill_vector(struct iovec vector[VECTOR], const struct quant_sink_piece *pieces,
                          size_t n, size_t skipped)
{
    const size_t count = n < VECTOR ? n : VECTOR;
    for (size_t i = 0; i < count; i++)
        vector[i] = (struct iovec){(void *)pieces[i].bytes, pieces[i].nbytes};
    vector[0].iov_base = (char *)vector[0].iov_base + skipped;
    vector[0].iov_len -= skipped;
    return count;
}

static enum quant_status write_pieces(struct quant_file_output *output, uint64_t offset,
                                      const struct quant_sink_piece *pieces, size_t n,
                                      struct quant_error *error)
{
    struct iovec vector[VECTOR];
    size_t skipped = 0; /* bytes of the first piece that are written */
    while (n > 0) {
        if (quant_cancelled(&output->cancel))
            return quant_error_set(error, QUANT_CANCELLED, "cancelled");
        const int length = (int)fill_vector(vector, pieces, n, skipped);
        const ssize_t count = pwritev(output->fd, vector, length, (off_t)offset);
        if (count < 0 && errno != EINTR)
            return quant_output_failed(output, error);
        if (count < 0)
            continue;
        offset += (uint64_t)count;
        skipped += (size_t)count;
        while (n > 0 && skipped >= pieces->nbytes) {
            skipped -= pieces->nbytes;
            pieces++;
            n--;
        }
    }
    return QUANT_OK;
}

/* ---- What is held ---- */

/* Bytes of a stream are for somebody who waits for them, and those of a spool are read meanwhile.
 */
static bool hold(struct quant_file_output *output, const void *bytes, size_t nbytes)
{
    const bool is_first = !output->is_begun;
    output->is_begun = true;
    if (!is_first || quant_output_is_stream(output) || output->is_spool || nbytes == 0 ||
        nbytes > sizeof output->held)
        return false;
    memcpy(output->held, bytes, nbytes);
    atomic_store(&output->nheld, nbytes);
    return true;
}

/* Several threads may write by position: the first one takes what is held. */
static size_t take_held(struct quant_file_output *output)
{
    const size_t nbytes = atomic_exchange(&output->nheld, 0);
    if (nbytes > 0)
        output->not_passed = nbytes;
    return nbytes;
}

enum quant_status quant_output_flush(struct quant_file_output *output, struct quant_error *error)
{
    const size_t nbytes = take_held(output);
    return write_by_position(output, 0, output->held, nbytes, error);
}

/* Small elements that follow what is held are written by the same call. */
static enum quant_status write_with_held(struct quant_file_output *output, size_t nheld,
                                         uint64_t offset, const void *bytes, size_t nbytes,
                                         struct quant_error *error)
{
    unsigned char both[QUANT_HELD_MOST + (8 << 10)];
    if (offset == nheld && nbytes <= sizeof both - QUANT_HELD_MOST) {
        memcpy(both, output->held, nheld);
        memcpy(both + nheld, bytes, nbytes);
        return write_by_position(output, 0, both, nheld + nbytes, error);
    }
    const enum quant_status status = write_by_position(output, 0, output->held, nheld, error);
    return status == QUANT_OK ? write_by_position(output, offset, bytes, nbytes, error) : status;
}

/* ---- The sink ---- */

static enum quant_status output_write(struct quant_sink *sink, const void *bytes, size_t nbytes,
                                      struct quant_error *error)
{
    struct quant_file_output *output = (struct quant_file_output *)sink;
    if (hold(output, bytes, nbytes))
        return QUANT_OK;
    const enum quant_status status = quant_output_flush(output, error);
    if (status != QUANT_OK)
        return status;
    if (output->not_passed > 0 && lseek(output->fd, (off_t)output->not_passed, SEEK_CUR) < 0)
        return quant_output_failed(output, error);
    output->not_passed = 0;
    return write_next(output, bytes, nbytes, error);
}

/* If the blocks are allocated before, writing a gigabyte takes a quarter less time on ext4. For a
 * small file the call costs more than it saves. */
static void output_expect(struct quant_sink *sink, uint64_t nbytes)
{
    enum { MIN = 1 << 20 };
    ((struct quant_file_output *)sink)->expected = nbytes >= MIN ? nbytes : 0;
}

/* Allocates the blocks up to end, and some more; not all at once, since others need room too while
 * a long write is under way. If there is no room, writing reports it. */
static void take_room(struct quant_file_output *output, uint64_t end)
{
    const uint64_t step = 64 << 20;
    uint64_t taken = atomic_load_explicit(&output->taken, memory_order_relaxed);
    while (taken < end && taken < output->expected) {
        const uint64_t left = output->expected - taken;
        const uint64_t more = left < step ? left : step;
        if (atomic_compare_exchange_weak(&output->taken, &taken, taken + more)) {
            if (fallocate(output->fd, 0, (off_t)taken, (off_t)more) != 0)
                atomic_store(&output->taken, output->expected);
            taken += more;
        }
    }
}

static enum quant_status output_write_at(struct quant_sink *sink, uint64_t offset,
                                         const void *bytes, size_t nbytes,
                                         struct quant_error *error)
{
    struct quant_file_output *output = (struct quant_file_output *)sink;
    take_room(output, offset + nbytes);
    const size_t nheld = atomic_load(&output->nheld) > 0 ? take_held(output) : 0;
    return nheld > 0 ? write_with_held(output, nheld, offset, bytes, nbytes, error)
                     : write_by_position(output, offset, bytes, nbytes, error);
}

static enum quant_status output_write_pieces_at(struct quant_sink *sink, uint64_t offset,
                                                const struct quant_sink_piece *pieces, size_t n,
                                                struct quant_error *error)
{
    struct quant_file_output *output = (struct quant_file_output *)sink;
    uint64_t end = offset;
    for (size_t i = 0; i < n; i++)
        end += pieces[i].nbytes;
    take_room(output, end);
    const enum quant_status status =
        atomic_load(&output->nheld) > 0 ? quant_output_flush(output, error) : QUANT_OK;
    return status == QUANT_OK ? write_pieces(output, offset, pieces, n, error) : status;
}

const struct quant_sink_ops quant_output_stream_ops = {.write = output_write};
const struct quant_sink_ops quant_output_file_ops = {.write = output_write,
                                                     .write_at = output_write_at,
                                                     .write_pieces_at = output_write_pieces_at,
                                                     .expect = output_expect};
